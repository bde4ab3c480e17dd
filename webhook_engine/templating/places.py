"""
Where in a template a value stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from webhook_engine.templating.scan import Part, Source
from webhook_engine.templating.slots import Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """
    A token or expression, and the slot it meets.
    """

    expression: str
    """A token's name, or the expression as written."""

    slot: Slot

    line: int
    """From 1."""

    column: int
    """Of its first delimiter, from 1."""

    end_column: int
    """One past its last delimiter, on the line where that stands."""

    raw: bool = False
    """Whether `| raw` takes it past the encoding."""

    parameter: str | None = None
    """The parameter whose value it stands in; None for the template itself."""

    @classmethod
    def of(cls, source: Source, part: Part, slot: Slot, *, raw: bool = False) -> Self:
        """
        The place of a token or expression.
        """
        line, column = source.line_and_column(part.start)
        _, last_column = source.line_and_column(part.end - 1)
        return cls(
            expression=part.text.strip(),
            slot=slot,
            line=line,
            column=column,
            end_column=last_column + 1,
            raw=raw,
        )
