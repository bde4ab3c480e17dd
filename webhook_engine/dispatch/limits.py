"""
How much a group asks of its target system at one time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from math import isfinite
from typing import TYPE_CHECKING

from webhook_engine.dispatch.places import Places
from webhook_engine.dispatch.standing import Standing
from webhook_engine.errors import LimitExceeded

if TYPE_CHECKING:
    from webhook_engine.dispatch.allowance import Allowance

_TURNS = 4
"""So many that stand in front go before one that stands behind them: neither starves."""


class Limiter:
    """
    Lets requests of one group through, in the order they came, and never more than its limits.

    Those that an agent waits for stand in front of those that nobody waits for. Where the group has several targets,
    one that hangs does not take all the places: whoever asks another one may pass those who wait for it.

    Where other processes ask the group's targets too, those that nobody waits for keep to what this one is allowed.
    """

    def __init__(
        self,
        name: str,
        *,
        max_in_flight: int | None = None,
        max_per_second: float | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        """
        Args:
            name: The group, or the webhook that has none.

            max_in_flight: Requests that may be on their way together.

            max_per_second: Requests that may start in any one second; below 1, one in `1 / max_per_second` s.

            allowance: This process's part of both, where it shares them.
        """
        self.name = name
        self._places = Places(max_in_flight)
        starts = max(1, int(max_per_second)) if max_per_second else 0
        self._starts: deque[float] | None = deque(maxlen=starts) if starts else None
        self._window_s = max(1.0, 1 / max_per_second) if max_per_second else 0.0
        self._waiting = Standing()
        self._behind = Standing()
        self._turns = 0
        """How many went before one that stands behind, in a row."""
        self._timer: asyncio.TimerHandle | None = None
        self._allowance = allowance
        if allowance is not None:
            allowance.listen(self._admit)

    def try_enter(self, now: float, target: str = "", *, behind: bool = False) -> bool:
        """
        Enters at once where there is room and nobody waits; a True must be paid back by `leave`.
        """
        if self._waiting.rows or self._behind.rows or not self._places.are_open_to(target, now):
            return False
        if behind and not self._is_allowed(now):
            return False
        if self._starts is not None and self._starts_in(now) > 0:
            return False
        self._take(target, now)
        return True

    async def enter(self, *, deadline: float, target: str = "", behind: bool = False) -> None:
        """
        Enters as soon as there is room; must be paid back by `leave`.

        Args:
            deadline: On the running loop's clock.

            behind: Whether an agent's request goes first.

        Raises:
            LimitExceeded: There was no room before the deadline, or there is none for this process.
        """
        loop = asyncio.get_running_loop()
        if self.try_enter(loop.time(), target, behind=behind):
            return
        if behind and self._allowance is not None and self._allowance.is_denied(loop.time()):
            raise LimitExceeded(f"{self.name} is left to other processes; nothing was sent", target=self.name)
        turn: asyncio.Future[None] = loop.create_future()
        (self._behind if behind else self._waiting).add(target, turn)
        self._admit()
        try:
            async with asyncio.timeout_at(deadline):
                await turn
        except BaseException as error:
            self._give_up(target, turn)
            if isinstance(error, TimeoutError):
                raise LimitExceeded(self._why(target, loop.time()), target=self.name) from None
            raise

    def leave(self, target: str = "") -> None:
        """
        Makes room for the next.
        """
        self._places.give_back(target)
        if self._allowance is not None:
            self._allowance.running -= 1
        if self._waiting.rows or self._behind.rows:
            self._admit()

    def close(self) -> None:
        """
        Sends away whoever still waits.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for turn in (*self._waiting.clear(), *self._behind.clear()):
            if not turn.done():
                turn.set_exception(
                    LimitExceeded(
                        f"{self.name} was closed before its turn came; nothing was sent", target=self.name
                    )
                )

    def _starts_in(self, now: float) -> float:
        """
        Seconds until the next may start, as far as the rate is concerned.
        """
        if self._starts is None or len(self._starts) < (self._starts.maxlen or 0):
            return 0.0
        return max(0.0, self._starts[0] + self._window_s - now)

    def _is_allowed(self, now: float) -> bool:
        """
        Whether one more that nobody waits for is within what this process may ask.
        """
        return self._allowance is None or self._allowance.room(self._allowance.running, 0, now) > 0

    def _take(self, target: str, now: float) -> None:
        self._places.take(target, now)
        if self._allowance is not None:
            self._allowance.running += 1
            self._allowance.note_start()
        if self._starts is not None:
            self._starts.append(now)

    def _admit(self) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while not self._places.are_taken:
            now = loop.time()
            if (wait_s := self._starts_in(now)) > 0:
                if self._waiting.rows or self._behind.rows:
                    self._timer = loop.call_later(wait_s, self._admit)
                return
            found = self._next(now)
            if found is None:
                self._wait_for_allowance(loop, now)
                return
            target, turn = found
            if not turn.done():
                self._take(target, now)
                turn.set_result(None)

    def _wait_for_allowance(self, loop: asyncio.AbstractEventLoop, now: float) -> None:
        if (
            self._behind.rows
            and self._allowance is not None
            and isfinite(at := self._allowance.changes_at(now))
        ):
            self._timer = loop.call_later(max(0.001, at - now), self._admit)

    def _next(self, now: float) -> tuple[str, asyncio.Future[None]] | None:
        """
        The first whose target may have a place.
        """
        in_front = self._waiting.first(lambda target: self._places.are_open_to(target, now))
        is_allowed = self._is_allowed(now)
        behind = self._behind.first(lambda target: is_allowed and self._places.are_open_to(target, now))
        if behind is None or (in_front is not None and self._turns < _TURNS):
            self._turns += behind is not None
            return None if in_front is None else self._waiting.take(in_front)
        self._turns = 0
        return self._behind.take(behind)

    def _give_up(self, target: str, turn: asyncio.Future[None]) -> None:
        if turn.done() and not turn.cancelled() and turn.exception() is None:
            self.leave(target)  # admitted in the very moment it gave up
            return
        if self._waiting.remove(target, turn) or self._behind.remove(target, turn):
            self._admit()

    def _why(self, target: str, now: float) -> str:
        if self._places.are_open_to(target, now):
            return f"{self.name} may start no more requests yet (max_per_second); nothing was sent"
        most, held = self._places.most, self._places.held_by(target)
        if self._places.are_taken:
            return (
                f"{self.name} has its {most} requests under way (max_in_flight), "
                "and none ended in time; nothing was sent"
            )
        return (
            f"{self.name} has {held} of its {most} requests under way to {target} (max_in_flight), none ended in "
            "time, and the other places are kept for its other targets; nothing was sent"
        )
