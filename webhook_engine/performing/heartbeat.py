"""
Leases made longer while somebody works on them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from webhook_engine import log
from webhook_engine.errors import LeaseLost, QueueError

if TYPE_CHECKING:
    from webhook_engine.queue import DeliveryQueue, Lease


class Heartbeat:
    """
    Extends every lease in hand after a third of its time.

    One timer for all: what is settled sooner than that, as nearly everything is, costs an
    entry in a dictionary.
    """

    def __init__(self, queue: DeliveryQueue, lease_s: float) -> None:
        self._queue = queue
        self._lease_s = lease_s
        self._beats: dict[str, tuple[float, Lease]] = {}
        """By token: when it was claimed or extended; the oldest first."""
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._extending: set[asyncio.Task[None]] = set()

    def add(self, lease: Lease) -> None:
        self._beats[lease.token] = (self._loop.time(), lease)
        if self._timer is None:
            self._timer = self._loop.call_later(self._lease_s / 3, self._beat)

    def remove(self, lease: Lease) -> None:
        self._beats.pop(lease.token, None)

    def close(self) -> None:
        """
        Lets all leases run out.
        """
        self._beats.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for task in self._extending:
            task.cancel()

    def _beat(self) -> None:
        self._timer = None
        now = self._loop.time()
        due: list[Lease] = []
        for at, lease in self._beats.values():
            if now - at < self._lease_s / 3:
                break
            due.append(lease)
        for lease in due:
            del self._beats[lease.token]
            self.add(lease)
            task = self._loop.create_task(self._extend(lease))
            self._extending.add(task)
            task.add_done_callback(self._extending.discard)
        if self._beats and self._timer is None:
            oldest, _ = next(iter(self._beats.values()))
            self._timer = self._loop.call_at(oldest + self._lease_s / 3, self._beat)

    async def _extend(self, lease: Lease) -> None:
        try:
            await self._queue.extend(lease, self._lease_s)
        except LeaseLost:
            # Its settlement will say so again, and counts it.
            self.remove(lease)
        except QueueError as error:
            # The next beat tries again; two thirds of the lease are left.
            log.event("lease.not_extended", delivery=lease.id, webhook=lease.webhook, why=str(error))
