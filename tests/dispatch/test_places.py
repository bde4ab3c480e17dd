"""
One target of a group that hangs leaves places for the others.
"""

from __future__ import annotations

import asyncio

import pytest

from webhook_engine.dispatch import Limiter
from webhook_engine.dispatch.places import KNOWN_S, Places
from webhook_engine.errors import LimitExceeded

from .conftest import PATIENCE_S


def soon(seconds: float = PATIENCE_S) -> float:
    """
    A deadline.
    """
    return asyncio.get_running_loop().time() + seconds


def held(places: Places, target: str, now: float = 0.0) -> int:
    """
    How many the target has when it has taken whatever it may.
    """
    while places.are_open_to(target, now):
        places.take(target, now)
    return places.held_by(target)


def known(most: int | None, *targets: str) -> Places:
    """
    Places of a group whose targets were asked a moment ago.
    """
    places = Places(most)
    for target in targets:
        places.are_open_to(target, 0.0)
    return places


@pytest.mark.parametrize(
    ("most", "others", "expected"),
    [(3, 0, 3), (3, 1, 2), (3, 2, 2), (10, 1, 9), (10, 3, 7), (10, 20, 5), (2, 1, 1), (1, 1, 1)],
)
def test_what_one_target_may_have(most: int, others: int, expected: int) -> None:
    """
    A place for each other target is left, half of all at most; where there is but one place none is.
    """
    places = known(most, *(f"other {n}" for n in range(others)))

    assert expected == held(places, "hangs")


def test_each_of_several_that_hang_leaves_one() -> None:
    """
    As long as there are enough, the healthy one has a place.
    """
    places = known(10, "a", "b", "c", "healthy")

    assert [7, 1, 1] == [held(places, name) for name in ("a", "b", "c")]
    assert 1 == held(places, "healthy")


def test_what_nobody_asks_for_keeps_no_place() -> None:
    """
    After ten minutes a group of old targets has all its places for the one that is in use.
    """
    places = known(3, "old")

    assert 3 == held(places, "new", KNOWN_S + 1)


def test_what_has_no_end_is_not_dealt() -> None:
    """
    Where only the rate is limited.
    """
    places = known(None, "a", "b")
    for _ in range(100):
        places.take("a", 0.0)

    assert places.are_open_to("a", 0.0)


async def test_whoever_asks_a_healthy_target_passes_those_who_wait_for_the_other() -> None:
    """
    One after the other, through the place that is kept; those who wait keep their order.
    """
    limiter = Limiter("CRM", max_in_flight=3)
    now = asyncio.get_running_loop().time()
    assert limiter.try_enter(now, "healthy")
    limiter.leave("healthy")
    assert [True, True, False] == [limiter.try_enter(now, "hangs") for _ in range(3)]
    order: list[int] = []

    async def wait(number: int) -> None:
        await limiter.enter(deadline=soon(), target="hangs")
        order.append(number)

    waiting = [asyncio.create_task(wait(number)) for number in range(4)]
    await asyncio.sleep(0)
    for _ in range(20):
        await limiter.enter(deadline=soon(), target="healthy")
        await asyncio.sleep(0)
        assert not order
        limiter.leave("healthy")
    for _ in range(4):
        limiter.leave("hangs")
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)

    assert [0, 1, 2, 3] == order


async def test_what_is_in_the_way_is_named() -> None:
    """
    It is not the limit alone: the places that are left are not for this target.
    """
    limiter = Limiter("CRM", max_in_flight=3)
    now = asyncio.get_running_loop().time()
    assert limiter.try_enter(now, "healthy:443")
    limiter.leave("healthy:443")
    for _ in range(2):
        assert limiter.try_enter(now, "hangs:443")

    with pytest.raises(
        LimitExceeded, match=r"2 of its 3 requests under way to hangs:443.*kept for its other"
    ):
        await limiter.enter(deadline=soon(0.01), target="hangs:443")
