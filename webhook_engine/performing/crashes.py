"""
Deliveries that bring down whatever touches them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook_engine import log
from webhook_engine.performing.breaker import Word
from webhook_engine.performing.judging import Judged
from webhook_engine.performing.policy import DEFAULT_POLICY
from webhook_engine.performing.settle import Dead, Retry
from webhook_engine.queue import AttemptRecord

if TYPE_CHECKING:
    from webhook_engine.queue import Lease

POISON = "poison"

_MOST = 10_000
"""Deliveries remembered; the one that crashed first is forgotten first, and starts anew."""


class Crashes:
    """
    How often each delivery raised what it should not have.
    """

    def __init__(self, allowed: int) -> None:
        """
        Args:
            allowed: With the last of so many crashes a delivery is dead.
        """
        self._allowed = allowed
        self._counts: dict[str, int] = {}

    def judge(self, lease: Lease, error: Exception, *, roll: float) -> Judged:
        """
        What follows from a crash.
        """
        count = self._counts.pop(lease.id, 0) + 1
        place = _place_of(error)
        log.event("delivery.crashed", delivery=lease.id, webhook=lease.webhook, place=place, crashes=count)
        # What the error says may hold what the call said, so only its kind and place are told.
        record = AttemptRecord(
            outcome="crashed",
            detail={"error": {"kind": type(error).__name__, "message": f"raised in {place}"}},
        )
        settlement: Dead | Retry
        if count >= self._allowed:
            settlement = Dead(POISON)
        else:
            self._counts[lease.id] = count
            if len(self._counts) > _MOST:
                del self._counts[next(iter(self._counts))]
            settlement = Retry(DEFAULT_POLICY.schedule.wait_after(lease.failures + 1, roll=roll))
        return Judged(settlement, record, Word.NOTHING, None, POISON)

    def forget(self, lease: Lease) -> None:
        """
        It came through.
        """
        if self._counts:
            self._counts.pop(lease.id, None)


def _place_of(error: Exception) -> str:
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    if at is None:
        return "an unknown place"
    code = at.tb_frame.f_code
    return f"{code.co_qualname if hasattr(code, 'co_qualname') else code.co_name}, line {at.tb_lineno}"
