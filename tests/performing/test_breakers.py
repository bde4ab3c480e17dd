"""
Whoever asks a target shares its breaker with everybody else who does.
"""

import logging

from tests.performing.work import CRM, Clock
from webhook_engine.performing import Breakers, BreakerSettings
from webhook_engine.performing.breaker import Word


def fail(breakers, target=CRM, times=5):
    for _ in range(times):
        breaker = breakers.of(target)
        breakers.leave(breaker, breaker.enter(), Word.FAILED)


def test_each_target_has_its_own():
    """
    What one does is no concern of another.
    """
    breakers = Breakers(clock=Clock())

    fail(breakers)
    breakers.of("other")

    assert {CRM: "open", "other": "closed"} == {each.target: each.state for each in breakers.report()}


def test_the_everyday_end_is_an_end_like_any_other():
    """
    It takes a short way, which forgets failures and counts what is under way as the long one does.
    """
    short, long = Breakers(clock=Clock()), Breakers(clock=Clock())

    for breakers, leave in (
        (short, lambda breaker, epoch: short.leave(breaker, epoch, Word.WELL)),
        (long, lambda breaker, epoch: breaker.leave(epoch, Word.WELL, long.clock())),
    ):
        breaker = breakers.of(CRM)
        first, second = breaker.enter(), breaker.enter()
        fail(breakers, times=4)
        leave(breaker, first)
        fail(breakers, times=4)  # four in a row again, not eight
        leave(breaker, second)
        fail(breakers, times=7)  # more than five: a success a moment ago is the benefit of the doubt

    (ours,), (theirs,) = short.report(), long.report()
    assert theirs == ours
    assert ("closed", 0, 7) == (ours.state, ours.running, ours.failures)


def test_what_was_started_in_other_times_counts_as_under_way_alone():
    """
    A success from before a failure that opened and healed it says nothing about its slots now.
    """
    clock = Clock()
    breakers = Breakers(BreakerSettings(slots=1, failures=1), clock=clock)
    breaker = breakers.of(CRM)
    old = breaker.enter()
    fail(breakers, times=1)
    clock.now += 5
    breakers.leave(breaker, breaker.enter(), Word.WELL)
    assert "closed" == breaker.state(clock.now)

    breakers.leave(breaker, old, Word.WELL)

    assert (0, 0) == (breaker.running, breaker.fresh)


def test_a_target_has_the_slots_it_is_given():
    """
    By whoever knows its group; the usual number where nobody does.
    """
    wanted = {CRM: 3}
    breakers = Breakers(BreakerSettings(slots=7), slots=wanted.get, clock=Clock())
    assert (3, 7) == (breakers.of(CRM).slots, breakers.of("other").slots)

    wanted[CRM] = 30
    breakers.resize()

    assert 30 == breakers.of(CRM).room(0.0)


def test_changes_are_told(caplog):
    """
    To who listens and to the log; a target that works is not worth a word.
    """
    caplog.set_level(logging.INFO, "webhook_engine")
    told = []
    breakers = Breakers(clock=Clock())
    end = breakers.listen(told.append)

    breaker = breakers.of("fine")
    breakers.leave(breaker, breaker.enter(), Word.WELL)
    fail(breakers)
    end()
    fail(breakers, "another")

    assert [CRM] == told
    events = [(each.message, each.target, each.state) for each in caplog.records]
    assert [("target.changed", CRM, "open"), ("target.changed", "another", "open")] == events


def test_what_is_shut_is_known():
    """
    Until it works as usual again.
    """
    clock = Clock()
    breakers = Breakers(BreakerSettings(slots=2), clock=clock)
    fail(breakers)
    assert [CRM] == [each.target for each in breakers.shut()]

    clock.now += 5
    breaker = breakers.of(CRM)
    breakers.leave(breaker, breaker.enter(), Word.WELL)

    assert () == breakers.shut()


def test_memory_does_not_grow_with_targets():
    """
    Those that there is nothing to know about are forgotten; those that failed are not.
    """
    breakers = Breakers(clock=Clock())
    fail(breakers)

    for n in range(10_000):
        breakers.of(f"t{n}")

    assert len(breakers.report()) < 1000
    assert CRM in {each.target for each in breakers.report()}
