"""
The line of one webhook: a call becomes a request, and what came of it becomes a view.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, TypeVar

from webhook_engine import log
from webhook_engine.aside import Aside
from webhook_engine.definitions.tree import tree_of
from webhook_engine.dispatch import EgressPolicy, Preparation, admit, credentials_for
from webhook_engine.dispatch.prepare import NO_GROUP
from webhook_engine.dispatch.request import target_of
from webhook_engine.errors import (
    AgentRefused,
    EgressRefused,
    EmptyParameter,
    LimitExceeded,
    ResponseError,
    SecretMissing,
    TemplateError,
    TokenRefused,
    UnreadableResponse,
    WebhookDisabled,
    WebhookEngineError,
)
from webhook_engine.responses import AgentView, Interpreter, Outcome, names_unread
from webhook_engine.variables import values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from webhook_engine.definitions import CompiledWebhook, Definitions, Webhook
    from webhook_engine.dispatch import Attempt, Credentials, PreparedRequest, SecretStore
    from webhook_engine.dispatch.freezing import Freezer
    from webhook_engine.responses import Response
    from webhook_engine.responses.outcome import Verdict
    from webhook_engine.variables import CallContext, Value

_Read = TypeVar("_Read")


class Lines:
    """
    The webhooks of one tenant, each made ready when it is first asked for.
    """

    def __init__(self, definitions: Definitions, secrets: SecretStore, aside: Aside | None = None) -> None:
        """
        Args:
            aside: Where responses are read that cost much; threads of their own where left out.
        """
        self._aside = aside or Aside()
        self.definitions = definitions
        self.secrets = secrets
        self.policy = EgressPolicy(definitions.allowed_networks)
        self._agents = frozenset(agent.extension for agent in definitions.agents)
        self._lines: dict[tuple[str, bool], Line] = {}

    def of(self, webhook: str, *, test_values: bool = False) -> Line:
        """
        The line of that webhook.

        Raises:
            NotFound: No webhook has that name.
        """
        key = (webhook, test_values)
        line = self._lines.get(key)
        if line is None:
            compiled = self.definitions.compiled(webhook, test=test_values)
            preparation = Preparation(compiled, policy=self.policy)
            stale_s = 0.0 if test_values else compiled.definition.stale_s
            line = self._lines[key] = Line(
                compiled, preparation, _interpreter(compiled), self._aside, stale_s
            )
        return line

    def check_enabled(self, line: Line) -> None:
        """
        Raises:
            WebhookDisabled: Nothing of this webhook is sent or opened at present.
        """
        if not line.compiled.definition.enabled:
            raise WebhookDisabled(line.name)

    def values(self, line: Line, call: CallContext) -> Mapping[str, Value]:
        """
        What the webhook reads of a call.
        """
        return values_of(call, self.definitions.tenant, line.compiled.variables)

    def credentials(self, line: Line, extension: str) -> Credentials:
        """
        What a request of that agent shows to its target system.

        Raises:
            AgentRefused: The extension may not use the webhook, or has no credentials of its own.
            SecretMissing: One of them is not where its reference says.
        """
        admit(extension, self._agents, webhook=line.name)
        return credentials_for(line.compiled.group, extension, self.secrets)

    def prepared(self, line: Line, call: CallContext, values: Mapping[str, Value]) -> PreparedRequest:
        """
        The request for a call; nothing is sent.

        Raises:
            WebhookEngineError: What keeps it from being made.
        """
        return line.preparation.prepare(values, self.credentials(line, call.extension))


@dataclass(frozen=True)
class Line:
    """
    One webhook, with everything about it that no call changes.
    """

    compiled: CompiledWebhook
    preparation: Preparation
    interpreter: Interpreter
    aside: Aside

    stale_s: float = 0.0
    """How old an answer may be that stands in for one that fails."""

    @cached_property
    def name(self) -> str:
        """
        The webhook's.
        """
        return self.compiled.definition.name

    @cached_property
    def revision(self) -> str:
        """
        Another one after each edit of the webhook, and the same in every process.
        """
        return revision_of(self.compiled.definition)

    @cached_property
    def is_sent(self) -> bool:
        """
        Whether the request is sent from here, rather than by the agent's browser.
        """
        return self.compiled.definition.type.is_sent

    @cached_property
    def freezer(self) -> Freezer:
        """
        Keeps its requests, and brings them back.
        """
        from webhook_engine.dispatch.freezing import Freezer

        return Freezer(self.compiled, self.preparation.route)


def revision_of(webhook: Webhook) -> str:
    """
    A webhook's definition in 16 hexadecimal digits.
    """
    told = json.dumps(tree_of(webhook), sort_keys=True, ensure_ascii=True)
    return blake2b(told.encode(), digest_size=8).hexdigest()


def rooms_of(definitions: Definitions) -> Mapping[str, int]:
    """
    Target, as `host:port` -> how many requests its groups allow together; those without a group are one.
    """
    allowed: dict[str, dict[str, int]] = {}
    for webhook in definitions.webhooks:
        group = definitions.group(webhook.group) if webhook.group else NO_GROUP
        for target in _targets(webhook):
            allowed.setdefault(target, {})[group.name] = group.max_in_flight
    return {target: sum(groups.values()) for target, groups in allowed.items()}


def _targets(webhook: Webhook) -> Iterable[str]:
    if not webhook.type.is_sent:
        return ()
    if not webhook.hosts:
        return (target_of(webhook.url),)
    scheme = webhook.url.partition("://")[0]
    return tuple(target_of(f"{scheme}://{host}/") for host in webhook.hosts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """
    A request that was tried out, and everything that came of it; no secret is in it.
    """

    view: AgentView
    """What an agent would have seen."""

    values: Mapping[str, Value]
    request: PreparedRequest | None = None
    """What was sent, masked; None where it could not be made."""

    attempt: Attempt | None = None
    """None where nothing was sent."""


def _interpreter(compiled: CompiledWebhook) -> Interpreter:
    return Interpreter(
        response_type=compiled.definition.response_type,
        view=compiled.view,
        rules=compiled.rules,
        expects_rows=compiled.expects_rows,
    )


# --- What came of it -------------------------------------------------------------------------------

PATIENCE_S: Final = 15.0
"""How long a durable request waits for its group's limits, once it is its turn in the queue."""

