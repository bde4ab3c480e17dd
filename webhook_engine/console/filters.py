"""
Filters of long lists: read from an address, checked field by field, and written into addresses again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from webhook_engine.console.forms import Form
from webhook_engine.queue import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from zoneinfo import ZoneInfo

    from webhook_engine.console.visit import Visit

NAMES: Final = ("webhook", "target", "state", "event", "since", "until")

_AGO = re.compile(r"([0-9]{1,5})\s*(m|h|d)")
_UNIT_S: Final = {"m": 60, "h": 3_600, "d": 86_400}
_YEARS: Final = range(1970, 9_000)

_NO_TIME: Final = "write a date and time such as 2026-11-22 10:00, or how long ago, such as 30m, 2h or 3d"


def time_of(text: str, zone: ZoneInfo) -> datetime | None:
    """
    A moment as people write it, by the tenant's clock; None where nothing is written.

    Raises:
        ValueError: It is none.
    """
    stated = text.strip()
    if not stated:
        return None
    if ago := _AGO.fullmatch(stated):
        return datetime.now(UTC) - timedelta(seconds=int(ago[1]) * _UNIT_S[ago[2]])
    at = datetime.fromisoformat(stated)
    if at.year not in _YEARS:
        raise ValueError(stated)
    return at.replace(tzinfo=zone) if at.tzinfo is None else at


def span_of(
    given: Callable[[str], str], zone: ZoneInfo
) -> tuple[datetime | None, datetime | None, dict[str, list[str]]]:
    """
    The fields `since` and `until`, and what is wrong with each.
    """
    found: dict[str, datetime | None] = {}
    errors: dict[str, list[str]] = {}
    for name in ("since", "until"):
        try:
            found[name] = time_of(given(name), zone)
        except ValueError:
            found[name], errors[name] = None, [_NO_TIME]
    since, until = found["since"], found["until"]
    if since is not None and until is not None and since >= until:
        errors["until"] = ["must be later than the beginning"]
    return since, until, errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """
    Which deliveries are meant.
    """

    stated: Mapping[str, str]
    """Every field as it was written, those left blank left out."""

    errors: Mapping[str, list[str]]

    state: State | None = None
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def of(cls, visit: Visit, given: Callable[[str], str]) -> Filter:
        """
        As an address or a form says it.

        Args:
            given: A field's text.
        """
        stated = {name: given(name).strip() for name in NAMES}
        zone = visit.console.engine.definitions.tenant.time_zone
        since, until, errors = span_of(given, zone)
        word = stated["state"]
        if word and word not in set(State):
            errors["state"] = [f"there is {', '.join(State)}"]
        return cls(
            stated={name: text for name, text in stated.items() if text},
            errors=errors,
            state=State(word) if word in set(State) else None,
            since=since,
            until=until,
        )

    @property
    def form(self) -> Form:
        """
        The fields with what is wrong with them.
        """
        return Form(table=self.stated, errors=self.errors)

    @property
    def names(self) -> dict[str, Any]:
        """
        What the queue is asked for, but for the state.
        """
        return {
            "webhook": self.stated.get("webhook"),
            "target": self.stated.get("target"),
            "event_id": self.stated.get("event"),
            "since": self.since,
            "until": self.until,
        }

    def told(self) -> str:
        """
        The same in words; empty where nothing is filtered.
        """
        words = [f"{name} {self.stated[name]}" for name in NAMES if name in self.stated]
        return ", ".join(words)
