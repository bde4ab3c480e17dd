"""
docs/deliveries.md says what the code does.
"""

from pathlib import Path

import pytest

from webhook_engine.performing import BreakerState, RetryPolicy
from webhook_engine.performing.crashes import POISON
from webhook_engine.performing.settle import EXHAUSTED, TABLE, Way
from webhook_engine.queue import State

PAGE = (Path(__file__).parents[2] / "docs" / "deliveries.md").read_text()
ENDS = {line.name for line in TABLE if line.way in {Way.DEAD, Way.SHORT, Way.FEW}} | {
    POISON,
    EXHAUSTED,
    "expired",
}


@pytest.mark.parametrize("word", sorted({*State, *BreakerState, *ENDS}))
def test_every_word_an_operator_meets_is_explained(word):
    """
    Each state of a delivery and of a target, and each reason to be dead.
    """
    assert f"`{word}`" in PAGE


def test_the_numbers_are_those_of_the_code():
    """
    Attempts, waits and tries where nothing else is said.
    """
    policy = RetryPolicy()

    assert (20, 3) == (policy.max_attempts, policy.unusable_tries)
    assert (5.0, 2.0, 3600.0) == (policy.schedule.first_s, policy.schedule.factor, policy.schedule.longest_s)
    assert (2.0, 300.0) == (policy.uncounted.first_s, policy.uncounted.longest_s)
