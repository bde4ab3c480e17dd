"""
The facts about a tenant that decide how a call's variables read.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo


class DatetimeTokens(StrEnum):
    """
    Which shape DATETIME and DATETIME_DATE take; the manual's examples look exchanged.
    """

    DOCUMENTED = "documented"
    """DATETIME is a date, DATETIME_DATE a date and a time, as the manual prints them."""

    BY_NAME = "by-name"
    """DATETIME is a date and a time, DATETIME_DATE a date, as their names say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """
    One customer of the telephone platform.
    """

    name: str = ""
    """The unique one-word name; the second half of every extension."""

    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    """The zone in which the three DATETIME variables read."""

    country: str | None = None
    """ISO 3166 code by which national numbers are understood; without it only `+` numbers are."""

    pbx_server: str = "pbx0"
    """Host name that completes `{CALLERID}`."""

    datetime_tokens: DatetimeTokens = DatetimeTokens.DOCUMENTED

    record_events: int = 0
    """How many of the latest call events a worker keeps with what target systems answered; 0 for none."""

    record_days: float = 14.0
    """How old those may become."""
