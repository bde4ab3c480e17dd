"""
A target that fails is left alone, and asked little when it comes back.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_engine.performing import BreakerSettings, BreakerState
from webhook_engine.performing.breaker import Breaker, Word

SETTINGS = BreakerSettings(failures=5, moment_s=10, open_s=5, longest_open_s=60, crowded_s=60)
CLOSED, OPEN, PAUSED = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.PAUSED
HALF_OPEN, RECOVERING = BreakerState.HALF_OPEN, BreakerState.RECOVERING


def a_breaker(slots=8):
    return Breaker("crm.example.com:443", slots, SETTINGS)


def one(breaker, word, now, **more):
    breaker.leave(breaker.enter(), word, now, **more)


def opened(slots=8):
    breaker = a_breaker(slots)
    for _ in range(5):
        one(breaker, Word.FAILED, 0.0)
    return breaker


def test_it_has_room_for_its_slots():
    """
    And less by what is under way.
    """
    breaker = a_breaker()
    breaker.enter()

    assert (7, CLOSED) == (breaker.room(0.0), breaker.state(0.0))


def test_failures_in_a_row_open_it():
    """
    The fifth does; then it is not asked for five seconds, and asked one thing after that.
    """
    breaker = a_breaker()
    states = []
    for _ in range(5):
        one(breaker, Word.FAILED, 0.0)
        states.append((breaker.state(0.0), breaker.room(0.0)))

    assert [(CLOSED, 8)] * 4 + [(OPEN, 0)] == states
    assert (OPEN, 0) == (breaker.state(4.9), breaker.room(4.9))
    assert (HALF_OPEN, 1) == (breaker.state(5.0), breaker.room(5.0))


def test_a_success_in_between_starts_the_count_anew():
    """
    Only failures in a row count.
    """
    breaker = a_breaker()
    for _ in range(20):
        for _ in range(4):
            one(breaker, Word.FAILED, 0.0)
        one(breaker, Word.WELL, 0.0)

    assert CLOSED is breaker.state(0.0)


def test_what_is_under_way_together_may_fail_together():
    """
    A target that worked a moment ago and has many slots is not given up for five of them.
    """
    breaker = a_breaker(slots=20)
    one(breaker, Word.WELL, 0.0)
    for _ in range(19):
        one(breaker, Word.FAILED, 1.0)

    assert CLOSED is breaker.state(1.0)
    one(breaker, Word.FAILED, 1.0)
    assert OPEN is breaker.state(1.0)


def test_a_moment_ago_ends():
    """
    When it worked longer ago, five are enough.
    """
    breaker = a_breaker(slots=20)
    one(breaker, Word.WELL, 0.0)
    for _ in range(5):
        one(breaker, Word.FAILED, 11.0)

    assert OPEN is breaker.state(11.0)


def test_it_stays_open_longer_each_time():
    """
    Twice as long whenever the one request fails again, up to a minute.
    """
    breaker, now, waits = opened(), 0.0, []
    for _ in range(6):
        waits.append(breaker.wait(now))
        now += breaker.wait(now)
        one(breaker, Word.FAILED, now)

    assert [5.0, 10.0, 20.0, 40.0, 60.0, 60.0] == waits


def test_it_recovers_by_doubling():
    """
    Each success makes room for one more, so each round for twice as many, until all is as before.
    """
    breaker, rounds = opened(slots=8), []
    while breaker.state(5.0) is not CLOSED:
        room = breaker.room(5.0)
        rounds.append(room)
        epochs = [breaker.enter() for _ in range(room)]
        for epoch in epochs:
            breaker.leave(epoch, Word.WELL, 5.0)

    assert [1, 2, 4] == rounds
    assert 8 == breaker.room(5.0)


def test_a_failure_while_it_recovers_halves_the_room():
    """
    It is not shut at once again, unless it has but one.
    """
    breaker = opened(slots=16)
    for _ in range(6):
        one(breaker, Word.WELL, 5.0)
    one(breaker, Word.FAILED, 5.0)

    assert (RECOVERING, 3) == (breaker.state(5.0), breaker.room(5.0))


def test_what_hung_before_says_nothing_later():
    """
    Requests from before it opened neither open it longer nor close it, and take their slots all the same.
    """
    breaker = a_breaker(slots=8)
    hanging = [breaker.enter() for _ in range(3)]
    for _ in range(5):
        one(breaker, Word.FAILED, 0.0)
    breaker.leave(hanging[0], Word.WELL, 1.0)
    breaker.leave(hanging[1], Word.FAILED, 6.0)

    assert (HALF_OPEN, 1, 1) == (breaker.state(6.0), breaker.room(6.0), breaker.running)


def test_a_target_is_never_asked_more_than_its_slots():
    """
    Not even to see whether it works again, while all of them hang.
    """
    breaker = a_breaker(slots=5)
    for _ in range(6):
        breaker.enter()
    breaker.leave(0, Word.NOTHING, 0.0, pause_s=1.0)

    assert (5, 0, 0) == (breaker.running, breaker.fresh, breaker.room(2.0))


def test_a_pause_is_for_the_whole_target():
    """
    A `Retry-After` stops everything, and afterwards it comes back slowly.
    """
    breaker = a_breaker()
    one(breaker, Word.CROWDED, 0.0, pause_s=30.0)

    assert (PAUSED, 0, 30.0) == (breaker.state(0.0), breaker.room(0.0), breaker.wait(0.0))
    assert (HALF_OPEN, 1) == (breaker.state(30.0), breaker.room(30.0))


def test_the_longer_pause_counts():
    """
    A short one that comes late does not end a long one.
    """
    breaker = a_breaker()
    first, second = breaker.enter(), breaker.enter()
    breaker.leave(first, Word.CROWDED, 0.0, pause_s=30.0)
    breaker.leave(second, Word.CROWDED, 1.0, pause_s=2.0)

    assert 29.0 == breaker.wait(1.0)


def test_too_much_at_once_takes_a_slot_for_a_while():
    """
    One for each complaint, and one is left.
    """
    breaker = a_breaker(slots=3)
    rooms = []
    for now in (0.0, 10.0, 20.0, 30.0):
        one(breaker, Word.CROWDED, now)
        rooms.append(breaker.room(now))

    assert [2, 1, 1, 1] == rooms
    assert [1, 2, 3] == [breaker.room(at) for at in (59.0, 60.0, 70.0)]


def test_who_cannot_wait_is_told_why():
    """
    An agent's request is refused with a reason, except for the one that tries the target.
    """
    breaker = opened()

    assert "it failed 5 times in a row" == breaker.refusal(1.0)
    assert None is breaker.refusal(5.0)
    breaker.enter()
    assert "coming back" in breaker.refusal(5.0)
    breaker.leave(breaker.enter(), Word.NOTHING, 5.0, pause_s=9.0)
    assert "asked for a pause" in breaker.refusal(6.0)


def test_its_size_can_change():
    """
    More slots are used at once, fewer as soon as what is under way has ended.
    """
    breaker = a_breaker(slots=2)
    breaker.resize(5)
    assert 5 == breaker.room(0.0)
    breaker.resize(1)
    assert 1 == breaker.room(0.0)


def test_a_target_that_works_is_nothing_to_remember():
    """
    And one that failed is.
    """
    breaker = a_breaker()
    one(breaker, Word.WELL, 0.0)
    assert breaker.is_idle(0.0)
    one(breaker, Word.FAILED, 0.0)
    assert not breaker.is_idle(0.0)
    assert not opened().is_idle(100.0)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["start", "end"]),
        st.sampled_from(Word),
        st.floats(0, 20),
        st.none() | st.floats(0, 50),
    )
)


@given(st.integers(1, 6), STEPS)
def test_it_is_sound_whatever_happens(slots, steps):
    """
    Never more under way than slots, never a count below nothing, and always a time at which it is asked again.
    """
    breaker, now, running = a_breaker(slots), 0.0, []
    for what, word, later, pause_s in steps:
        now += later
        if what == "start" and breaker.room(now) > 0:
            running.append(breaker.enter())
        elif running:
            breaker.leave(running.pop(0), word, now, pause_s=pause_s)
        assert breaker.running == len(running) <= slots
        assert 0 <= breaker.fresh <= breaker.running
        assert 0 <= breaker.wait(now) <= 60
        assert breaker.report(now).slots <= slots
    for epoch in running:
        breaker.leave(epoch, Word.NOTHING, now)
    assert 1 <= breaker.room(now + 61)


@pytest.mark.parametrize("state", [CLOSED, OPEN, PAUSED, HALF_OPEN, RECOVERING])
def test_its_state_is_visible(state):
    """
    With how much it is asked and how long it is left alone.
    """
    breaker, now = opened(), 1.0
    if state is CLOSED:
        breaker = a_breaker()
    elif state is PAUSED:
        breaker.leave(breaker.enter(), Word.NOTHING, 1.0, pause_s=50)
    elif state in {HALF_OPEN, RECOVERING}:
        now = 5.0
    if state is RECOVERING:
        one(breaker, Word.WELL, now)
    report = breaker.report(now)

    slots, wait_s = {CLOSED: (8, 0), OPEN: (0, 4), PAUSED: (0, 50), HALF_OPEN: (1, 0), RECOVERING: (2, 0)}[
        state
    ]
    assert (state, slots, wait_s) == (report.state, report.slots, report.wait_s)
