"""
Claiming without end: as much as there is room for, and nothing while the queue cannot write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from webhook_engine import log
from webhook_engine.errors import QueueError, QueueUnavailable
from webhook_engine.performing.settling import FIRST_PAUSE_S, LONGEST_PAUSE_S

if TYPE_CHECKING:
    from webhook_engine.performing.lanes import Lanes
    from webhook_engine.queue import DeliveryQueue, Lease

_LONG_S = 3600.0
"""A claim is made anew so often even where nothing happens."""


class Claims:
    """
    One claim after the other. Nothing is asked twice: a claim waits in the queue until there is
    something, and is let go where there is room that it was not told of.
    """

    def __init__(
        self,
        queue: DeliveryQueue,
        lanes: Lanes,
        *,
        lease_s: float,
        per_target: int,
        free: Callable[[], int],
        accept: Callable[[tuple[Lease, ...]], None],
    ) -> None:
        """
        Args:
            free: How many more deliveries may be in hand.

            accept: Takes what was claimed.
        """
        self._queue, self._lanes = queue, lanes
        self._lease_s, self._per_target = lease_s, per_target
        self._free, self._accept = free, accept
        self._space = asyncio.Event()
        self._stopping = asyncio.Event()
        self._is_woken = False
        self.is_claiming = True
        """Whether the queue gives leases, as far as is known; False while it cannot write."""

    async def run(self) -> None:
        """
        Claims until `stop`, or until the queue is closed.
        """
        pause_s = 0.0
        while not self._stopping.is_set():
            free = self._free()
            if free <= 0:
                self._space.clear()
                await self._space.wait()
                continue
            try:
                leases = await self._claim(free)
            except QueueUnavailable as error:
                self._note_end(error)
                pause_s = min(max(pause_s * 2, FIRST_PAUSE_S), LONGEST_PAUSE_S)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), pause_s)
                continue
            except QueueError as error:
                self._note_end(error)
                return
            pause_s = 0.0
            self.is_claiming = True
            if leases:
                self._accept(leases)

    def look_again(self) -> None:
        """
        There is other room than the claim under way was told.
        """
        if not self._is_woken and not self._stopping.is_set():
            self._is_woken = True
            self._queue.wake()

    def note_space(self) -> None:
        """
        Fewer deliveries are in hand.
        """
        self._space.set()

    def stop(self) -> None:
        """
        Ends `run`; leases that are just coming are still accepted.
        """
        self._stopping.set()
        self._space.set()
        with suppress(QueueError):  # a queue that is closed has nobody waiting
            self._queue.wake()

    async def _claim(self, free: int) -> tuple[Lease, ...]:
        room, wait_s = self._lanes.offers()
        self._is_woken = False
        try:
            return await self._queue.claim(
                free,
                lease_s=self._lease_s,
                room=room,
                per_target=self._per_target,
                # One that waits tells nothing: after a refusal the first one comes back at once.
                wait_s=min(wait_s, _LONG_S) if self.is_claiming else 0.0,
            )
        finally:
            self._is_woken = True

    def _note_end(self, error: QueueError) -> None:
        if self.is_claiming or not isinstance(error, QueueUnavailable):
            log.event("claims.paused", why=str(error))
        self.is_claiming = False
