"""
The forms of a date and time.
"""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from webhook_engine.errors import RenderError

_SHAPES = ("%Y-%m-%d_%H-%M-%S", "%Y-%m-%d", "%H-%M-%S")
_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_KNOWN = frozenset("aAbBdfHIjmMpSUwWyYzZGuV%")


def format_datetime(text: str, shape: str, zone: str | None, time_zone: str | None) -> str:
    """
    *text*, as a DATETIME variable or ISO 8601 gives it, in another shape.

    Args:
        shape: Directives of `strftime`, or "iso" for ISO 8601 with the zone's offset.

        zone: Where the clock on the wall stands that is to be read; the tenant's where left out.

        time_zone: The zone *text* is in.

    Raises:
        RenderError: No date or time, no known directive, no known zone.
    """
    if not text:
        return ""
    moment = _parsed(text)
    if moment.tzinfo is None and time_zone is not None:
        moment = moment.replace(tzinfo=_zone(time_zone))
    if zone is not None:
        if moment.tzinfo is None:
            raise RenderError("the time zone of this time is not known, so it cannot be told in another")
        moment = moment.astimezone(_zone(zone))
    return moment.isoformat() if shape == "iso" else moment.strftime(_checked(shape))


def _parsed(text: str) -> datetime:
    for shape in _SHAPES:
        try:
            return datetime.strptime(text, shape)  # noqa: DTZ007  # the caller knows the zone
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise RenderError(f"{text[:40]!r} is no date and no time") from None


def _checked(shape: str) -> str:
    for directive in _DIRECTIVE.findall(shape):
        if directive not in _KNOWN or not directive:
            raise RenderError(f"format_datetime does not know %{directive}")
    return shape


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise RenderError(f"there is no time zone {name!r}") from None
