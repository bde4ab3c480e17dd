"""
What this process may ask of a target or of a group, where others ask it too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf
from typing import NamedTuple


class GroupLimit(NamedTuple):
    """
    What a group grants its targets, by all processes together.
    """

    group: str
    tenant: str
    slots: int
    """Requests that may be under way at one time."""
    per_second: float | None


class Allowance:
    """
    A portion of its slots and starts, good for a while. Arithmetic on the times of one clock.
    """

    __slots__ = (
        "_clock",
        "_listeners",
        "_started",
        "goal",
        "running",
        "slots",
        "starts",
        "starts_goal",
        "until",
        "window_s",
    )

    def __init__(self, clock: Callable[[], float]) -> None:
        """
        Args:
            clock: Seconds that do not go back.
        """
        self._clock = clock
        self.slots = self.goal = 0
        self.starts = self.starts_goal = 0
        """Requests that may start within `window_s`."""
        self.window_s = 0.0
        """0 where nothing limits how many start."""
        self.until = -inf
        """When it is the others' unless it was given anew."""
        self.running = 0
        """Requests under way, as whoever lets them through counts."""
        self._started: deque[float] = deque()
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """
        Calls *listener* whenever more may be asked than before.
        """
        self._listeners.append(listener)

    def tell(self) -> None:
        for listener in self._listeners:
            listener()

    def is_held(self, now: float) -> bool:
        """
        Whether it was given, and is still good.
        """
        return now < self.until

    def is_denied(self, now: float) -> bool:
        """
        Whether it is certain that others do the work.
        """
        return now < self.until and (not self.goal or (self.window_s > 0 and not self.starts_goal))

    def room(self, running: int, away: int, now: float) -> int:
        """
        How many more requests may start.

        Args:
            running: Requests under way.

            away: Slots that the target itself took away.
        """
        if now >= self.until or not self.slots:
            return 0
        room = max(1, self.slots - away) - running
        if self.window_s:
            room = min(room, self.starts - self.recent(now))
        return max(0, room)

    def note_start(self) -> None:
        """
        One more started.
        """
        if self.window_s:
            self._started.append(self._clock())

    def recent(self, now: float) -> int:
        """
        How many started within the window.
        """
        while self._started and self._started[0] + self.window_s <= now:
            self._started.popleft()
        return len(self._started)

    def changes_at(self, now: float) -> float:
        """
        When another one may start for the sake of its rate; infinity where that is not what it waits for.
        """
        if not self.window_s or not self.starts or now >= self.until:
            return inf
        over = self.recent(now) - self.starts
        return inf if over < 0 else self._started[over] + self.window_s

    def limit(self, per_second: float | None) -> int:
        """
        Lets so many start in a second, by all processes together.

        Returns:
            As a number of starts within `window_s`; 0 for no limit.
        """
        if not per_second:
            self.window_s = 0.0
            self._started.clear()
            return 0
        self.window_s = max(1.0, 1 / per_second)
        return max(1, int(per_second))
