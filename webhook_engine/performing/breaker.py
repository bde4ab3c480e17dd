"""
How much one target is asked at a time: nothing while it fails, little when it comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webhook_engine.dispatch.allowance import Allowance


class Word(Enum):
    """
    What a response, or the want of one, tells about its target.
    """

    WELL = auto()
    """It works, whatever it thought of the request."""

    FAILED = auto()
    CROWDED = auto()
    """It is asked too much at a time."""

    NOTHING = auto()


class BreakerState(StrEnum):
    """
    How a target is treated.
    """

    CLOSED = "closed"
    """As usual."""

    OPEN = "open"
    """Not asked: it failed too often."""

    PAUSED = "paused"
    """Not asked: it wished so."""

    HALF_OPEN = "half-open"
    """Asked one thing, to see whether it works again."""

    RECOVERING = "recovering"
    """Asked more and more: one more at a time for each success, so twice as much each round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSettings:
    """
    When a target is left alone, and for how long.
    """

    slots: int = 10
    """Requests under way at a time, where nothing else is said of the target."""

    failures: int = 5
    """So many in a row open it; as many as it has slots where it worked a moment ago."""

    moment_s: float = 10.0
    """How long a success tells that a target works."""

    open_s: float = 5.0
    """How long it stays open; twice as long each time that the first request fails again."""

    longest_open_s: float = 60.0

    crowded_s: float = 60.0
    """For how long each complaint that there is too much at once takes a slot away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerReport:
    """
    A target as it is treated now.
    """

    target: str
    state: BreakerState
    slots: int
    """Requests it may have under way now."""

    running: int
    failures: int
    """In a row."""

    wait_s: float
    """Until it is asked again; 0 where it is."""


class Breaker:
    """
    One target. Arithmetic on times that it is given, all on one clock that does not go back.
    """

    __slots__ = (
        "_allowed",
        "_crowded",
        "_epoch",
        "_opened",
        "_paused",
        "_until",
        "_well_at",
        "allowance",
        "failures",
        "fresh",
        "generation",
        "is_news",
        "recovering",
        "running",
        "settings",
        "slots",
        "target",
    )

    def __init__(self, target: str, slots: int, settings: BreakerSettings) -> None:
        self.target = target
        self.slots = slots
        """Requests under way at a time when all is well."""
        self.settings = settings
        self.allowance: Allowance | None = None
        """What this process may ask, where others ask the target too."""
        self.generation = 0
        """Of what is known from others."""
        self.is_news = False
        """Whether others are to be told how it is treated."""
        self.running = 0
        """Requests under way."""
        self.fresh = 0
        """Those of them that were started since it was last opened."""
        self.failures = 0
        self._allowed = slots
        self.recovering = False
        """Whether it is not treated as usual. False is closed, at any time: what opens or pauses it sets this."""
        self._paused = False
        self._until = -inf
        self._well_at = -inf
        self._opened = 0
        """How often in a row."""
        self._epoch = 0
        self._crowded: list[float] = []
        """When each slot that was taken away comes back."""

    def state(self, now: float) -> BreakerState:
        if now < self._until:
            return BreakerState.PAUSED if self._paused else BreakerState.OPEN
        if not self.recovering:
            return BreakerState.CLOSED
        return BreakerState.HALF_OPEN if self._allowed == 1 else BreakerState.RECOVERING

    @property
    def is_full(self) -> bool:
        """
        Whether there is no more room until something ends.
        """
        return self.running >= self.slots - len(self._crowded)

    @property
    def is_paused(self) -> bool:
        """
        Whether it was opened because the target wished so.
        """
        return self._paused

    @property
    def opened(self) -> int:
        """
        How often in a row it was opened.
        """
        return self._opened

    def room(self, now: float) -> int:
        """
        How many more requests may start.
        """
        room = self._own_room(now)
        if self.allowance is None or not room:
            return room
        return min(room, self.allowance.room(self.running, len(self._crowded), now))

    def is_denied(self, now: float) -> bool:
        """
        Whether the target is left to other processes.
        """
        return self.allowance is not None and self.allowance.is_denied(now)

    def _own_room(self, now: float) -> int:
        if now < self._until:
            return 0
        if not self.recovering and not self._crowded:
            return max(0, self.slots - self.running)
        # What hangs from before is no reason not to look again, as long as the target has a free slot.
        most = self._most(now)
        return max(0, min(min(self._allowed, most) - self.fresh, most - self.running))

    def refusal(self, now: float) -> str | None:
        """
        Why somebody who cannot wait is not let through; None where nothing speaks against it.
        """
        if now < self._until:
            if self._paused:
                return "it asked for a pause"
            return f"it failed {self.failures} times in a row"
        if self.recovering and self.fresh >= self._allowed:
            return "it is just coming back, and is asked little at a time"
        return None

    def wait(self, now: float) -> float:
        """
        Seconds until it is asked again; 0 where it is.
        """
        return max(0.0, self._until - now)

    def changes_at(self, now: float) -> float:
        """
        When there will be more room although nothing ends; infinity is never.
        """
        if now < self._until:
            return self._until
        at = min((at for at in self._crowded if at > now), default=inf)
        return at if self.allowance is None else min(at, self.allowance.changes_at(now))

    def enter(self) -> int:
        """
        Notes that a request starts.

        Returns:
            What `leave` wants to know.
        """
        self.running += 1
        self.fresh += 1
        if self.allowance is not None:
            self.allowance.note_start()
        return self._epoch

    def leave(self, epoch: int, word: Word, now: float, *, pause_s: float | None = None) -> None:
        """
        Notes that a request has ended, and what that tells.

        Args:
            epoch: What `enter` returned.

            pause_s: For how long the target asked not to be asked.
        """
        self.running -= 1
        if epoch == self._epoch:
            self.fresh -= 1
            if word is Word.WELL:
                self._well(now)
            elif word is Word.FAILED:
                self._failed(now)
        if word is Word.CROWDED:
            # One is left, whatever it says.
            self._most(now)
            if len(self._crowded) < self.slots - 1:
                self._crowded.append(now + self.settings.crowded_s)
        if pause_s is not None and pause_s > 0:
            self._pause(now + pause_s)

    def leave_well(self, epoch: int, now: float) -> None:
        """
        `leave` as it is nearly always: the target works, as it did before, and nothing changes.
        """
        self.running -= 1
        if epoch == self._epoch:
            self.fresh -= 1
            self.failures = 0
            self._well_at = now

    def follow(self, generation: int, until: float, *, opened: int, paused: bool) -> None:
        """
        Leaves the target alone until then, as another process found out.
        """
        self.generation, self.is_news = generation, False
        if until > self._until:
            self._until, self._paused = until, paused
        self._opened = max(self._opened, opened)
        self._start_over()

    def follow_well(self, generation: int) -> None:
        """
        Treats the target as usual, as another process found out.
        """
        self.generation, self.is_news = generation, False
        self.failures = self._opened = 0
        self._allowed = self.slots
        self._until, self.recovering = -inf, False

    def resize(self, slots: int) -> None:
        """
        Another number of requests may be under way when all is well.
        """
        self.slots = slots
        self._allowed = min(self._allowed, slots) if self.recovering else slots

    def is_idle(self, now: float) -> bool:
        """
        Whether there is nothing to remember about it.
        """
        return (
            not self.running
            and not self.recovering
            and not self.failures
            and now >= self._until
            and self._most(now) == self.slots
        )

    def report(self, now: float) -> BreakerReport:
        state = self.state(now)
        most = 0 if now < self._until else self._most(now)
        return BreakerReport(
            target=self.target,
            state=state,
            slots=min(most, self._allowed) if self.recovering else most,
            running=self.running,
            failures=self.failures,
            wait_s=self.wait(now),
        )

    def _most(self, now: float) -> int:
        if self._crowded:
            self._crowded = [at for at in self._crowded if at > now]
        return max(1, self.slots - len(self._crowded))

    def _well(self, now: float) -> None:
        self.failures = 0
        self._well_at = now
        if self.recovering:
            self._allowed += 1
            if self._allowed >= self.slots:
                self._allowed = self.slots
                self.recovering = False
                self._opened = 0

    def _failed(self, now: float) -> None:
        self.failures += 1
        if self.recovering and self._allowed > 1:
            self._allowed //= 2
        elif self.recovering or self._is_enough(now):
            self._open(now)

    def _is_enough(self, now: float) -> bool:
        """
        A target that worked a moment ago and has many requests under way gets the benefit of the doubt.
        """
        if self.failures < self.settings.failures:
            return False
        return self.failures >= self.slots or now - self._well_at >= self.settings.moment_s

    def _open(self, now: float) -> None:
        open_s = min(self.settings.open_s * 2.0 ** min(self._opened, 30), self.settings.longest_open_s)
        self._opened += 1
        if now + open_s > self._until:
            self._until = now + open_s
            self._paused = False
        self._start_over()

    def _pause(self, until: float) -> None:
        if until > self._until:
            self._until = until
            self._paused = True
        self._start_over()

    def _start_over(self) -> None:
        """
        What is under way was started in other times: how it ends says nothing about the target from here on.
        """
        self._epoch += 1
        self.fresh = 0
        self._allowed = 1
        # With one slot, one success is recovery enough.
        self.recovering = True
