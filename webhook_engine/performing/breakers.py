"""
The breakers of all targets, shared by whoever asks them: durable deliveries and waiting agents.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from webhook_engine import log
from webhook_engine.dispatch.allowance import Allowance
from webhook_engine.performing.breaker import (
    Breaker,
    BreakerReport,
    BreakerSettings,
    BreakerState,
    Word,
)

if TYPE_CHECKING:
    from webhook_engine.queue.portions import Portion, ShutTarget

_TIDY_AT = 256
"""Breakers above which those with nothing to remember are put away."""


class Breakers:
    """
    One breaker for each target that there is something to know about.
    """

    def __init__(
        self,
        settings: BreakerSettings | None = None,
        *,
        slots: Callable[[str], int | None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            slots: Requests a target may have under way; the settings' where it is left
                out or gives None. Asked when a target is first met.

            clock: Seconds that do not go back.
        """
        self.settings = settings or BreakerSettings()
        self.clock = clock
        self._slots = slots
        self._is_shared = False
        self._breakers: dict[str, Breaker] = {}
        self._shut: dict[str, Breaker] = {}
        self._tidy_at = _TIDY_AT
        self._listeners: list[Callable[[str], None]] = []

    def of(self, target: str) -> Breaker:
        """
        The target's breaker, made where there is none.
        """
        breaker = self._breakers.get(target)
        if breaker is None:
            if len(self._breakers) >= self._tidy_at:
                self.tidy()
                self._tidy_at = max(_TIDY_AT, 2 * len(self._breakers))
            breaker = self._breakers[target] = Breaker(target, self._slots_of(target), self.settings)
            self._equip(breaker)
        return breaker

    def share(self, *, is_shared: bool) -> None:
        """
        Lets durable deliveries go as far as this process's allowance of each target; there is none at first.
        """
        self._is_shared = is_shared
        for breaker in self._breakers.values():
            self._equip(breaker)

    def allowance(self, target: str) -> Allowance:
        """
        What this process may ask of a target that others ask too.
        """
        breaker = self.of(target)
        if breaker.allowance is None:
            breaker.allowance = Allowance(self.clock)
        return breaker.allowance

    def _equip(self, breaker: Breaker) -> None:
        breaker.allowance = Allowance(self.clock) if self._is_shared else None

    def resize(self) -> None:
        """
        Asks anew how much each target may have under way, as after a change of definitions.
        """
        for target, breaker in self._breakers.items():
            breaker.resize(self._slots_of(target))

    def leave(self, breaker: Breaker, epoch: int, word: Word, pause_s: float | None = None) -> None:
        """
        Notes that a request has ended, and tells who listens where that changes how the target is treated.
        """
        now = self.clock()
        if word is Word.WELL and pause_s is None and not breaker.recovering:
            breaker.leave_well(epoch, now)
            return
        before, at = breaker.state(now), breaker.wait(now)
        breaker.leave(epoch, word, now, pause_s=pause_s)
        after = breaker.state(now)
        breaker.is_news |= breaker.wait(now) > at or (after is not before and after is BreakerState.CLOSED)
        self._note(breaker, before, after)
        if after is not BreakerState.CLOSED or before is not after:
            self.tell(breaker.target)

    def follow(self, breaker: Breaker, portion: Portion | ShutTarget) -> None:
        """
        Treats a target as all processes do from now on.
        """
        now = self.clock()
        before = breaker.state(now)
        if portion.state == "closed":
            breaker.follow_well(portion.generation)
        else:
            breaker.follow(
                portion.generation,
                now + portion.wait_s,
                opened=portion.opened,
                paused=portion.state == "paused",
            )
        self._note(breaker, before, breaker.state(now))

    def _note(self, breaker: Breaker, before: BreakerState, after: BreakerState) -> None:
        if after is before:
            return
        _log(breaker, after, self.clock())
        if after is BreakerState.CLOSED:
            self._shut.pop(breaker.target, None)
        else:
            self._shut[breaker.target] = breaker

    def tell(self, target: str) -> None:
        """
        Tells who listens that there may be other room for *target* than before.
        """
        for listener in self._listeners:
            listener(target)

    def listen(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """
        Calls *listener* with a target whenever there may be other room for it than before.

        Returns:
            What ends that.
        """
        self._listeners.append(listener)

        def end() -> None:
            with suppress(ValueError):
                self._listeners.remove(listener)

        return end

    def shut(self) -> tuple[Breaker, ...]:
        """
        Those that are treated in another way than the rest.
        """
        return tuple(self._shut.values())

    def report(self) -> tuple[BreakerReport, ...]:
        """
        Every target that something is known about, by its name.
        """
        now = self.clock()
        return tuple(self._breakers[name].report(now) for name in sorted(self._breakers))

    def _slots_of(self, target: str) -> int:
        found = None if self._slots is None else self._slots(target)
        return self.settings.slots if found is None else max(1, found)

    def tidy(self) -> None:
        """
        Forgets targets of which there is nothing to remember.
        """
        now = self.clock()
        for name in [name for name, breaker in self._breakers.items() if _is_nothing(breaker, now)]:
            del self._breakers[name]


def _is_nothing(breaker: Breaker, now: float) -> bool:
    return breaker.is_idle(now) and (breaker.allowance is None or not breaker.allowance.is_held(now))


def _log(breaker: Breaker, state: BreakerState, now: float) -> None:
    if log.is_heard():
        log.event(
            "target.changed",
            target=breaker.target,
            state=str(state),
            failures=breaker.failures,
            wait_s=round(breaker.wait(now), 1),
        )
