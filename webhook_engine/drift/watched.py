"""
One webhook's columns over many responses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from webhook_engine.drift.column import ColumnState, Drifted

if TYPE_CHECKING:
    from collections.abc import Iterable

Look: TypeAlias = tuple[tuple[str, frozenset[str]], ...]
"""What one response has: each selected column with the types of its values, none where it is not there."""


@dataclass(slots=True)
class Seen:
    """
    Looks that nobody has learnt from yet.
    """

    revision: str
    """Of the webhook's definition."""

    runs: list[tuple[Look, int]] = field(default_factory=list)
    """In their order, each with how often it came in a row."""

    def add(self, look: Look, times: int = 1, *, most: int) -> None:
        """
        One more, or the same again; of too many the oldest go.
        """
        if self.runs and self.runs[-1][0] == look:
            self.runs[-1] = (look, self.runs[-1][1] + times)
            return
        self.runs.append((look, times))
        del self.runs[:-most]


@dataclass(slots=True)
class Watched:
    """
    What is known of one webhook.
    """

    revision: str
    """Of its definition; another one begins anew."""

    columns: dict[str, ColumnState] = field(default_factory=dict)
    not_before: float = 0.0
    """When the next response is looked at."""

    def note(self, look: Look, *, streak: int) -> list[str]:
        """
        Takes in one response.

        Returns:
            The columns for which it is the one that makes a finding.
        """
        return [
            column
            for column, types in look
            if self.columns.setdefault(column, ColumnState()).note(set(types), streak=streak)
        ]

    def findings(self, webhook: str) -> list[Drifted]:
        """
        The columns that have drifted and have not come back.
        """
        found = (state.finding(webhook, column) for column, state in self.columns.items())
        return [each for each in found if each is not None]

    def accept(self, columns: Iterable[str]) -> None:
        """
        Take what these columns are now for what is right.
        """
        for column in columns:
            if (state := self.columns.get(column)) is not None:
                self.columns[column] = state.accepted()

    def to_json(self) -> dict[str, object]:
        """
        Everything learnt, for `from_json`.
        """
        columns = {column: state.to_json() for column, state in self.columns.items()}
        return {"revision": self.revision, "columns": columns}

    @classmethod
    def from_json(cls, document: Mapping[str, Any], *, most: int) -> Self:
        """
        What `to_json` told, of at most so many columns.

        Raises:
            ValueError: It is none; AttributeError, KeyError and TypeError mean the same.
        """
        columns = islice(document["columns"].items(), most)
        states = {str(column): ColumnState.from_json(state) for column, state in columns}
        return cls(str(document["revision"]), states)
