"""
The deliveries of one target that this process has in hand.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from webhook_engine.performing.breaker import BreakerState

if TYPE_CHECKING:
    from webhook_engine.performing.breaker import Breaker
    from webhook_engine.queue import Lease

_AHEAD_S = 0.05
"""A target's deliveries are fetched so long before their turn at the pace it keeps: a claim takes less."""

_MOST_AHEAD = 256


class Lane:
    """
    One target: what waits for a free slot, and how much more is to be claimed for it.
    """

    __slots__ = ("_ahead", "_ended", "_since", "breaker", "offered", "waiting")

    def __init__(self, breaker: Breaker, now: float) -> None:
        self.breaker = breaker
        self.waiting: deque[Lease] = deque()
        """Claimed, and not started."""
        self.offered = 0
        """The room that the claim under way was told."""
        self._ahead = 0
        self._ended = 0
        self._since = now

    def note_end(self) -> None:
        """
        One more was answered.
        """
        self._ended += 1

    def offer(self, now: float) -> int:
        """
        How many more are to be claimed now.

        What a target answers in the time of a claim is fetched before there is a
        slot for it; of one that does not answer, nothing is.
        """
        elapsed = now - self._since
        if elapsed >= _AHEAD_S / 2:
            self._ahead = min(_MOST_AHEAD, int(self._ended / elapsed * _AHEAD_S))
            self._ended, self._since = 0, now
        self.offered = self._room(now)
        return self.offered

    def is_short(self, now: float) -> bool:
        """
        Whether a claim is to be made anew: this one was told too little, and there is room by now.
        """
        if self.offered > 0:
            return False
        room = self._room(now)
        return room > 0 and (not self.waiting or room > self._ahead // 2)

    def is_empty(self, now: float) -> bool:
        """
        Whether nothing is in hand and the target is treated like any other.
        """
        return not self.waiting and not self.breaker.running and self.breaker.is_idle(now)

    def _room(self, now: float) -> int:
        room = self.breaker.room(now)
        if self._ahead and self.breaker.state(now) is BreakerState.CLOSED:
            room += self._ahead
        return max(0, room - len(self.waiting))
