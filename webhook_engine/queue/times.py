"""
Times as queues keep them: milliseconds since 1970, and lengths in milliseconds.
"""

from __future__ import annotations

from datetime import UTC, datetime

NEVER = 1 << 53
"""Milliseconds that do not come."""


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)
