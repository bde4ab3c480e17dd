"""
Where in a template a value stands.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    """From 1, of its first delimiter."""

    end_column: int
    """One past its last delimiter, where it ends on the line it starts."""

    raw: bool = False
    """Whether `| raw` takes it past the encoding."""

    parameter: str | None = None
    """The parameter whose value it stands in; None in the template itself."""
