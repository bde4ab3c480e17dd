"""
What a target means by `Retry-After`, whatever it wrote there.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_S = 3600.0
"""No hint holds a target back for longer."""

_NUMBER = re.compile(r"(\d{1,20}(?:\.\d{1,20})?)\s*(ms|s)?", re.ASCII)

_UNIX_S = 1e9
"""From here on a number is a moment since 1970 and no length of time: it would be 31 years."""

_UNIX_MS = 1e12


def retry_after(value: str | None, *, now: datetime, longest_s: float = LONGEST_S) -> float | None:
    """
    Seconds that a `Retry-After` asks for.

    RFC 9110, 10.2.3 knows seconds and a date. Also read are fractions, `30s` and
    `1500ms`, and what some systems mean without saying so: a moment in seconds or
    milliseconds since 1970, and milliseconds, taken for such where the number is
    whole thousands and as seconds would be longer than any hint is obeyed.

    Args:
        now: With its time zone.

        longest_s: The longest wait that is obeyed.

    Returns:
        At least 0 (a moment that has passed) and at most *longest_s*; None for
        what nobody can read.
    """
    text = (value or "").strip()
    found = _NUMBER.fullmatch(text)
    seconds = _of_date(text, now) if found is None else _of_number(float(found[1]), found[2], now, longest_s)
    return None if seconds is None else min(max(0.0, seconds), longest_s)


def obeyed(wait_s: float, hint_s: float | None, *, longest_s: float = LONGEST_S) -> float:
    """
    The wait of the schedule, or the target's hint where that is longer, within bounds.
    """
    return wait_s if hint_s is None else max(wait_s, min(hint_s, longest_s))


def _of_number(number: float, unit: str | None, now: datetime, longest_s: float) -> float:
    if unit == "ms":
        return number / 1000
    if unit == "s":
        return number
    if number >= _UNIX_MS:
        return number / 1000 - now.timestamp()
    if number >= _UNIX_S:
        return number - now.timestamp()
    if number > longest_s and math.fmod(number, 1000) == 0 and number / 1000 <= longest_s:
        return number / 1000
    return number


def _of_date(text: str, now: datetime) -> float | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    if at.tzinfo is None:
        # RFC 9110, 5.6.7: a date without a zone is in GMT all the same.
        at = at.replace(tzinfo=UTC)
    return (at - now).total_seconds()
