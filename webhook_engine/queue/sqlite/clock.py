"""
The queue's own time.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from webhook_engine.queue.times import NEVER, milliseconds, moment

__all__ = ["NEVER", "Clock", "milliseconds", "moment"]


class Clock:
    """
    Milliseconds since 1970 that only go forward, at the pace of real seconds.

    The wall clock is read once. When somebody sets it, leases do not end all at
    once, nothing waits an hour longer, and no length of time is negative.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._offset_s = wall() - monotonic()

    def now(self) -> int:
        return int((self._offset_s + self._monotonic()) * 1000)

    def not_before(self, last: int) -> None:
        """
        Goes on from *last* where the wall clock was behind it at the start.
        """
        self._offset_s += max(0, last - self.now()) / 1000
