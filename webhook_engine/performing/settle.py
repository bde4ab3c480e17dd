"""
ONE TABLE: what an attempt came to -> what follows for the delivery, and what it tells about the target.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from webhook_engine.dispatch.faults import Fault, fault_of
from webhook_engine.errors import (
    AgentRefused,
    AuthoritiesMissing,
    DefinitionError,
    EgressRefused,
    EmptyParameter,
    FrozenUnusable,
    LimitExceeded,
    NotFound,
    ResponseError,
    SecretMissing,
    TargetPaused,
    TemplateError,
    TokenRefused,
    TransportError,
    VariableError,
    WebhookEngineError,
    WrongType,
)
from webhook_engine.performing.breaker import Word
from webhook_engine.performing.retry_after import obeyed
from webhook_engine.quick import quick
from webhook_engine.responses import Outcome

if TYPE_CHECKING:
    from webhook_engine.performing.policy import RetryPolicy


# --- What can follow ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Done:
    """
    It is delivered.
    """


@dataclass(frozen=True, slots=True)
class Retry:
    """
    It is tried again.
    """

    wait_s: float

    counted: bool = True
    """Whether the attempt is one of those of which there are only so many."""


@dataclass(frozen=True, slots=True)
class Dead:
    """
    It is given up.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Release:
    """
    It goes back as if it had not been claimed.
    """

    wait_s: float


Settlement = Done | Retry | Dead | Release

DONE: Final = Done()


# --- What it is decided by ---------------------------------------------------


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """
    What an attempt came to.
    """

    outcome: Outcome | None = None
    by_rule: bool = False
    """Whether a rule of the webhook's own found that outcome."""

    status: int | None = None
    error: WebhookEngineError | None = None
    """Why there is no response."""

    crowded: bool = False
    """Whether the response says that too many requests are under way at once."""

    hint_s: float | None = None
    """The `Retry-After` of the response, in seconds."""

    @property
    def fault(self) -> Fault | None:
        """
        Whose fault it is that there is no response.
        """
        return None if self.error is None else fault_of(self.error)


class Way(Enum):
    """
    What a line of the table leads to.
    """

    DONE = auto()
    RETRY = auto()

    UNCOUNTED = auto()
    """A retry that does not count, for the fault was not the target's."""

    FEW = auto()
    """Few retries, for the target may act on every one of them."""

    SHORT = auto()
    """Retries only where the policy names the status."""

    RELEASE = auto()
    DEAD = auto()


@dataclass(frozen=True, slots=True)
class Line:
    """
    One line of the table.
    """

    name: str
    """Also the reason of a delivery that dies of it."""

    holds: Callable[[Facts], bool]
    way: Way
    word: Word
    """What it tells about the target."""


def _is(*kinds: type[WebhookEngineError]) -> Callable[[Facts], bool]:
    return lambda it: isinstance(it.error, kinds)


def _status(*statuses: int) -> Callable[[Facts], bool]:
    return lambda it: it.status in statuses


def _by_rule(outcome: Outcome) -> Callable[[Facts], bool]:
    return lambda it: it.by_rule and it.outcome is outcome


def _within(low: int, high: int) -> Callable[[Facts], bool]:
    return lambda it: it.status is not None and low <= it.status <= high


