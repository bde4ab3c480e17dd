"""
Live requests: an agent waits, so there is one deadline over everything and no second chance but a safe one.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from webhook_engine.dispatch.attempt import Attempt
from webhook_engine.dispatch.deadlines import Deadlines
from webhook_engine.errors import TargetPaused, TimedOut
from webhook_engine.performing.breaker import Word
from webhook_engine.performing.breakers import Breakers
from webhook_engine.performing.judging import says_crowded
from webhook_engine.performing.lookups import Lookups
from webhook_engine.performing.retry_after import retry_after
from webhook_engine.performing.second_try import is_failure, is_worth_a_second
from webhook_engine.performing.settle import Facts, line_of
from webhook_engine.performing.stale import StaleAnswers

if TYPE_CHECKING:
    from webhook_engine.dispatch.request import PreparedRequest

Send = Callable[["PreparedRequest"], Awaitable[Attempt]]
"""Sends a request and ends within its deadline; what goes wrong is in the attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings:
    """
    What is done for an agent who waits.
    """

    pause_s: float = 0.1
    """Longest wait before the second try."""

    least_s: float = 0.25
    """With less time left than this there is no second try."""

    late_s: float = 0.1
    """How long after its deadline a request is taken back that has not ended by itself."""

    stale_answers: int = 1024
    stale_bytes: int = 16 * 1024 * 1024
    """What is kept for when a target fails, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAnswer:
    """
    What is there for the agent when the waiting is over.
    """

    attempt: Attempt
    """The last one; its number counts both where there were two."""

    age_s: float | None = None
    """How old the answer is where it is one from before, because the target fails now; else None."""

    failed: Attempt | None = None
    """What failed, where the answer is one from before."""

    shared: bool = False
    """Whether somebody else's request, which was under way already, brought it."""

    took_s: float = 0.0


def answered_well(attempt: Attempt) -> bool:
    """
    Whether an answer may be shown again later: the target said that all is well.
    """
    return attempt.response is not None and 200 <= attempt.response.status < 300


class Live:
    """
    Asks target systems for agents who wait, for one event loop.
    """

    def __init__(
        self, send: Send, *, breakers: Breakers | None = None, settings: LiveSettings | None = None
    ) -> None:
        """
        Args:
            breakers: Shared with whoever else asks the same targets.
        """
        self.breakers = breakers or Breakers()
        self.settings = settings or LiveSettings()
        self._send = send
        self._deadlines = Deadlines()
        self._lookups = Lookups()
        self._stale = StaleAnswers(self.settings.stale_answers, self.settings.stale_bytes)

    async def ask(
        self,
        request: PreparedRequest,
        *,
        stale_s: float = 0.0,
        good: Callable[[Attempt], bool] = answered_well,
    ) -> LiveAnswer:
        """
        Ends within the request's deadline, whatever the target does; what comes later is dropped.

        Args:
            stale_s: How old an answer may be that takes the place of one that fails; 0 for none.

            good: Whether an answer is kept for that.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        deadline = began + request.deadline_s
        if request.method != "GET":
            attempt = await self._try(request, deadline)
            return LiveAnswer(attempt=attempt, took_s=loop.time() - began)
        attempt, shared = await self._lookups.share(
            request, lambda: self._try(_until(request, deadline, loop.time()), deadline)
        )
        took_s = loop.time() - began
        if stale_s > 0:
            now = self.breakers.clock()
            if is_failure(attempt):
                if (found := self._stale.find(request, stale_s, now)) is not None:
                    kept, age_s = found
                    return LiveAnswer(attempt=kept, age_s=age_s, failed=attempt, shared=shared, took_s=took_s)
            elif good(attempt):
                self._stale.keep(request, attempt, now)
        return LiveAnswer(attempt=attempt, shared=shared, took_s=took_s)

    def close(self) -> None:
        """
        Takes its timers back from the loop.
        """
        self._deadlines.close()

    async def _try(self, request: PreparedRequest, deadline: float) -> Attempt:
        """
        One request, or two where the second cannot do harm.
        """
        first = await self._once(request, deadline)
        if not is_worth_a_second(first):
            return first
        loop = asyncio.get_running_loop()
        pause_s = self.settings.pause_s * random.random()  # noqa: S311  # spreads load, keeps no secret
        if deadline - loop.time() - pause_s < self.settings.least_s:
            return first
        await asyncio.sleep(pause_s)
        second = await self._once(_until(request, deadline, loop.time()), deadline)
        if isinstance(second.error, TargetPaused):
            # The first failure is why; it says more.
            return first
        return replace(
            second,
            number=first.number + second.number,
            took_s=first.took_s + pause_s + second.took_s,
            sent=first.sent or second.sent,
        )

    async def _once(self, request: PreparedRequest, deadline: float) -> Attempt:
        target = request.target
        breaker = self.breakers.of(target)
        now = self.breakers.clock()
        if (why := breaker.refusal(now)) is not None:
            paused = TargetPaused(target=target, wait_s=breaker.wait(now), why=why)
            return Attempt(number=1, prepared=request, error=paused)
        epoch = breaker.enter()
        word, pause_s = Word.NOTHING, None
        try:
            attempt = await self._within(request, deadline)
            word, pause_s = _told(attempt)
        finally:
            self.breakers.leave(breaker, epoch, word, pause_s=pause_s)
        return attempt

    async def _within(self, request: PreparedRequest, deadline: float) -> Attempt:
        """
        The attempt, or one that was taken back where it had to end and did not.
        """
        watch = self._deadlines.at(deadline + self.settings.late_s)
        try:
            with watch:
                return await self._send(request)
        except TimeoutError:
            if not watch.expired:
                raise
        late = TimedOut(target=request.target, after_s=request.deadline_s)
        return Attempt(number=1, prepared=request, error=late, took_s=request.deadline_s, sent=True)


def _until(request: PreparedRequest, deadline: float, now: float) -> PreparedRequest:
    """
    The request with no more time than is left of its deadline.
    """
    left_s = max(0.0, deadline - now)
    if left_s >= request.deadline_s - 0.001:
        return request
    return replace(request, route=replace(request.route, deadline_s=left_s))


def _told(attempt: Attempt) -> tuple[Word, float | None]:
    """
    What an attempt tells about its target, and for how long that asked to be left alone.
    """
    response = attempt.response
    if response is None:
        return line_of(Facts(error=attempt.error)).word, None
    if says_crowded(response):
        return Word.CROWDED, None
    if 200 <= response.status < 300:
        return Word.WELL, None
    word = line_of(Facts(status=response.status)).word
    if (value := response.header("retry-after")) is None:
        return word, None
    return word, retry_after(value, now=datetime.now(UTC))
