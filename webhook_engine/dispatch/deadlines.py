"""
Deadlines for thousands of requests a second, at the price of a set's add and discard.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

_GRAIN_S = 0.02
"""Seconds by which a deadline may be late, and never early."""


class Deadlines:
    """
    The deadlines of one event loop.

    A timer of the loop costs a place in its heap, and stays there after it was
    cancelled: with a deadline of four seconds for each of 5,000 requests a second,
    twenty thousand of them. Here all that end in the same fiftieth of a second
    share one timer.
    """

    def __init__(self) -> None:
        self._slots: dict[int, set[Deadline]] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}

    def at(self, when: float, loop: asyncio.AbstractEventLoop | None = None) -> Deadline:
        """
        A context that is cancelled at *when*, and then ends in TimeoutError.

        Args:
            when: On the running loop's clock.

            loop: The running one, from who knows it: asking for it costs as much as all the rest.
        """
        if loop is None:
            loop = asyncio.get_running_loop()
        number = int(when / _GRAIN_S) + 1
        slot = self._slots.get(number)
        if slot is None:
            slot = self._slots[number] = set()
            self._timers[number] = loop.call_at(number * _GRAIN_S, self._expire, number)
        return Deadline(slot, loop)

    def close(self) -> None:
        """
        Takes the timers back from the loop.
        """
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._slots.clear()

    def _expire(self, number: int) -> None:
        del self._timers[number]
        for deadline in self._slots.pop(number):
            deadline.expire()


class Deadline:
    """
    As `asyncio.timeout_at`, for one task once.
    """

    __slots__ = ("_cancelling", "_loop", "_slot", "_task", "expired")

    def __init__(self, slot: set[Deadline], loop: asyncio.AbstractEventLoop) -> None:
        self._slot = slot
        self._loop = loop
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self.expired = False
        """Whether it passed while the context was open."""

    def __enter__(self) -> Self:
        task = asyncio.current_task(self._loop)
        if task is None:
            raise RuntimeError("a deadline needs a task to cancel")
        self._task = task
        self._cancelling = task.cancelling()
        self._slot.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._slot.discard(self)
        if not self.expired or self._task is None:
            return
        # Somebody else may want the task to end as well; then it does.
        if self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def expire(self) -> None:
        """
        Cancels what goes on in the context.
        """
        self.expired = True
        if self._task is not None:
            self._task.cancel()