TABLE: Final = (
    Line("accepted", lambda it: it.outcome is Outcome.OK, Way.DONE, Word.WELL),
    # Nothing was sent, and why.
    Line(
        "skipped", lambda it: isinstance(it.error, EmptyParameter) and it.error.skips, Way.DONE, Word.NOTHING
    ),
    Line("deleted", _is(NotFound, WrongType), Way.DEAD, Word.NOTHING),
    Line("template", _is(TemplateError, VariableError, DefinitionError), Way.DEAD, Word.NOTHING),
    Line("changed", _is(FrozenUnusable), Way.DEAD, Word.NOTHING),
    Line("agent-refused", _is(AgentRefused), Way.DEAD, Word.NOTHING),
    Line("egress", _is(EgressRefused), Way.DEAD, Word.NOTHING),
    Line("credentials-missing", _is(SecretMissing, AuthoritiesMissing), Way.UNCOUNTED, Word.NOTHING),
    Line("target-paused", _is(TargetPaused), Way.RELEASE, Word.NOTHING),
    Line("limit", _is(LimitExceeded), Way.RELEASE, Word.NOTHING),
    Line(
        "credentials-expired",
        lambda it: isinstance(it.error, TokenRefused) and it.error.status < 500,
        Way.SHORT,
        Word.NOTHING,
    ),
    Line(
        "ours",
        lambda it: it.fault is Fault.OURS and isinstance(it.error, TransportError | TokenRefused),
        Way.UNCOUNTED,
        Word.NOTHING,
    ),
    Line("network", lambda it: it.fault is Fault.NETWORK, Way.UNCOUNTED, Word.FAILED),
    # Its own words about too much at once, before a rule takes them for an error like any other.
    Line("crowded", lambda it: it.crowded, Way.UNCOUNTED, Word.CROWDED),
    # What the webhook's own rules say stands above the status.
    Line("no-match", _by_rule(Outcome.NO_MATCH), Way.DONE, Word.WELL),
    Line("refused", _by_rule(Outcome.REFUSED), Way.DEAD, Word.WELL),
    Line("credentials-expired", _by_rule(Outcome.CREDENTIALS_EXPIRED), Way.SHORT, Word.WELL),
    Line("target-failed", _by_rule(Outcome.TARGET_FAILED), Way.RETRY, Word.FAILED),
    # Then its status.
    Line("gone", _status(410), Way.DEAD, Word.WELL),
    Line("no-match", lambda it: it.outcome is Outcome.NO_MATCH, Way.DONE, Word.WELL),
    Line(
        "credentials-expired",
        lambda it: it.status == 401 or it.outcome is Outcome.CREDENTIALS_EXPIRED,
        Way.SHORT,
        Word.WELL,
    ),
    Line("forbidden", _status(403), Way.SHORT, Word.WELL),
    Line("not-found", _status(404), Way.SHORT, Word.WELL),
    Line("limited", _status(429), Way.RETRY, Word.CROWDED),
    Line("asks-again", _status(408, 425), Way.RETRY, Word.FAILED),
    Line("redirected", _status(301, 308), Way.DEAD, Word.WELL),
    Line(
        "redirected-for-now",
        lambda it: it.status is not None and (it.status < 200 or 300 <= it.status < 400),
        Way.RETRY,
        Word.FAILED,
    ),
    Line("refused", _within(400, 499), Way.DEAD, Word.WELL),
    Line("target-failed", _within(500, 599), Way.RETRY, Word.FAILED),
    # It accepted the request, and its content says otherwise.
    Line("refused", lambda it: it.outcome is Outcome.REFUSED, Way.DEAD, Word.WELL),
    Line("unusable", _within(200, 299), Way.FEW, Word.WELL),
    Line("unusable", _is(ResponseError), Way.FEW, Word.FAILED),
    Line("no-response", _is(TransportError, TokenRefused), Way.RETRY, Word.FAILED),
    Line("failed", lambda _: True, Way.RETRY, Word.NOTHING),
)
"""The first line that holds decides; the last one always does."""


def line_of(facts: Facts) -> Line:
    """
    The line of the table that decides.
    """
    return next(line for line in TABLE if line.holds(facts))


LIMIT_WAIT_S: Final = 2.0
"""Longest wait of what our own limit kept back."""

EXHAUSTED: Final = "attempts-exhausted"


def settle(
    line: Line, facts: Facts, policy: RetryPolicy, *, attempt: int, failures: int, roll: float
) -> Settlement:
    """
    What follows from an attempt.

    Args:
        line: The line of the table for *facts*.

        attempt: The number of this one, from 1, those included that did not count.

        failures: Earlier attempts that failed and counted.

        roll: Where in its spread the wait is to land, in [0, 1].
    """
    match line.way:
        case Way.DONE:
            return DONE
        case Way.DEAD:
            return Dead(line.name)
        case Way.RELEASE:
            paused_s = facts.error.wait_s if isinstance(facts.error, TargetPaused) else 0.0
            return Release(paused_s + LIMIT_WAIT_S * roll)
        case Way.UNCOUNTED:
            wait_s = policy.uncounted.wait_after(attempt, roll=roll)
            return Retry(obeyed(wait_s, facts.hint_s, longest_s=policy.longest_hint_s), counted=False)
    allowed = _allowed(line, facts, policy)
    if failures + 1 >= allowed:
        return Dead(line.name if line.way is not Way.RETRY else EXHAUSTED)
    wait_s = policy.schedule.wait_after(failures + 1, roll=roll)
    return Retry(obeyed(wait_s, facts.hint_s, longest_s=policy.longest_hint_s))


def _allowed(line: Line, facts: Facts, policy: RetryPolicy) -> int:
    """
    Failures of which the last one is the end.
    """
    if line.way is Way.FEW:
        return min(policy.unusable_tries, policy.max_attempts)
    if line.way is Way.SHORT:
        # Expired credentials without a status of their own are a 401 in other words.
        status = facts.status if facts.status in {403, 404} and line.name != "credentials-expired" else 401
        return min(policy.short_retries.get(status or 401, 0) + 1, policy.max_attempts)
    return policy.max_attempts
