"""
One selected column over many responses: which types its values had, and what differs now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

    from webhook_engine.responses.tree import Cell

_GAPS: Final = 3
"""A column that was missing before, and came back, is missed only after so many times its longest absence."""


class Way(StrEnum):
    """
    How a column drifted.
    """

    VANISHED = "vanished"
    """It was there, and no response has it any more."""

    CHANGED = "changed"
    """Its values are of another type."""

    UNKNOWN = "unknown"
    """No response ever had it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drifted:
    """
    One finding.
    """

    webhook: str
    column: str
    """Its path in a record."""

    way: Way

    was: str
    """The types it had: `number`, `text or number`; "" where it was never there."""

    now: str
    """The types it has now; "" where it is not there."""

    responses: int
    """So many in a row, those that were looked at."""

    since: datetime
    """When it was found."""

    def __str__(self) -> str:
        count = f"the last {self.responses:,} responses"
        if self.way is Way.VANISHED:
            return f"the column {self.column!r} ({self.was}) is in none of {count}"
        if self.way is Way.UNKNOWN:
            return f"the column {self.column!r} is in none of {count}, and never was"
        return f"the column {self.column!r} was {self.was}, and is {self.now} in {count}"

    def to_json(self) -> dict[str, object]:
        """
        Every fact under its name, JSON-ready.
        """
        return {
            "webhook": self.webhook,
            "column": self.column,
            "way": str(self.way),
            "was": self.was,
            "now": self.now,
            "responses": self.responses,
            "since": self.since.isoformat(),
            "told": str(self),
        }


def types_of(cells: Iterable[Cell]) -> set[str]:
    """
    `text`, `number` or `true or false` of each value; none of what is not there.
    """
    return {_TYPES.get(type(each), "text") for each in cells if each is not None}


_TYPES: Final = {bool: "true or false", int: "number", float: "number", Decimal: "number"}


@dataclass(slots=True)
class ColumnState:
    """
    What is known of a column, and what is odd about the last responses.
    """

    seen: int = 0
    """Responses that had it."""

    types: set[str] = field(default_factory=set)
    """Those that count as usual."""

    gap: int = 0
    """Responses in a row that do not have it."""

    longest_gap: int = 0
    """The longest of those that ended by themselves."""

    odd: int = 0
    """Responses in a row whose values are all of other types."""

    odd_types: set[str] = field(default_factory=set)
    way: Way | None = None
    """How it drifted; None where it did not."""

    since: datetime | None = None

    may_miss: bool = False
    """Whether somebody said that it is right without; until it has been there for a while again."""

    def note(self, found: set[str], *, streak: int) -> bool:
        """
        Takes in one response's types of this column; none where the response has no such column.

        Args:
            streak: So many odd responses in a row are a finding; so many good ones are enough to learn from.

        Returns:
            Whether this is the response that makes it a finding.
        """
        if not found:
            return self._absent(streak)
        if self.way is not Way.CHANGED:
            if self.way is None:
                self.longest_gap = max(self.longest_gap, self.gap)
            self.way = self.since = None
        self.gap = 0
        self.seen += 1
        self.may_miss = self.may_miss and self.seen < streak
        if self.seen <= streak or self.types & found:
            self.types |= found
            self.odd, self.odd_types = 0, set()
            if self.way is Way.CHANGED:
                self.way = self.since = None
            return False
        self.odd += 1
        self.odd_types |= found
        return self._became(Way.CHANGED, self.odd >= streak)

    def _absent(self, streak: int) -> bool:
        self.gap += 1
        if self.may_miss:
            return False
        if not self.seen:
            return self._became(Way.UNKNOWN, self.gap >= streak)
        is_missed = self.seen >= streak and self.gap >= max(streak, _GAPS * self.longest_gap)
        return self._became(Way.VANISHED, is_missed)

    def _became(self, way: Way, holds: bool) -> bool:
        if not holds or self.way is way:
            return False
        self.way, self.since = way, datetime.now(UTC)
        return True

    def finding(self, webhook: str, column: str) -> Drifted | None:
        """
        What is to be said about it; None for nothing.
        """
        if self.way is None or self.since is None:
            return None
        is_changed = self.way is Way.CHANGED
        return Drifted(
            webhook=webhook,
            column=column,
            way=self.way,
            was=_told(self.types),
            now=_told(self.odd_types) if is_changed else "",
            responses=self.odd if is_changed else self.gap,
            since=self.since,
        )

    def accepted(self) -> ColumnState:
        """
        The state in which what it is now is right: other types are usual, and one that is not there need not be.
        """
        if self.way is Way.CHANGED:
            return ColumnState(seen=self.odd, types=set(self.odd_types))
        return ColumnState(may_miss=True) if self.way is not None else self

    def to_json(self) -> dict[str, object]:
        """
        The state, for `from_json`.
        """
        return {
            "seen": self.seen,
            "types": sorted(self.types),
            "gap": self.gap,
            "longest_gap": self.longest_gap,
            "odd": self.odd,
            "odd_types": sorted(self.odd_types),
            "way": self.way,
            "since": self.since.isoformat() if self.since is not None else None,
            "may_miss": self.may_miss,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """
        Raises:
            ValueError: It is no such state; KeyError and TypeError mean the same.
        """
        way, since = document["way"], document["since"]
        return cls(
            seen=int(document["seen"]),
            types={str(each) for each in document["types"]},
            gap=int(document["gap"]),
            longest_gap=int(document["longest_gap"]),
            odd=int(document["odd"]),
            odd_types={str(each) for each in document["odd_types"]},
            way=None if way is None else Way(way),
            since=None if since is None else datetime.fromisoformat(since),
            may_miss=bool(document["may_miss"]),
        )


def _told(types: set[str]) -> str:
    return " or ".join(sorted(types))
