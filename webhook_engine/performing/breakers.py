"""
The breakers of all targets, shared by whoever asks them: durable deliveries and waiting agents.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from webhook_engine import log
from webhook_engine.performing.breaker import (
    Breaker,
    BreakerReport,
    BreakerSettings,
    BreakerState,
    Word,
)

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
        return breaker

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
        before = breaker.state(now)
        breaker.leave(epoch, word, now, pause_s=pause_s)
        after = breaker.state(now)
        if after is not before:
            _log(breaker, after, now)
            if after is BreakerState.CLOSED:
                self._shut.pop(breaker.target, None)
            else:
                self._shut[breaker.target] = breaker
        if after is not BreakerState.CLOSED or before is not after:
            self.tell(breaker.target)

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
        for name in [name for name, breaker in self._breakers.items() if breaker.is_idle(now)]:
            del self._breakers[name]


def _log(breaker: Breaker, state: BreakerState, now: float) -> None:
    if log.is_heard():
        log.event(
            "target.changed",
            target=breaker.target,
            state=str(state),
            failures=breaker.failures,
            wait_s=round(breaker.wait(now), 1),
        )
