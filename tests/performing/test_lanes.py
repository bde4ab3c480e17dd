"""
How much more of each target is claimed, and when that changes by itself.
"""

from tests.performing.work import CRM, Clock
from webhook_engine.performing import Breakers, BreakerSettings
from webhook_engine.performing.breaker import Word
from webhook_engine.performing.lanes import Lanes


def some(clock, slots=4):
    breakers = Breakers(BreakerSettings(slots=slots), clock=clock)
    return breakers, Lanes(breakers)


def end(breakers, lane, word=Word.WELL, **more):
    breakers.leave(lane.breaker, lane.breaker.enter(), word, **more)
    lane.note_end()


def test_a_new_target_gets_its_slots():
    """
    Nothing is claimed that could not start at once.
    """
    _, lanes = some(Clock())
    lanes.of(CRM)

    assert ({CRM: 4}, float("inf")) == lanes.offers()


def test_a_quick_target_is_claimed_ahead_of_time():
    """
    As much as it answers in a tenth of a second waits here, so that it need not wait for a claim.
    """
    clock = Clock()
    breakers, lanes = some(clock)
    lane = lanes.of(CRM)
    for _ in range(100):
        end(breakers, lane)
    clock.now += 0.125

    assert ({CRM: 4 + 80}, float("inf")) == lanes.offers()


def test_a_target_that_stopped_answering_is_not():
    """
    Its pace is what it was in the time since the last look.
    """
    clock = Clock()
    breakers, lanes = some(clock)
    lane = lanes.of(CRM)
    for _ in range(100):
        end(breakers, lane)
    clock.now += 0.1
    lanes.offers()
    for _ in range(4):
        lane.breaker.enter()
    clock.now += 0.1

    assert {CRM: 0} == lanes.offers()[0]


def test_time_alone_makes_room():
    """
    When a pause ends, or a slot comes back that was taken for a while.
    """
    clock = Clock()
    breakers, lanes = some(clock)
    end(breakers, lanes.of("crowded"), Word.CROWDED)
    assert ({"crowded": 3}, 60.0) == lanes.offers()

    end(breakers, lanes.of("paused"), Word.CROWDED, pause_s=30.0)

    assert ({"crowded": 3, "paused": 0}, 30.0) == lanes.offers()


def test_a_target_that_only_agents_ask_is_left_alone_too():
    """
    What they found out counts before the first delivery is claimed for it.
    """
    clock = Clock()
    breakers, lanes = some(clock)
    breaker = breakers.of(CRM)
    for _ in range(5):
        breakers.leave(breaker, breaker.enter(), Word.FAILED)

    assert ({CRM: 0}, 5.0) == lanes.offers()


def test_a_quiet_target_is_forgotten():
    """
    Ten seconds after its last response, where there is nothing else to know about it.
    """
    clock = Clock()
    breakers, lanes = some(clock)
    end(breakers, lanes.of(CRM))
    clock.now += 1.0
    lanes.offers()
    clock.now += 0.1
    lanes.offers()
    assert 1 == len(lanes.all())

    clock.now += 10.0
    lanes.offers()

    assert () == lanes.all()


def test_while_enough_is_in_hand_nothing_is_claimed():
    """
    Many claims of a few cost more than one of many; half of what is fetched ahead has to be gone first.
    """
    clock = Clock()
    breakers, lanes = some(clock)
    lane = lanes.of(CRM)
    for _ in range(100):
        end(breakers, lane)
    clock.now += 0.125
    lanes.offers()
    lane.waiting.extend([None] * 60)

    assert {CRM: 0} == lanes.offers()[0]
    assert not lane.is_short(clock.now)

    for _ in range(20):
        lane.waiting.pop()

    assert lane.is_short(clock.now)
    assert {CRM: 44} == lanes.offers()[0]


def test_what_is_being_fetched_is_claimed_by_nobody_else():
    """
    Otherwise the same room would be filled twice.
    """
    clock = Clock()
    _, lanes = some(clock)
    lane = lanes.of(CRM)
    lanes.offers()
    lane.offered = 0

    assert 4 == lane.begin_fetch(clock.now)
    assert {CRM: 0} == lanes.offers()[0]
    assert not lane.is_short(clock.now)
