"""
Answers that may be given again, and work that is done once for all who ask for it at the time.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

FRESH_S: Final = 30.0
"""How long an answer is given again."""

Place: TypeAlias = "tuple[str, str, Hashable]"
"""Tenant, action, inputs."""


@dataclass(frozen=True, slots=True)
class _Kept:
    body: bytes
    until: float

    @property
    def weight(self) -> int:
        """
        Bytes, with what keeping it takes beside it.
        """
        return len(self.body) + 1024


class AnswerCache:
    """
    Kept answers, the least recently used of which go where there is no more room.
    """

    def __init__(
        self,
        *,
        fresh_s: float = FRESH_S,
        room_bytes: int = 64 * 2**20,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            clock: Seconds, never backwards.
        """
        self._fresh_s, self._room, self._clock = fresh_s, room_bytes, clock
        self._kept: OrderedDict[Place, _Kept] = OrderedDict()
        self._coming: dict[Place, asyncio.Task[bytes]] = {}
        self._bytes = 0

    def get(self, place: Place) -> bytes | None:
        """
        The answer that was given to the same request lately.
        """
        kept = self._kept.get(place)
        if kept is None:
            return None
        if kept.until <= self._clock():
            self._drop(place)
            return None
        self._kept.move_to_end(place)
        return kept.body

    async def once(self, place: Place, work: Callable[[], Awaitable[bytes]]) -> bytes:
        """
        What *work* makes, done once for all who ask at the time; kept where it succeeds.

        It runs to its end though whoever asked first goes away. Its age counts from its beginning.
        """
        task = self._coming.get(place)
        if task is None:
            until = self._clock() + self._fresh_s
            task = asyncio.ensure_future(self._work(work))
            self._coming[place] = task
            task.add_done_callback(lambda done: self._settle(place, done, until))
        return await asyncio.shield(task)

    def forget(self, tenant: str, action: str) -> None:
        """
        Answer that action's requests of a tenant anew; what is being made for them now is not kept.
        """
        for place in [each for each in self._kept if each[:2] == (tenant, action)]:
            self._drop(place)
        for place in [each for each in self._coming if each[:2] == (tenant, action)]:
            del self._coming[place]

    async def refresh(self, tenant: str, actions: Iterable[str]) -> None:
        """
        Forget those actions of a tenant, because of a change that is made.
        """
        for action in actions:
            self.forget(tenant, action)

    def clear(self) -> None:
        """
        Answer everything anew; what is being made now is not kept.
        """
        self._kept.clear()
        self._coming.clear()
        self._bytes = 0

    @staticmethod
    async def _work(work: Callable[[], Awaitable[bytes]]) -> bytes:
        return await work()

    def _settle(self, place: Place, task: asyncio.Task[bytes], until: float) -> None:
        # Looked at, so that the loop does not report an error that every asker was told.
        failed = task.cancelled() or task.exception() is not None
        if self._coming.get(place) is not task:
            return
        del self._coming[place]
        if not failed:
            self._keep(place, _Kept(task.result(), until))

    def _keep(self, place: Place, kept: _Kept) -> None:
        if kept.weight > self._room // 8:
            return
        self._kept[place] = kept
        self._bytes += kept.weight
        while self._bytes > self._room:
            self._drop(next(iter(self._kept)))

    def _drop(self, place: Place) -> None:
        self._bytes -= self._kept.pop(place).weight
