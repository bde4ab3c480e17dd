"""
A benchmark says the same on a quiet machine and on a busy one.
"""

from dataclasses import replace

import pytest

from benchmarks import targets
from benchmarks.harness import QUICK, Comparison, Contender, Series, compare, repeated

REFERENCE = Series("reference", (1.0, 4.0, 1.0, 2.0, 1.0))
OURS = Series("ours", (1.5, 6.0, 1.5, 3.0, 9.0))


def test_a_round_that_was_slow_for_both_changes_no_ratio():
    """
    What counts is the ratio within a round, and of those the median.
    """
    found = Comparison("work", (REFERENCE, OURS))

    assert 1.5 == found.ratio("ours")
    assert (1.5, 1.5) == found.spread("ours")


def test_contenders_take_turns():
    """
    Each round starts with another one, so that none always follows the same neighbour.
    """
    taken = []

    def contender(name):
        return Contender(name, lambda: taken.append(name) or 1.0)

    compare("work", [contender("a"), contender("b")], QUICK)

    assert ["a", "b", "b", "a", "a", "b"] == taken[:6]
    assert 2 * QUICK.rounds == len(taken)


def test_work_is_repeated_until_a_turn_can_be_measured():
    """
    A microsecond alone would be lost in the clock's own cost.
    """
    runs = []
    pace = replace(QUICK, clock=lambda: len(runs) / 1e6)
    contender = repeated("work", lambda: runs.append(None), pace, operations=2)
    runs.clear()

    per_operation = contender.take_a_turn()

    assert len(runs) >= QUICK.slice_s * 1e6
    assert per_operation == pytest.approx(0.5e-6)


@pytest.mark.parametrize(
    ("target", "reached"),
    [
        (targets.Target("at most", "work", "ours", 1.5, "reference"), True),
        (targets.Target("at most", "work", "ours", 1.4, "reference"), False),
        (targets.Target("at least that rate", "work", "ours", 0.66, "reference", rate=True), True),
        (targets.Target("at least that rate", "work", "ours", 0.67, "reference", rate=True), False),
        (targets.Target("seconds", "work", "ours", 3.0, None), True),
        (targets.Target("seconds", "work", "ours", 2.9, None), False),
        (targets.Target("another comparison", "elsewhere", "ours", 1.5, "reference"), None),
    ],
    ids=lambda value: getattr(value, "limit", None),
)
def test_a_target_is_judged_by_its_own_comparison(monkeypatch, target, reached):
    """
    Reached, missed, or not measured.
    """
    monkeypatch.setattr(targets, "TARGETS", (target,))

    (outcome,) = targets.judge([Comparison("work", (REFERENCE, OURS))])

    assert reached == outcome.ok