READ_AT_ONCE: Final = 16 * 1024
"""Bytes that are worth a try on the loop; what is longer is read there only where a glance tells it."""

AT_ONCE_S: Final = 0.01
"""Seconds of that try. A few bytes can ask for a table of a million cells."""


async def read(line: Line, attempt: Attempt, values: Mapping[str, Value], *, until: float) -> AgentView:
    """
    What an agent sees of an attempt; a response that costs much is read beside the loop.

    Args:
        until: On the loop's clock: no longer than that.
    """
    view = read_at_once(line, attempt, values)
    return view if view is not None else await read_beside(line, attempt, values, until=until)


def read_at_once(line: Line, attempt: Attempt, values: Mapping[str, Value]) -> AgentView | None:
    """
    What an agent sees of an attempt where that costs next to nothing, as it does for nearly every lookup.
    """
    response = attempt.response
    try:
        return view_of(line, attempt, values, until=math.inf if response is None else _at_once(response))
    except TimeoutError:
        return None


async def read_beside(
    line: Line, attempt: Attempt, values: Mapping[str, Value], *, until: float
) -> AgentView:
    """
    What an agent sees of an attempt whose response costs much to read.

    Args:
        until: On the loop's clock: no longer than that.
    """
    response = attempt.response
    assert response is not None  # noqa: S101  # without one there is nothing to read
    try:
        return await _beside(line.aside, partial(view_of, line, attempt, values), until)
    except TimeoutError:
        deadline_s = line.compiled.deadline_s
        error = _too_slow(response, attempt.prepared.target, deadline_s)
        took_s = asyncio.get_running_loop().time() - until + deadline_s
        return failed(line.name, error, attempts=attempt.sends, took_s=took_s)


async def judged(
    line: Line, attempt: Attempt, values: Mapping[str, Value]
) -> tuple[Verdict, ResponseError | None]:
    """
    What the response of an attempt means where nobody looks at its rows, and why it could not be read; within
    the time that its webhook has for a whole request.
    """
    response = attempt.response
    assert response is not None  # noqa: S101  # the caller has seen it
    work = partial(line.interpreter.judge, response, values)
    try:
        return await _in_time(work, response, line)
    except TimeoutError:
        problem = _too_slow(response, attempt.prepared.target, line.compiled.deadline_s)
        return line.interpreter.unread(response, problem, values).verdict, problem


