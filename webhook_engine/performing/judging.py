"""
From what was performed to what follows: facts, the line of the table, the settlement, the record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from webhook_engine import log
from webhook_engine.errors import ResponseError, TransportError
from webhook_engine.performing.breaker import Word
from webhook_engine.performing.record import detail_of
from webhook_engine.performing.retry_after import retry_after
from webhook_engine.performing.settle import DONE, Facts, Release, Retry, Settlement, line_of, settle
from webhook_engine.queue import MAYBE_DELIVERED, AttemptRecord
from webhook_engine.quick import quick
from webhook_engine.responses import Outcome

if TYPE_CHECKING:
    from webhook_engine.dispatch.attempt import Attempt
    from webhook_engine.performing.performed import Performed
    from webhook_engine.queue import Lease
    from webhook_engine.responses import Response

# The document of the XML API: at most so many calls of one kind run at a time.
_CROWDED: Final = b"Concurrent API Calls Exceeded"

_LOOKED_THROUGH = 4096
"""Bytes of a response in which a complaint about too many calls would stand."""


@quick
@dataclass(frozen=True, slots=True)
class Judged:
    """
    What follows from an attempt, for the delivery and for its target.
    """

    settlement: Settlement
    record: AttemptRecord
    word: Word
    pause_s: float | None
    """For how long the target asked not to be asked."""

    line: str
    """The name of the line of the table that decided."""


def judge(performed: Performed, lease: Lease, *, roll: float) -> Judged:
    """
    What follows from one try at a delivery.

    Args:
        roll: Where in its spread a wait is to land, in [0, 1].
    """
    facts = facts_of(performed)
    line = line_of(facts)
    settlement = settle(
        line, facts, performed.policy, attempt=lease.attempt, failures=lease.failures, roll=roll
    )
    record = record_of(performed, facts, settlement, why=line.name)
    return Judged(settlement, record, line.word, facts.hint_s, line.name)


def released(wait_s: float = 0.0, reason: str = "") -> Judged:
    """
    It goes back untried.
    """
    return Judged(Release(wait_s), AttemptRecord(outcome="released"), Word.NOTHING, None, reason or "held")


def cut_off() -> Judged:
    """
    The target may have acted; whoever tries again sends the same idempotency key.
    """
    record = AttemptRecord(outcome=MAYBE_DELIVERED, detail={"sentence": "Cut off: the worker was stopped."})
    return Judged(Retry(0.0, counted=False), record, Word.NOTHING, None, "cut-off")


def tell(lease: Lease, judged: Judged) -> None:
    """
    The one event of an attempt in the log; what goes back untried is no attempt.
    """
    settlement = judged.settlement
    log.event(
        "delivery.released" if isinstance(settlement, Release) else "attempt.finished",
        delivery=lease.id,
        webhook=lease.webhook,
        target=lease.target,
        attempt=lease.attempt,
        outcome=judged.record.outcome,
        status=judged.record.status,
        settled=type(settlement).__name__.lower(),
        why=judged.line,
        took_s=round(judged.record.took_s, 4),
        wait_s=round(settlement.wait_s, 3) if isinstance(settlement, Retry | Release) else None,
    )


def facts_of(performed: Performed) -> Facts:
    """
    What the table looks at.
    """
    attempt, error = performed.attempt, performed.problem
    response = None if attempt is None else attempt.response
    if response is None and isinstance(error, ResponseError):
        response = error.response
    if response is None:
        return Facts(outcome=performed.outcome, by_rule=performed.by_rule, error=error)
    status, hint_s, crowded = response.status, None, False
    if performed.outcome is not Outcome.OK:
        if status >= 300 and (value := response.header("retry-after")) is not None:
            hint_s = retry_after(value, now=datetime.now(UTC), longest_s=performed.policy.longest_hint_s)
        crowded = says_crowded(response)
    return Facts(
        outcome=performed.outcome,
        by_rule=performed.by_rule,
        status=status,
        error=error,
        crowded=crowded,
        hint_s=hint_s,
    )


def says_crowded(response: Response) -> bool:
    """
    Whether the response complains that too many calls are under way at once.
    """
    return response.body.find(_CROWDED, 0, _LOOKED_THROUGH) >= 0


def is_gone(performed: Performed) -> bool:
    """
    Whether the target says that what the webhook asks for will never be there again.
    """
    response = None if performed.attempt is None else performed.attempt.response
    return response is not None and response.status == 410 and line_of(facts_of(performed)).name == "gone"


def record_of(performed: Performed, facts: Facts, settlement: Settlement, *, why: str) -> AttemptRecord:
    """
    What is written down of it.

    Args:
        why: The line of the table that decided about what follows.
    """
    attempt = performed.attempt
    detail = detail_of(attempt, performed.error, sentence=performed.sentence)
    if performed.decided_by:
        detail["decided_by"] = performed.decided_by
    if settlement is not DONE:
        detail["follows"] = _told(settlement, why)
    if performed.detail:
        detail.update(performed.detail)
    if fault := facts.fault:
        detail["fault"] = str(fault)
    return AttemptRecord(
        outcome=_outcome(performed, attempt),
        status=facts.status,
        took_s=0.0 if attempt is None else attempt.took_s,
        detail=detail,
    )


def _told(settlement: Settlement, why: str) -> dict[str, object]:
    told: dict[str, object] = {"settled": type(settlement).__name__.lower(), "why": why}
    if isinstance(settlement, Retry | Release):
        told["wait_s"] = round(settlement.wait_s, 3)
    return told


def _outcome(performed: Performed, attempt: Attempt | None) -> str:
    if attempt is not None and isinstance(attempt.error, TransportError) and attempt.maybe_delivered:
        return MAYBE_DELIVERED
    if performed.outcome is not None:
        return str(performed.outcome)
    return str(Outcome.TARGET_FAILED if attempt is not None and attempt.sent else Outcome.REFUSED)
