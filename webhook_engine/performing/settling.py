"""
Writing down what follows from an attempt, until it is on the disk.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from webhook_engine import log
from webhook_engine.errors import LeaseLost, QueueError, QueueUnavailable
from webhook_engine.performing.settle import Dead, Done, Release, Retry, Settlement

if TYPE_CHECKING:
    from webhook_engine.performing.performed import Performed
    from webhook_engine.queue import AttemptRecord, DeliveryQueue, Lease

Settled = Callable[["Lease", "Performed | None", Settlement], None]
"""Told of each settlement that is on the disk; what was performed is None where that crashed or was cut off."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
"""Between two tries at a queue that cannot write."""

_TOGETHER_S = 0.005
"""Settlements of the same five milliseconds are asked of the queue at once."""

_COMPANY = 16
"""Where so many are being written anyway, the next commit has company enough."""

_WORDS = {Done: "done", Retry: "retried", Dead: "dead", Release: "released"}


class Settler:
    """
    Settles deliveries in their queue, fenced: what was lost meanwhile is counted and left alone.
    """

    def __init__(self, queue: DeliveryQueue, on_settled: Settled | None = None) -> None:
        self._queue = queue
        self._on_settled = on_settled
        self._writing = 0
        """Settlements that somebody waits for."""
        self._together: list[asyncio.Future[None]] = []
        self.counts: Counter[str] = Counter()
        """`done`, `retried`, `dead`, `released`, `leases_lost`, and `failed` for what the queue would not take."""

    async def settle(
        self,
        lease: Lease,
        settlement: Settlement,
        record: AttemptRecord,
        *,
        performed: Performed | None = None,
        reason: str = "",
    ) -> None:
        """
        Returns when it is on the disk, or known never to be.
        """
        try:
            self._writing += 1
            await self._write(lease, settlement, record, performed, reason)
        except LeaseLost as error:
            self.counts["leases_lost"] += 1
            log.event("lease.lost", delivery=lease.id, webhook=lease.webhook, attempt=error.attempt)
            return
        except QueueError as error:
            # The lease runs out, and then the delivery is offered again: nothing is forgotten.
            self.counts["failed"] += 1
            log.event("settlement.failed", delivery=lease.id, webhook=lease.webhook, why=str(error))
            return
        finally:
            self._writing -= 1
        self.counts[_WORDS[type(settlement)]] += 1
        if self._on_settled is not None:
            self._on_settled(lease, performed, settlement)

    async def _write(
        self,
        lease: Lease,
        settlement: Settlement,
        record: AttemptRecord,
        performed: Performed | None,
        reason: str,
    ) -> None:
        if self._writing < _COMPANY:
            await self._company()
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                if performed is not None and performed.follow and isinstance(settlement, Done | Dead):
                    # Before the end of this one: put twice it is put once, and never is not at all.
                    await self._queue.put(performed.follow)
                await self._once(lease, settlement, record, performed, reason)
            except QueueUnavailable:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            else:
                return

    async def _company(self) -> None:
        """
        Waits a moment for others to be settled with, so that what is put does not wait for many small commits.
        """
        loop = asyncio.get_running_loop()
        if not self._together:
            loop.call_later(_TOGETHER_S, self._go)
        turn: asyncio.Future[None] = loop.create_future()
        self._together.append(turn)
        await turn

    def _go(self) -> None:
        together, self._together = self._together, []
        for turn in together:
            if not turn.done():
                turn.set_result(None)

    async def _once(
        self,
        lease: Lease,
        settlement: Settlement,
        record: AttemptRecord,
        performed: Performed | None,
        reason: str,
    ) -> None:
        match settlement:
            case Done():
                await self._queue.done(lease, record)
            case Retry(wait_s, counted):
                frozen = None if performed is None or lease.frozen is not None else performed.frozen
                if callable(frozen):
                    frozen = frozen()
                await self._queue.retry(lease, record, wait_s=wait_s, counted=counted, frozen=frozen)
            case Dead(why):
                await self._queue.dead(lease, record, reason=why)
            case Release(wait_s):
                await self._queue.release(lease, wait_s=wait_s, reason=reason)
