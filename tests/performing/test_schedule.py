"""
Waits grow, stop growing, and are spread over their whole length.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_engine.performing import Schedule

CEILINGS = {1: 5.0, 2: 10.0, 3: 20.0, 4: 40.0, 10: 2560.0, 11: 3600.0, 12: 3600.0, 5_000_000: 3600.0}


@pytest.mark.parametrize(("failures", "ceiling"), CEILINGS.items())
def test_the_longest_wait_doubles_up_to_an_hour(failures, ceiling):
    """
    `min(longest, first * factor ** (failures - 1))`, and no number of failures is too large for it.
    """
    assert ceiling == Schedule().ceiling(failures)


@given(st.integers(1, 100), st.floats(0, 1), st.floats(0.01, 100), st.floats(1, 10), st.floats(0.01, 10_000))
def test_the_whole_wait_is_drawn(failures, roll, first_s, factor, longest_s):
    """
    Full jitter: any wait from nothing to the longest, at the cap as well.
    """
    schedule = Schedule(first_s=first_s, factor=factor, longest_s=longest_s)

    wait_s = schedule.wait_after(failures, roll=roll)

    assert roll * schedule.ceiling(failures) == wait_s
    assert 0 <= wait_s <= longest_s


def test_waits_at_the_cap_differ():
    """
    What failed together for hours does not come back together.
    """
    waits = {Schedule().wait_after(50) for _ in range(100)}

    assert len(waits) > 90
    assert max(waits) - min(waits) > 1800


@given(st.integers(1, 200))
def test_no_wait_is_longer_after_fewer_failures(failures):
    """
    The longest wait never shrinks.
    """
    assert Schedule().ceiling(failures) <= Schedule().ceiling(failures + 1)
