"""
A `Retry-After` is obeyed within bounds, whatever stands in it.
"""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_engine.performing.retry_after import obeyed, retry_after

NOW = datetime(2026, 11, 25, 10, 0, 0, tzinfo=UTC)
UNIX = int(NOW.timestamp())

MEANT = {
    "seconds": ("120", 120.0),
    "none": ("0", 0.0),
    "blanks around": ("  7 ", 7.0),
    "a fraction": ("1.5", 1.5),
    "with its unit": ("30s", 30.0),
    "milliseconds with their unit": ("1500ms", 1.5),
    "a date": ("Wed, 25 Nov 2026 10:01:30 GMT", 90.0),
    "a date as RFC 850 has it": ("Wednesday, 25-Nov-26 10:00:20 GMT", 20.0),
    "a date as asctime has it": ("Wed Nov 25 10:00:40 2026", 40.0),
    "a date in another zone": ("Wed, 25 Nov 2026 12:02:00 +0200", 120.0),
    "a date that has passed": ("Wed, 25 Nov 2026 09:00:00 GMT", 0.0),
    "a date far away": ("Wed, 25 Nov 2099 09:00:00 GMT", 3600.0),
    "thirty years": ("999999999", 3600.0),
    "an hour and a bit": ("3601", 3600.0),
    "a moment in seconds": (str(UNIX + 45), 45.0),
    "a moment in milliseconds": (f"{UNIX + 45}000", 45.0),
    "a moment that has passed": (str(UNIX - 45), 0.0),
    "half a minute in milliseconds": ("30000", 30.0),
    "half an hour in milliseconds": ("1800000", 1800.0),
    "half an hour in seconds": ("1800", 1800.0),
    "a round number of seconds": ("3000", 3000.0),
    "more than can be counted": ("9" * 20, 3600.0),
}

GARBAGE = [
    "",
    "soon",
    "-5",
    "1e3",
    "nan",
    "inf",
    "١٢",
    "12 apples",
    "9" * 400,
    "Wed, 99 Nov 2026 10:00:00 GMT",
    None,
]


@pytest.mark.parametrize(("text", "seconds"), MEANT.values(), ids=MEANT.keys())
def test_what_a_target_means(text, seconds):
    """
    Both forms of the standard, and the mistakes that are seen; never longer than an hour.
    """
    assert seconds == retry_after(text, now=NOW)


@pytest.mark.parametrize("text", GARBAGE, ids=lambda text: repr(text)[:20])
def test_garbage_is_no_hint(text):
    """
    What nobody can read changes nothing.
    """
    assert retry_after(text, now=NOW) is None


@given(st.text(max_size=40) | st.floats().map(str) | st.integers().map(str) | st.datetimes().map(str))
def test_nothing_breaks_it(text):
    """
    Any text gives a wait within bounds, or none.
    """
    wait_s = retry_after(text, now=NOW, longest_s=600)

    assert wait_s is None or 0 <= wait_s <= 600


@given(st.floats(0, 10_000), st.none() | st.floats(0, 1e12))
def test_the_schedule_is_the_least(wait_s, hint_s):
    """
    A hint makes a wait longer and never shorter, and by no more than an hour in all.
    """
    waits = obeyed(wait_s, hint_s)

    assert wait_s <= waits <= max(wait_s, 3600)
    assert hint_s is None or waits >= min(hint_s, 3600)
