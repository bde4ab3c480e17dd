"""
Lists whose items are told apart by a label: `phones[label=work]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .cells import alone, cell_of
from .pairs import CODES, PAIRS, pair_of
from .path import Label
from .tree import MISSING, SCALARS, is_empty, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .tree import Found, Node

KINDS: Final = ("label", "type", "kind", "rel")
"""In lower case; members that tell the items of a list apart, whatever else the items hold."""

MOST_LABELS: Final = 24
"""More different ones than that in a column are values, not labels."""


def labels_of(nodes: Iterable[Found], objects: list[dict[str, Node]]) -> list[Label]:
    """
    The labels of the lists among *nodes*, in the order they appear.

    Labels count where some list holds several objects and every object of the
    column has one, so a record with one telephone gets the same columns as its
    neighbour with three.

    Args:
        nodes: One column of the records.

        objects: All objects in it, those in lists too.

    Returns:
        None of them where the items are not told apart.
    """
    if not _have_lists_of_objects(nodes):
        return []
    key = _label_key(objects)
    if key is None:
        return []
    values = dict.fromkeys(text_of(cell_of(item[key])) for item in objects)
    return [Label(key, value) for value in values] if len(values) <= MOST_LABELS else []


def _have_lists_of_objects(nodes: Iterable[Found]) -> bool:
    several = False
    for node in nodes:
        if type(node) is list:
            # An empty object of JSON is an empty text in XML.
            types = {type(item) for item in node if not is_empty(item)}
            if types == {dict}:
                several = several or len(node) > 1
            elif not types <= SCALARS:
                return False
    return several


def _label_key(objects: list[dict[str, Node]]) -> str | None:
    pair = pair_of(objects[0], (*PAIRS, *CODES))
    if pair and all(item.keys() == set(pair) for item in objects) and _all_labelled(objects, pair[0]):
        return pair[0]
    if all(len(item) > 1 for item in objects):
        members = {member.lower(): member for member in objects[0]}
        for kind in KINDS:
            if kind in members and _all_labelled(objects, members[kind]):
                return members[kind]
    return None


def _all_labelled(objects: list[dict[str, Node]], key: str) -> bool:
    return all(_is_label(item.get(key, MISSING)) for item in objects)


def _is_label(value: Found) -> bool:
    value = alone(value)
    return type(value) in SCALARS and not is_empty(value)
