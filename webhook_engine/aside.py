"""
Work beside the event loop, on a few threads of its own.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_THREADS: Final = 3

_MOST: Final = 100
"""Pieces of work in hand; each may hold a response in memory."""


class Aside:
    """
    A few threads, begun when they are first needed.

    The application's own are left alone: work that a target can make long would hold them all.
    """

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None
        self._in_hand = 0

    async def run(self, work: Callable[[], T], *, until: float) -> T:
        """
        What *work* returns. It has to end by itself: its thread is not free before.

        Args:
            until: On the loop's clock: nobody waits longer than that.

        Raises:
            TimeoutError: It is later than *until*, or so much is in hand that it would be.
        """
        if self._in_hand >= _MOST:
            raise TimeoutError("too much is in hand")
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="webhook-engine reading")
        async with asyncio.timeout_at(until):
            running = asyncio.get_running_loop().run_in_executor(self._threads, work)
            self._in_hand += 1
            running.add_done_callback(self._note_end)
            return await running

    def close(self) -> None:
        """
        Lets the threads end with what they have in hand; what has not begun is taken back.
        """
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)

    def _note_end(self, _: asyncio.Future[T]) -> None:
        self._in_hand -= 1
