"""
The deliveries of one target that this process has in hand.
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import TYPE_CHECKING

from webhook_engine.performing.breaker import BreakerState

if TYPE_CHECKING:
    import asyncio

    from webhook_engine.performing.breaker import Breaker
    from webhook_engine.performing.breakers import Breakers
    from webhook_engine.queue import Lease

_AHEAD_S = 0.1
"""A target's deliveries are fetched so long before their turn at the pace it keeps: a claim takes less."""

_MOST_AHEAD = 256

_KEPT_S = 10.0
"""A target's pace is remembered for so long after its last response."""


class Lane:
    """
    One target: what waits for a free slot, and how much more is to be claimed for it.
    """

    __slots__ = (
        "_ahead",
        "_breakers",
        "_ended",
        "_since",
        "is_fetching",
        "offered",
        "target",
        "timer",
        "waiting",
    )

    def __init__(self, target: str, breakers: Breakers) -> None:
        self.target = target
        self._breakers = breakers
        self.waiting: deque[Lease] = deque()
        """Claimed, and not started."""
        self.offered = 0
        """The room that the claim under way was told."""
        self.is_fetching = False
        """Whether it is being filled by a claim of its own."""
        self.timer: asyncio.TimerHandle | None = None
        """Where time alone makes room for what waits."""
        self._ahead = 0
        self._ended = 0
        self._since = breakers.clock()

    @property
    def breaker(self) -> Breaker:
        # Looked up each time: one that has nothing to remember may be put away and made anew.
        return self._breakers.of(self.target)

    def note_end(self) -> None:
        """
        One more was answered.
        """
        self._ended += 1

    def offer(self, now: float) -> int:
        """
        How many more are to be claimed now.

        What a target answers in the time of a claim is fetched before there is a
        slot for it; of one that does not answer, nothing is. While there is enough
        in hand nothing is either: many claims of a few cost more than one of many.
        """
        self._keep_pace(now)
        room = 0 if self.is_fetching else self._room(now)
        self.offered = room if self._is_worth(room) else 0
        return self.offered

    def begin_fetch(self, now: float) -> int:
        """
        How many are to be claimed for it alone; while that is under way, it has no room for others.
        """
        self._keep_pace(now)
        room = self._room(now)
        self.is_fetching = room > 0
        return room

    def _keep_pace(self, now: float) -> None:
        elapsed = now - self._since
        if elapsed >= _AHEAD_S / 2 and (self._ended or self._ahead):
            self._ahead = min(_MOST_AHEAD, int(self._ended / elapsed * _AHEAD_S))
            self._ended, self._since = 0, now

    def is_short(self, now: float) -> bool:
        """
        Whether a claim is to be made anew: this one was told too little, and there is room by now.
        """
        if self.offered > 0 or self.is_fetching:
            return False
        return self._is_worth(self._room(now))

    def is_over(self, now: float) -> bool:
        """
        Whether nothing is in hand, nothing was for a while, and the target is treated like any other.
        """
        if self.waiting or self.is_fetching or self.breaker.running or now - self._since < _KEPT_S:
            return False
        return self.breaker.is_idle(now)

    @property
    def is_at_work(self) -> bool:
        """
        Whether something is in hand, or might be at any moment.
        """
        breaker = self.breaker
        return bool(self.waiting or self.is_fetching or breaker.running or not breaker.recovering)

    def _is_worth(self, room: int) -> bool:
        return room > 0 and (not self.waiting or room > self._ahead // 2)

    def _room(self, now: float) -> int:
        room = self.breaker.room(now)
        breaker = self.breaker
        if self._ahead and breaker.state(now) is BreakerState.CLOSED and not breaker.is_denied(now):
            room += self._ahead
        return max(0, room - len(self.waiting))


class Lanes:
    """
    The lanes of all targets that there is something in hand of, or was a moment ago.
    """

    def __init__(self, breakers: Breakers) -> None:
        self._breakers = breakers
        self._lanes: dict[str, Lane] = {}

    def of(self, target: str) -> Lane:
        """
        The target's lane, made where there is none.
        """
        lane = self._lanes.get(target)
        if lane is None:
            lane = self._lanes[target] = Lane(target, self._breakers)
        return lane

    def find(self, target: str) -> Lane | None:
        return self._lanes.get(target)

    def all(self) -> tuple[Lane, ...]:
        return tuple(self._lanes.values())

    def at_work(self) -> set[str]:
        """
        Targets that something is in hand of, or was a moment ago; not those that fail and have nothing.
        """
        return {target for target, lane in self._lanes.items() if lane.is_at_work}

    def offers(self) -> tuple[dict[str, int], float]:
        """
        How many more of each target are to be claimed now, and in how many seconds time alone changes that.
        """
        now = self._breakers.clock()
        room: dict[str, int] = {}
        changes_at = inf
        for target, lane in tuple(self._lanes.items()):
            if lane.is_over(now):
                del self._lanes[target]
                continue
            room[target] = lane.offer(now)
            changes_at = min(changes_at, lane.breaker.changes_at(now))
        for breaker in self._breakers.shut():
            if breaker.target not in room:
                room[breaker.target] = breaker.room(now)
                changes_at = min(changes_at, breaker.changes_at(now))
        return room, max(0.0, changes_at - now)
