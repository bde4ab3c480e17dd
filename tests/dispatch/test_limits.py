"""
A group's limits hold, in the order its requests came.
"""

from __future__ import annotations

import asyncio

import pytest

from webhook_engine.dispatch import Limiter
from webhook_engine.errors import LimitExceeded

from .conftest import PATIENCE_S, Clock


def soon(seconds: float = PATIENCE_S) -> float:
    """
    A deadline.
    """
    return asyncio.get_running_loop().time() + seconds


async def test_never_more_in_flight() -> None:
    """
    The third of two waits until one leaves.
    """
    limiter = Limiter("CRM", max_in_flight=2)
    for _ in range(2):
        await limiter.enter(deadline=soon())
    third = asyncio.create_task(limiter.enter(deadline=soon()))
    for _ in range(10):
        await asyncio.sleep(0)
    waited = not third.done()
    limiter.leave()
    await third

    assert waited


async def test_first_come_first_served() -> None:
    """
    Also past whoever would find room at once.
    """
    limiter = Limiter("CRM", max_in_flight=1)
    await limiter.enter(deadline=soon())
    order: list[int] = []

    async def work(number: int) -> None:
        await limiter.enter(deadline=soon())
        order.append(number)
        await asyncio.sleep(0)
        limiter.leave()

    tasks = [asyncio.create_task(work(number)) for number in range(5)]
    await asyncio.sleep(0)
    limiter.leave()
    assert not limiter.try_enter(asyncio.get_running_loop().time())
    await asyncio.gather(*tasks)

    assert [0, 1, 2, 3, 4] == order


async def test_nobody_passes_those_who_wait() -> None:
    """
    Not even in the moment when there is room and the first of them has not noticed.
    """
    limiter = Limiter("CRM", max_per_second=1)
    now = asyncio.get_running_loop().time()
    assert limiter.try_enter(now)
    waiting = asyncio.create_task(limiter.enter(deadline=soon(5)))
    await asyncio.sleep(0)

    assert not limiter.try_enter(now + 2)
    waiting.cancel()


async def test_who_waits_too_long_is_sent_away(clock: Clock) -> None:
    """
    With the group, the limit and the word that nothing was sent.
    """
    limiter = Limiter("CRM", max_in_flight=1)
    await limiter.enter(deadline=soon())
    waiting = asyncio.create_task(limiter.enter(deadline=soon(4)))
    await clock.forward(3.9)
    assert not waiting.done()
    await clock.forward(0.1)

    with pytest.raises(
        LimitExceeded, match=r"CRM has its 1 requests under way \(max_in_flight\).*nothing was sent"
    ):
        await waiting
    limiter.leave()

    assert limiter.try_enter(asyncio.get_running_loop().time())


async def test_never_more_in_a_second(clock: Clock) -> None:
    """
    In any second, wherever it begins, and no fewer either.
    """
    limiter = Limiter("CRM", max_per_second=5)
    began = clock()
    starts: list[float] = []

    async def work() -> None:
        await limiter.enter(deadline=soon())
        starts.append(clock() - began)
        limiter.leave()

    tasks = [asyncio.create_task(work()) for _ in range(3)]
    for _ in range(9):
        await clock.forward(0.25)
        tasks += [asyncio.create_task(work()) for _ in range(3)]
    while len(starts) < len(tasks):
        await clock.forward(0.25)

    assert starts == sorted(starts)
    assert all(later - earlier >= 0.999 for earlier, later in zip(starts, starts[5:], strict=False))
    assert starts[-1] < 7  # thirty at five a second, and steps of a quarter


async def test_a_rate_below_one_is_a_pause(clock: Clock) -> None:
    """
    Four seconds between two, at one in four.
    """
    limiter = Limiter("CRM", max_per_second=0.25)
    await limiter.enter(deadline=soon())
    limiter.leave()
    early = asyncio.create_task(limiter.enter(deadline=soon(3.9)))
    patient = asyncio.create_task(limiter.enter(deadline=soon(4.1)))
    await clock.forward(3.9)

    with pytest.raises(LimitExceeded, match="max_per_second"):
        await early
    assert not patient.done()
    await clock.forward(0.1)
    await patient


async def test_giving_up_frees_the_place_in_the_queue() -> None:
    """
    A cancelled request neither holds nor loses room.
    """
    limiter = Limiter("CRM", max_in_flight=1)
    await limiter.enter(deadline=soon())
    gone = asyncio.create_task(limiter.enter(deadline=soon()))
    stays = asyncio.create_task(limiter.enter(deadline=soon()))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    limiter.leave()
    await stays
    limiter.leave()

    assert limiter.try_enter(asyncio.get_running_loop().time())


async def test_giving_up_in_the_moment_of_entering_gives_the_room_back() -> None:
    """
    Admitted and cancelled between two steps of the loop.
    """
    limiter = Limiter("CRM", max_in_flight=1)
    await limiter.enter(deadline=soon())
    unlucky = asyncio.create_task(limiter.enter(deadline=soon()))
    await asyncio.sleep(0)
    limiter.leave()
    unlucky.cancel()
    await asyncio.gather(unlucky, return_exceptions=True)

    assert limiter.try_enter(asyncio.get_running_loop().time())


async def test_closing_sends_everybody_away() -> None:
    """
    Nobody waits for an engine that is gone.
    """
    limiter = Limiter("CRM", max_in_flight=1, max_per_second=1)
    await limiter.enter(deadline=soon())
    waiting = asyncio.create_task(limiter.enter(deadline=soon(30)))
    await asyncio.sleep(0)
    limiter.close()

    with pytest.raises(LimitExceeded, match="closed before its turn came; nothing was sent"):
        await waiting


async def test_those_who_cannot_wait_stand_in_front() -> None:
    """
    Four of them go before one that stands behind them, and that one is not forgotten.
    """
    limiter = Limiter("CRM", max_in_flight=1)
    await limiter.enter(deadline=soon())
    order: list[str] = []

    async def work(name: str, *, behind: bool) -> None:
        await limiter.enter(deadline=soon(), behind=behind)
        order.append(name)
        limiter.leave()

    tasks = [asyncio.create_task(work("delivery", behind=True)) for _ in range(2)]
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(work("agent", behind=False)) for _ in range(6)]
    await asyncio.sleep(0)
    limiter.leave()
    await asyncio.gather(*tasks)

    assert ["agent"] * 4 + ["delivery"] + ["agent"] * 2 + ["delivery"] == order


async def test_who_stands_behind_gives_up_in_time() -> None:
    """
    At its own deadline, and leaves nothing behind.
    """
    limiter = Limiter("CRM", max_in_flight=1)
    await limiter.enter(deadline=soon())
    with pytest.raises(LimitExceeded):
        await limiter.enter(deadline=soon(0.01), behind=True)

    limiter.leave()
    assert limiter.try_enter(asyncio.get_running_loop().time())