async def names_of(line: Line, response: Response) -> Mapping[str, object]:
    """
    What the rules of a chain may ask of *response*, read within the time its webhook has for a whole request.
    """
    work = partial(line.interpreter.names_of, response)
    try:
        return await _in_time(work, response, line)
    except TimeoutError:
        return names_unread(response)


async def _in_time(work: Callable[..., _Read], response: Response, line: Line) -> _Read:
    """
    What *work* makes of *response*: at once where that costs next to nothing, else beside the loop.

    Raises:
        TimeoutError: It took longer than the webhook of *line* has for a request; the thread ends soon as well.
    """
    with suppress(TimeoutError):
        return work(until=_at_once(response))
    return await _beside(line.aside, work, _from_now(line))


def _at_once(response: Response) -> float:
    """
    Until when, on `time.monotonic`'s clock, *response* may be read on the loop.
    """
    return time.monotonic() + AT_ONCE_S if len(response.body) <= READ_AT_ONCE else 0.0


async def _beside(aside: Aside, work: Callable[..., _Read], until: float) -> _Read:
    """
    What *work* makes of a response, in a thread.

    Raises:
        TimeoutError: It is later than *until*, on the loop's clock; the thread ends soon as well.
    """
    left_s = until - asyncio.get_running_loop().time()
    return await aside.run(partial(work, until=time.monotonic() + left_s), until=until)


def _from_now(line: Line) -> float:
    return asyncio.get_running_loop().time() + line.compiled.deadline_s


def _too_slow(response: Response, target: str, within_s: float) -> UnreadableResponse:
    return UnreadableResponse(
        f"the response of {target} could not be read within {within_s:g} s", response=response
    )


def view_of(
    line: Line, attempt: Attempt, values: Mapping[str, Value], *, until: float = math.inf
) -> AgentView:
    """
    What an agent sees of an attempt, whichever way it went.

    Raises:
        TimeoutError: Reading the response would have taken longer than *until*, on `time.monotonic`'s clock.
    """
    if attempt.error is not None:
        return failed(line.name, attempt.error, attempts=attempt.sends, took_s=attempt.took_s)
    assert attempt.response is not None  # noqa: S101  # an attempt has one or the other
    return line.interpreter.view_of(
        attempt.response,
        values,
        webhook=line.name,
        attempts=attempt.sends,
        took_s=attempt.took_s,
        until=until,
    )


def tell(attempt: Attempt, view: AgentView) -> None:
    """
    The one event of an attempt in the log.
    """
    log.event(
        "attempt.finished",
        webhook=view.webhook,
        target=attempt.prepared.target,
        attempt=attempt.number,
        outcome=str(view.outcome),
        status=view.status,
        fault=attempt.fault and str(attempt.fault),
        took_s=round(attempt.took_s, 4),
    )


# The first class that an error is one of decides; everything else is the target system's doing.
_OUTCOMES: tuple[tuple[type[WebhookEngineError], Outcome], ...] = (
    (AgentRefused, Outcome.REFUSED),
    (WebhookDisabled, Outcome.REFUSED),
    (SecretMissing, Outcome.REFUSED),
    (EgressRefused, Outcome.REFUSED),
    (TemplateError, Outcome.REFUSED),
    (LimitExceeded, Outcome.REFUSED),
    (TokenRefused, Outcome.CREDENTIALS_EXPIRED),
)


def failed(webhook: str, error: WebhookEngineError, *, attempts: int = 0, took_s: float = 0.0) -> AgentView:
    """
    The view of a request that got no response, or was never sent.
    """
    outcome = next((each for kind, each in _OUTCOMES if isinstance(error, kind)), Outcome.TARGET_FAILED)
    if isinstance(error, EmptyParameter) and error.skips:
        outcome = Outcome.SKIPPED
    response = error.response if isinstance(error, ResponseError) else None
    return AgentView(
        webhook=webhook,
        outcome=outcome,
        sentence=_sentence(error),
        status=response.status if response is not None else None,
        attempts=attempts,
        took_s=took_s,
        error=error,
    )


def _sentence(error: WebhookEngineError) -> str:
    """
    The error as a line for an agent; where secrets are kept is the administrator's to know.
    """
    if isinstance(error, SecretMissing):
        return f"The credentials for {error.target} are not set up. Please tell an administrator."
    text = str(error)
    first = text.partition(" ")[0]
    # A host or a name keeps its own spelling.
    start = text[:1].upper() if first.isalpha() and first.islower() else text[:1]
    return f"{start}{text[1:]}" + ("" if text.endswith((".", "!", "?")) else ".")
