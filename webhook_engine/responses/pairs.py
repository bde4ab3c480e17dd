"""
Objects that are a name and its value and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .tree import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .tree import Node

PAIRS: Final = (
    ("name", "value"),
    ("key", "value"),
    ("field", "value"),
    ("attribute", "value"),
    ("property", "value"),
    ("name", TEXT),
    ("key", TEXT),
    ("val", TEXT),
    ("val", "content"),
)
"""In lower case; such a list spells a record: `[{"name": "city", "value": "Durban"}]`."""

CODES: Final = (("code", "value"), ("id", "value"), ("id", TEXT))
"""Such a list may as well be records, but inside of one it is labelled."""


def pair_of(node: Node, table: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    """
    The members of *node* that are its name and its value; None where it is no pair of *table*.
    """
    if not isinstance(node, dict) or len(node) != 2:
        return None
    members = {member.lower(): member for member in node}
    for name, value in table:
        if name in members and value in members:
            return members[name], members[value]
    return None
