"""
Live requests: an agent waits, so there is one deadline over everything and no second chance but a safe one.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from webhook_engine.dispatch.attempt import Attempt
from webhook_engine.errors import TargetPaused, TimedOut
from webhook_engine.performing.breaker import Word
from webhook_engine.performing.breakers import Breakers
from webhook_engine.performing.judging import says_crowded
from webhook_engine.performing.lookups import Lookups
from webhook_engine.performing.retry_after import retry_after
from webhook_engine.performing.second_try import is_failure, is_worth_a_second, ran_out
from webhook_engine.performing.settle import Facts, line_of
from webhook_engine.performing.stale import StaleAnswers

if TYPE_CHECKING:
    from collections.abc import Hashable

    from webhook_engine.dispatch.request import PreparedRequest


class Send(Protocol):
    """
    Sends a request and ends within its deadline, whatever the target does; what goes wrong is in the attempt.

    That is the only deadline of the everyday request: there is no second one around it.
    """

    async def __call__(
        self, request: PreparedRequest, *, number: int = 1, deadline: float | None = None
    ) -> Attempt:
        """
        Args:
            number: Which try it is.

            deadline: On the loop's clock; the request's own from now on where left out.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings:
    """
    What is done for an agent who waits.
    """

    pause_s: float = 0.1
    """Longest wait before the second try."""

    least_s: float = 0.25
    """With less time left than this there is no second try."""

    stale_answers: int = 1024
    stale_bytes: int = 16 * 1024 * 1024
    """What is kept for when a target fails, at most."""


class LiveAnswer(NamedTuple):
    """
    What is there for the agent when the waiting is over.
    """

    attempt: Attempt
    """The last one. Its number counts both where there were two, its `took_s` is how long the agent waited."""

    age_s: float | None = None
    """How old the answer is where it is one from before, because the target fails now; else None."""

    failed: Attempt | None = None
    """What failed, where the answer is one from before."""

    shared: bool = False
    """Whether somebody else's request, which was under way already, brought it."""


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
        if not request.route.is_safe:
            return LiveAnswer(await self._tried(request))
        key, is_first = self._lookups.enter(request)
        if not is_first:
            answer = await self._joined(key, request)
        else:
            attempt = None
            try:
                attempt = await self._tried(request)
            finally:
                self._lookups.leave(key, attempt)
            answer = LiveAnswer(attempt)
        return answer if stale_s <= 0 else self._or_older(request, answer, stale_s, good)

    async def _joined(self, key: Hashable, request: PreparedRequest) -> LiveAnswer:
        """
        What comes of somebody else's lookup, within the deadline of this one.

        Whoever asked first has less time left: where that ran out, or they left, who has time asks again.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        deadline = began + request.deadline_s
        is_first = False
        while not is_first:
            attempt = await self._lookups.answer(key, until=deadline)
            left_s = deadline - loop.time()
            if attempt is None and left_s <= 0:
                late = TimedOut(target=request.target, after_s=request.deadline_s)
                attempt = Attempt(number=1, prepared=request, error=late, sent=True)
            if attempt is not None and not (ran_out(attempt) and left_s >= self.settings.least_s):
                return LiveAnswer(replace(attempt, took_s=loop.time() - began), shared=True)
            key, is_first = self._lookups.enter(request)
        attempt = None
        try:
            attempt = await self._tried(request, deadline=deadline)
        finally:
            self._lookups.leave(key, attempt)
        return LiveAnswer(replace(attempt, took_s=loop.time() - began))

    def _or_older(
        self, request: PreparedRequest, answer: LiveAnswer, stale_s: float, good: Callable[[Attempt], bool]
    ) -> LiveAnswer:
        """
        *answer*, kept where it is a good one, or an older one where it is none at all.
        """
        attempt, now = answer.attempt, self.breakers.clock()
        if is_failure(attempt):
            if (found := self._stale.find(request, stale_s, now)) is not None:
                kept, age_s = found
                shown = replace(kept, took_s=attempt.took_s)
                return LiveAnswer(shown, age_s=age_s, failed=attempt, shared=answer.shared)
        elif good(attempt):
            self._stale.keep(request, attempt, now)
        return answer

    async def _tried(
        self, request: PreparedRequest, *, number: int = 1, deadline: float | None = None
    ) -> Attempt:
        """
        One request, or two where the second cannot do harm.
        """
        breakers = self.breakers
        breaker = breakers.of(request.target)
        if breaker.recovering and (why := breaker.refusal(now := breakers.clock())) is not None:
            paused = TargetPaused(target=breaker.target, wait_s=breaker.wait(now), why=why)
            return Attempt(number=number, prepared=request, error=paused)
        epoch = breaker.enter()
        word, pause_s = Word.NOTHING, None
        try:
            attempt = await self._send(request, number=number, deadline=deadline)
            word, pause_s = _told(attempt)
        finally:
            was_full = breaker.is_full
            breakers.leave(breaker, epoch, word, pause_s)
            if was_full:
                breakers.tell(breaker.target)
        if word is Word.WELL or number > 1 or not is_worth_a_second(attempt):
            return attempt
        return await self._tried_again(request, attempt, deadline)

    async def _tried_again(self, request: PreparedRequest, first: Attempt, deadline: float | None) -> Attempt:
        """
        The second attempt, which counts, or the first where there is none.
        """
        loop = asyncio.get_running_loop()
        began = loop.time() - first.took_s
        if deadline is None:
            deadline = began + request.deadline_s
        pause_s = self.settings.pause_s * random.random()  # noqa: S311  # spreads load, keeps no secret
        if deadline - loop.time() - pause_s < self.settings.least_s:
            return first
        await asyncio.sleep(pause_s)
        second = await self._tried(request, number=first.number + 1, deadline=deadline)
        if isinstance(second.error, TargetPaused):
            # The first failure is why; it says more.
            return first
        return replace(
            second,
            took_s=loop.time() - began,
            sent=first.sent or second.sent,
            # The numbers of the second go on from those of the first.
            times_sent=first.sends + max(0, second.sends - first.number),
        )


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
