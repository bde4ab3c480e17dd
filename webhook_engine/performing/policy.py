"""
How often a webhook is tried, and how soon.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from webhook_engine.performing.retry_after import LONGEST_S
from webhook_engine.performing.schedule import Schedule

_NONE: Mapping[int, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """
    What a failed attempt is followed by, in numbers.
    """

    max_attempts: int = 20
    """Failures that count, the last of which is the end."""

    schedule: Schedule = field(default_factory=Schedule)

    uncounted: Schedule = field(default_factory=lambda: Schedule(first_s=2.0, longest_s=300.0))
    """Where the fault was not the target's; such retries end only with the delivery's own life."""

    longest_hint_s: float = LONGEST_S
    """No `Retry-After` is obeyed for longer."""

    short_retries: Mapping[int, int] = field(default_factory=lambda: _NONE)
    """Status 401, 403 or 404 -> how often it is tried again all the same; never where left out."""

    unusable_tries: int = 3
    """Attempts where the target accepts the request and its response cannot be used: it may act each time."""


DEFAULT_POLICY = RetryPolicy()
