"""
A response as a tree of plain Python values, whatever it was written in.

An object is a dict, a list a list, a leaf a scalar. A number that no float can
carry exactly is a `Decimal`. In XML an element is an object of its attributes
and children; one without either is its text, and text beside attributes or
children is called `#text`.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Final, TypeAlias, Union

Cell: TypeAlias = str | int | float | bool | Decimal | None
"""A table's cell: None where there is no value, "" where there is an empty one."""

Node: TypeAlias = Union["dict[str, Node]", "list[Node]", Cell]
"""Any part of a tree."""

TEXT: Final = "#text"
"""The name of an element's text where the element has attributes or children too."""

SCALARS: Final = frozenset({str, int, float, bool, Decimal, type(None)})

SEPARATOR: Final = ", "
"""Between values that share a cell."""


class Missing(Enum):
    """
    The absence of a value, which is not the same as null.
    """

    MISSING = "missing"


MISSING: Final = Missing.MISSING


class Each(list["Found"]):
    """
    What a path found in several places of one record, in their order.
    """

    __slots__ = ()


Found: TypeAlias = Node | Missing | Each


def text_of(cell: Cell) -> str:
    """
    A cell as text: nothing for None, JSON's words for true and false.
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(cell)


def is_empty(node: Found) -> bool:
    """
    Whether *node* holds nothing: no value, null, or an empty text, list or object.
    """
    return node is None or node is MISSING or node == "" or node == [] or node == {}
