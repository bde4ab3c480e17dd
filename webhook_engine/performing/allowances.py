"""
Targets and groups divided among the processes of one delivery queue, and what one finds out about targets told to all.

A process asks for its part when it has the first delivery, and once a second from then on. What it is to give away it
stops using at once, and gives away when that has ended. What it was not given anew in time it does not use, for it may
be another's by then.
"""

from __future__ import annotations

import asyncio
from bisect import bisect
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from webhook_engine import log
from webhook_engine.dispatch.allowance import Allowance
from webhook_engine.errors import QueueError
from webhook_engine.queue.portions import PortionAsk, TargetNews

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from webhook_engine.dispatch.allowance import GroupLimit
    from webhook_engine.performing.breaker import Breaker
    from webhook_engine.performing.breakers import Breakers
    from webhook_engine.performing.lanes import Lanes
    from webhook_engine.queue.portions import DividingQueue, Portion

LENGTH_S: Final = 10.0
"""A process of which nothing was heard for so long has no part any more, whether it still has a connection or not."""

GOOD_S: Final = 5.0
"""A part that was given so long ago is not used any more: what began before has the rest of the time to end."""

_EVERY_S: Final = 1.0
_HASTE_S: Final = 0.05
"""Between two times, while something is to be given away or to come."""

_LEAST_S: Final = 0.005

_AT_ONCE: Final = 32
"""Targets that are asked for together although nothing is in hand for them."""


