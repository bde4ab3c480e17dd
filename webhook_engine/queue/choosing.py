"""
Which deliveries a reader means, whatever keeps them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """
    What the deliveries that are meant have in common.
    """

    filters: Mapping[str, str]
    """Column and value."""

    since: int | None = None
    """Milliseconds: put then or later."""

    until: int | None = None
    """Put before."""

    @classmethod
    def of(cls, wanted: Mapping[str, object], since: datetime | None, until: datetime | None) -> Self:
        """
        Args:
            wanted: Column and value; None where any will do.
        """
        return cls(
            filters={column: str(value) for column, value in wanted.items() if value is not None},
            since=None if since is None else ceil(since.timestamp() * 1000),
            until=None if until is None else ceil(until.timestamp() * 1000),
        )

    @property
    def by_state(self) -> bool:
        """
        Whether they are in the order in which they came into their state, and not in that of their putting.
        """
        return "state" in self.filters

    def is_scattered(self, indexed: int) -> bool:
        """
        Whether others may stand between those that are meant, as many as there are.

        Args:
            indexed: How many of the filters an index answers.
        """
        return len(self.filters) > indexed or (
            self.by_state and (self.since is not None or self.until is not None)
        )
