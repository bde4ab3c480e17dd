"""
What one process may ask is a part of what all may, and good for a while only.
"""

import asyncio
from math import inf

import pytest

from tests.performing.work import Clock
from webhook_engine.dispatch.allowance import Allowance
from webhook_engine.dispatch.limits import Limiter
from webhook_engine.errors import LimitExceeded


@pytest.fixture
def clock():
    return Clock()


def given(clock, *, slots=4, starts=0, per_second=None, for_s=5.0):
    allowance = Allowance(clock)
    allowance.limit(per_second)
    allowance.slots = allowance.goal = slots
    allowance.starts = allowance.starts_goal = starts
    allowance.until = clock.now + for_s
    return allowance


def test_nothing_may_be_asked_before_it_is_given(clock):
    """
    A process that does not know of the others yet leaves the target to them.
    """
    assert 0 == Allowance(clock).room(0, 0, clock.now)


def test_what_was_not_given_anew_in_time_is_not_used(clock):
    """
    By then it may be another's.
    """
    allowance = given(clock, for_s=5.0)

    before = allowance.room(1, 0, clock.now)
    clock.now += 5.0

    assert (3, 0) == (before, allowance.room(1, 0, clock.now))
    assert not allowance.is_denied(clock.now)


def test_what_the_target_takes_away_is_taken_from_each(clock):
    """
    One is left of those that there are.
    """
    allowance = given(clock, slots=4)

    assert [4, 3, 1] == [allowance.room(0, away, clock.now) for away in (0, 1, 9)]


def test_no_more_start_in_any_second_than_may(clock):
    """
    What started is counted until a second later.
    """
    allowance = given(clock, starts=2, per_second=5.0)
    rooms = []
    for _ in range(2):
        allowance.note_start()
        clock.now += 0.4
        rooms.append(allowance.room(0, 0, clock.now))
    opens_at = allowance.changes_at(clock.now)
    clock.now = opens_at

    assert [1, 0] == rooms
    assert 1001.0 == opens_at
    assert 1 == allowance.room(0, 0, clock.now)


def test_less_than_one_in_a_second_is_one_in_many(clock):
    """
    As the definitions say it: 0.2 is one in five seconds.
    """
    allowance = Allowance(clock)

    assert (1, 5.0) == (allowance.limit(0.2), allowance.window_s)
    assert (0, inf) == (allowance.limit(None), allowance.changes_at(clock.now))


async def test_who_waits_for_nobody_keeps_to_it_and_an_agent_does_not():
    """
    The group's own limit is an agent's; what is durable leaves to other processes what is theirs.
    """
    clock = asyncio.get_running_loop().time
    allowance = Allowance(clock)
    allowance.slots = allowance.goal = 1
    allowance.until = clock() + 60
    limiter = Limiter("CRM", max_in_flight=3, allowance=allowance)

    first = limiter.try_enter(clock(), behind=True)
    second = limiter.try_enter(clock(), behind=True)
    agents = limiter.try_enter(clock())

    assert (True, False, True) == (first, second, agents)


async def test_what_others_have_is_not_waited_for():
    """
    A delivery goes back to them at once.
    """
    clock = asyncio.get_running_loop().time
    allowance = Allowance(clock)
    allowance.until = clock() + 60
    limiter = Limiter("CRM", max_in_flight=3, allowance=allowance)

    with pytest.raises(LimitExceeded, match="CRM is left to other processes"):
        await limiter.enter(deadline=clock() + 60, behind=True)


async def test_who_waits_goes_on_when_there_is_more():
    """
    Nobody waits for the next request to end.
    """
    clock = asyncio.get_running_loop().time
    allowance = Allowance(clock)
    limiter = Limiter("CRM", max_in_flight=3, allowance=allowance)
    waiting = asyncio.create_task(limiter.enter(deadline=clock() + 60, behind=True))
    await asyncio.sleep(0)

    allowance.slots = allowance.goal = 1
    allowance.until = clock() + 60
    allowance.tell()

    await asyncio.wait_for(waiting, 5)
