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
    from webhook_engine.performing.lanes import Lane, Lanes
    from webhook_engine.queue import DeliveryQueue, Lease

_LONG_S = 3600.0
"""A claim is made anew so often even where nothing happens."""


class Claims:
    """
    One claim after the other. Nothing is asked twice: a claim waits in the queue until there is
    something, and is let go where there is room that it was not told of.

    A target with much waiting is fetched for beside it, by claims that do not wait: they were told of a room
    that the one which waits knows nothing of.
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
        self._is_woken = True
        self._limit = 0
        """How much the claim that waits may bring."""
        self._fetching: dict[asyncio.Task[None], int] = {}
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

    def fetch(self, lane: Lane, now: float) -> bool:
        """
        There is room in that lane, which the claim under way was told nothing of.

        Returns:
            Whether a claim was begun.
        """
        if self._is_woken or self._stopping.is_set():
            return False
        spare = self._free() - self._limit - sum(self._fetching.values())
        if spare <= 0 or not self.is_claiming or not (room := min(spare, lane.begin_fetch(now))):
            self.look_again()
            return False
        task = asyncio.get_running_loop().create_task(self._fetch(lane, room))
        self._fetching[task] = room
        task.add_done_callback(lambda done: self._fetching.pop(done))
        return True

    async def drain(self) -> None:
        """
        Waits for what is being fetched.
        """
        if self._fetching:
            await asyncio.wait(tuple(self._fetching))

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

    async def _fetch(self, lane: Lane, room: int) -> None:
        leases: tuple[Lease, ...] = ()
        try:
            # What the queue refuses, it refuses to the claim that waits too.
            with suppress(QueueError):
                leases = await self._queue.claim(
                    room, lease_s=self._lease_s, room={lane.target: room}, per_target=0
                )
        finally:
            lane.is_fetching = False
        if leases:
            self._accept(leases)
        if len(leases) < room:
            # There is nothing more; whoever waits for what comes has to know of the room.
            self.look_again()

    async def _claim(self, free: int) -> tuple[Lease, ...]:
        room, wait_s = self._lanes.offers()
        self._is_woken = False
        # The other half is for what is fetched meanwhile.
        self._limit = free - free // 2
        try:
            return await self._queue.claim(
                self._limit,
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
