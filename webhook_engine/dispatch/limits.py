"""
How much a group asks of its target system at one time.
"""

from __future__ import annotations

import asyncio
from collections import deque

from webhook_engine.errors import LimitExceeded

_TURNS = 4
"""So many that stand in front go before one that stands behind them: neither starves."""


class Limiter:
    """
    Lets requests of one group through, in the order they came, and never more than its limits.

    Those that an agent waits for stand in front of those that nobody waits for.
    """

    def __init__(
        self, name: str, *, max_in_flight: int | None = None, max_per_second: float | None = None
    ) -> None:
        """
        Args:
            name: The group, or the webhook that has none.

            max_in_flight: Requests that may be on their way together.

            max_per_second: Requests that may start in any one second; below 1, one in `1 / max_per_second` s.
        """
        self.name = name
        self._max_in_flight = max_in_flight
        self._in_flight = 0
        starts = max(1, int(max_per_second)) if max_per_second else 0
        self._starts: deque[float] | None = deque(maxlen=starts) if starts else None
        self._window_s = max(1.0, 1 / max_per_second) if max_per_second else 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._behind: deque[asyncio.Future[None]] = deque()
        self._turns = 0
        """How many went before one that stands behind, in a row."""
        self._timer: asyncio.TimerHandle | None = None

    def try_enter(self, now: float) -> bool:
        """
        Enters at once where there is room and nobody waits; a True must be paid back by `leave`.
        """
        if self._waiting or self._behind:
            return False
        if self._starts is None and self._max_in_flight is not None:
            # As below, for the limit that every group has.
            if self._in_flight >= self._max_in_flight:
                return False
            self._in_flight += 1
            return True
        if self._opens_in(now) > 0:
            return False
        self._take(now)
        return True

    async def enter(self, *, deadline: float, behind: bool = False) -> None:
        """
        Enters as soon as there is room; must be paid back by `leave`.

        Args:
            deadline: On the running loop's clock.

            behind: Whether an agent's request goes first.

        Raises:
            LimitExceeded: There was no room before the deadline.
        """
        loop = asyncio.get_running_loop()
        if self.try_enter(loop.time()):
            return
        turn: asyncio.Future[None] = loop.create_future()
        (self._behind if behind else self._waiting).append(turn)
        self._admit()
        try:
            async with asyncio.timeout_at(deadline):
                await turn
        except BaseException as error:
            self._give_up(turn)
            if isinstance(error, TimeoutError):
                raise LimitExceeded(self._why(), target=self.name) from None
            raise

    def leave(self) -> None:
        """
        Makes room for the next.
        """
        self._in_flight -= 1
        if self._waiting or self._behind:
            self._admit()

    def close(self) -> None:
        """
        Sends away whoever still waits.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for turn in (*self._waiting, *self._behind):
            if not turn.done():
                turn.set_exception(
                    LimitExceeded(
                        f"{self.name} was closed before its turn came; nothing was sent", target=self.name
                    )
                )
        self._waiting.clear()
        self._behind.clear()

    def _opens_in(self, now: float) -> float:
        """
        Seconds until the next may start; 0 is now, infinity is when somebody leaves.
        """
        if self._max_in_flight is not None and self._in_flight >= self._max_in_flight:
            return float("inf")
        if self._starts is None or len(self._starts) < (self._starts.maxlen or 0):
            return 0.0
        return max(0.0, self._starts[0] + self._window_s - now)

    def _take(self, now: float) -> None:
        self._in_flight += 1
        if self._starts is not None:
            self._starts.append(now)

    def _admit(self) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting or self._behind:
            wait_s = self._opens_in(loop.time())
            if wait_s > 0:
                if wait_s < float("inf"):
                    self._timer = loop.call_later(wait_s, self._admit)
                return
            turn = self._next()
            if not turn.done():
                self._take(loop.time())
                turn.set_result(None)

    def _next(self) -> asyncio.Future[None]:
        if not self._behind:
            return self._waiting.popleft()
        if self._waiting and self._turns < _TURNS:
            self._turns += 1
            return self._waiting.popleft()
        self._turns = 0
        return self._behind.popleft()

    def _give_up(self, turn: asyncio.Future[None]) -> None:
        if turn.done() and not turn.cancelled() and turn.exception() is None:
            self.leave()  # admitted in the very moment it gave up
            return
        for waiting in (self._waiting, self._behind):
            if turn in waiting:
                waiting.remove(turn)
                self._admit()

    def _why(self) -> str:
        if self._max_in_flight is not None and self._in_flight >= self._max_in_flight:
            return (
                f"{self.name} has its {self._max_in_flight} requests under way (max_in_flight), "
                "and none ended in time; nothing was sent"
            )
        return f"{self.name} may start no more requests yet (max_per_second); nothing was sent"