class Allowances:
    """
    Keeps what a performer may ask of its targets, and of their groups, while `run` runs.
    """

    def __init__(
        self,
        queue: DividingQueue,
        breakers: Breakers,
        lanes: Lanes,
        *,
        groups: Callable[[str], tuple[GroupLimit, ...]] | None = None,
        changed: Callable[[str], None],
    ) -> None:
        """
        Args:
            groups: What limits those that ask a target.

            changed: Told of each target that may be asked more, or less, than before.
        """
        self._queue, self._breakers, self._lanes, self._changed = queue, breakers, lanes, changed
        self._groups_at = groups
        self._groups: dict[str, Allowance] = {}
        self._stir = asyncio.Event()
        self._held: dict[str, str | None] = {}
        """Of what others may think that there is a part here: its name to its group, None where it is a target."""
        self._wanting: set[str] = set()
        """Of what others are to give something away."""
        self._turn = ""
        """The last of those that were asked for in turn."""
        self._is_told = False

    def of_group(self, name: str) -> Allowance:
        """
        What this process may ask of all targets of a group.
        """
        return self._groups.setdefault(name, Allowance(self._breakers.clock))

    def stir(self) -> None:
        """
        There is something to ask for, or to tell.
        """
        self._stir.set()

    async def run(self) -> None:
        """
        Goes on until it is cancelled.
        """
        self._queue.hear_of_portions(self.stir)
        pause_s = _EVERY_S
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._stir.wait()
            self._stir.clear()
            try:
                is_settled = await self._ask()
                self._is_told = False
            except QueueError as error:
                self._tell_of(error)
                self._leave()
                is_settled = True
            pause_s = _EVERY_S if is_settled else _HASTE_S
            await asyncio.sleep(_LEAST_S)

    def _leave(self) -> None:
        """
        Uses nothing until it is known again what is this process's: others may believe that it has ended.
        """
        now = self._breakers.clock()
        for name, group in self._held.items():
            (self.of_group(group) if group else self._breakers.allowance(name)).until = now

    async def give_back(self) -> None:
        """
        Leaves everything to the others.
        """
        with suppress(QueueError):  # they have it when the time is over
            await self._queue.divide([_nothing(name) for name in sorted(self._held)], LENGTH_S)
            self._held.clear()
            self._queue.tell_of_portions()

    # --- One time ----------------------------------------------------------------------------

    async def _ask(self) -> bool:
        """
        Returns:
            Whether everything is as it should be.
        """
        await self._learn()
        now = self._breakers.clock()
        asks = self._asks(now)
        if not asks:
            return True
        news = [each.target for each in asks if each.news is not None]
        self._held |= {each.target: group for each, group in asks.items()}
        try:
            portions = await self._queue.divide(tuple(asks), LENGTH_S)
        except BaseException:
            for target in news:
                self._breakers.of(target).is_news = True
            raise
        found = dict(zip(asks, portions, strict=True))
        gone = [each.target for each in asks if not each.wishes]
        for name in gone:
            del self._held[name]
        wanting = {each.target for each, portion in found.items() if _is_short(portion)}
        if news or gone or wanting - self._wanting:
            self._queue.tell_of_portions()
        self._wanting = wanting
        for each, portion in found.items():
            if each.wishes:
                self._take(each.target, asks[each], portion, now)
        return all(_is_settled(portion) for portion in portions)

    def _asks(self, now: float) -> Mapping[PortionAsk, str | None]:
        """
        What is asked for, each with its group.
        """
        lanes = self._lanes.at_work()
        shut = {each.target for each in self._breakers.shut()} - lanes
        targets = lanes | self._some(shut)
        wanted: dict[str, str | None] = dict.fromkeys(targets)
        limits: dict[str, GroupLimit] = {}
        for target in sorted(targets):
            for limit in () if self._groups_at is None else self._groups_at(target):
                name = f"group {limit.tenant}/{limit.group}"
                limits[name], wanted[name] = limit, limit.group
        asks: dict[PortionAsk, str | None] = {}
        for name, group in wanted.items():
            asks[self._ask_of_group(name, limits[name], now) if group else self._ask_of(name, now)] = group
        for name, group in tuple(self._held.items()):
            if name in wanted:
                continue
            if name in shut:
                del self._held[name]  # it is over by itself
                continue
            allowance = self.of_group(group) if group else self._breakers.allowance(name)
            allowance.until = now
            asks[_nothing(name)] = group
        return asks

    def _some(self, shut: set[str]) -> set[str]:
        """
        Of targets that fail and have nothing in hand, those whose turn it is: there may be very many of them.
        """
        ordered = sorted(shut)
        after = bisect(ordered, self._turn)
        some = (ordered[after:] + ordered[:after])[:_AT_ONCE]
        self._turn = some[-1] if some else ""
        return set(some)

    def _ask_of(self, target: str, now: float) -> PortionAsk:
        breaker, allowance = self._breakers.of(target), self._breakers.allowance(target)
        limits = () if self._groups_at is None else self._groups_at(target)
        rates = [limit.per_second for limit in limits]
        # Where one of its groups has no end to that, neither has the target.
        rate = sum(each for each in rates if each) if rates and all(rates) else None
        is_held = allowance.is_held(now)
        news, breaker.is_news = _news_of(breaker, now) if breaker.is_news else None, False
        return PortionAsk(
            target=target,
            slots=breaker.slots,
            keeps=max(allowance.slots if is_held else 0, breaker.running),
            starts=allowance.limit(rate),
            keeps_starts=max(allowance.starts if is_held else 0, allowance.recent(now)),
            knows=breaker.generation,
            news=news,
        )

    def _ask_of_group(self, name: str, limit: GroupLimit, now: float) -> PortionAsk:
        allowance = self.of_group(limit.group)
        is_held = allowance.is_held(now)
        return PortionAsk(
            target=name,
            slots=limit.slots,
            keeps=max(allowance.slots if is_held else 0, allowance.running),
            starts=allowance.limit(limit.per_second),
            keeps_starts=max(allowance.starts if is_held else 0, allowance.recent(now)),
        )

    async def _learn(self) -> None:
        """
        Agents' lookups are spared what another process found out, whether anything durable is sent there or not.
        """
        for shut in await self._queue.shut():
            breaker = self._breakers.of(shut.target)
            if shut.generation != breaker.generation and not breaker.is_news:
                self._breakers.follow(breaker, shut)
                self._changed(shut.target)

    def _take(self, name: str, group: str | None, portion: Portion, asked_at: float) -> None:
        now = self._breakers.clock()
        allowance = self.of_group(group) if group else self._breakers.allowance(name)
        before = (allowance.is_held(now), allowance.slots, allowance.starts)
        # What is more than its part is not used from here on, and given away when that has ended.
        allowance.slots, allowance.goal = min(portion.slots, portion.goal), portion.goal
        allowance.starts = min(portion.starts, portion.starts_goal)
        allowance.starts_goal = portion.starts_goal
        allowance.until = asked_at + GOOD_S
        is_other = before != (allowance.is_held(now), allowance.slots, allowance.starts)
        if group:
            if is_other:
                allowance.tell()
            return
        breaker = self._breakers.of(name)
        if portion.generation != breaker.generation:
            self._breakers.follow(breaker, portion)
            is_other = True
        if is_other or allowance.is_denied(now):
            self._changed(name)

    def _tell_of(self, error: QueueError) -> None:
        if not self._is_told:
            self._is_told = True
            log.event("portions.unknown", why=str(error))


def _nothing(name: str) -> PortionAsk:
    return PortionAsk(target=name, wishes=False, slots=0)


def _is_short(portion: Portion) -> bool:
    return portion.goal > portion.slots or portion.starts_goal > portion.starts


def _is_settled(portion: Portion) -> bool:
    return portion.goal == portion.slots and portion.starts_goal == portion.starts


def _news_of(breaker: Breaker, now: float) -> TargetNews | None:
    if not breaker.recovering:
        return TargetNews("closed")
    wait_s = breaker.wait(now)
    if wait_s <= 0:
        return None
    return TargetNews("paused" if breaker.is_paused else "open", wait_s, breaker.opened)
