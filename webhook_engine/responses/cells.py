"""
From a record and a path to a cell: one meaning for every shape a value can take.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from .path import Label
from .tree import MISSING, SCALARS, SEPARATOR, TEXT, Each, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .path import Path, Step
    from .tree import Cell, Found, Node


def column_of(records: Sequence[Node], path: Path) -> list[Found]:
    """
    What *path* finds in each of *records*.
    """
    nodes: list[Found] = list(records)
    for step in path:
        nodes = advance(nodes, step)
    return nodes


def advance(nodes: list[Found], step: Step) -> list[Found]:
    """
    Every node one step further.
    """
    if isinstance(step, str):
        try:
            # Regular records, the common case, at the speed of C. Anything but
            # an object that has the member raises.
            return list(map(itemgetter(step), nodes))  # type: ignore[arg-type]
        except KeyError:
            if set(map(type, nodes)) == {dict}:
                return [node.get(step, MISSING) for node in nodes]  # type: ignore[union-attr]
        except TypeError:
            pass
    return [follow(node, step) for node in nodes]


def follow(node: Found, step: Step) -> Found:
    """
    *node* one step further, MISSING where there is no such place.
    """
    if isinstance(node, Each):
        return _several(follow(item, step) for item in node)
    if isinstance(step, str):
        return _member(node, step)
    if isinstance(step, int):
        return _item(node, step)
    return _labelled(node, step)


def _member(node: Found, name: str) -> Found:
    if isinstance(node, dict):
        return node.get(name, MISSING)
    if isinstance(node, list):
        if len(node) == 1:
            return _member(node[0], name)
        return _several(_member(item, name) for item in node)
    return MISSING


def _item(node: Found, position: int) -> Found:
    if isinstance(node, list):
        return node[position] if -len(node) <= position < len(node) else MISSING
    # One value is a list of one; `false` is how some systems write an empty pair.
    return node if position in (0, -1) and node is not False else MISSING


def _labelled(node: Found, label: Label) -> Found:
    if isinstance(node, dict):
        return node if carries(node, label) else MISSING
    if isinstance(node, list):
        found = [item for item in node if isinstance(item, dict) and carries(item, label)]
        return Each(found) if len(found) > 1 else found[0] if found else MISSING
    return MISSING


def carries(node: dict[str, Node], label: Label) -> bool:
    """
    Whether this object's label has that value.
    """
    value = alone(node.get(label.key, MISSING))
    return type(value) in SCALARS and text_of(cell_of(value)) == label.value


def alone(node: Found) -> Found:
    """
    What a list of one holds; anything else itself.
    """
    while isinstance(node, list) and len(node) == 1:
        node = node[0]
    return node


def _several(found: Iterable[Found]) -> Found:
    each = Each(found)
    return each if any(item is not MISSING for item in each) else MISSING


def cells_of(nodes: Sequence[Found]) -> Sequence[Cell]:
    """
    What the agent sees of *nodes*, one cell each.
    """
    if set(map(type, nodes)) <= SCALARS:
        return nodes  # type: ignore[return-value]
    return [cell_of(node) for node in nodes]


def cell_of(node: Found) -> Cell:
    """
    What the agent sees of *node*.

    Returns:
        The scalar; the values of a list joined by `, `, each in its place;
        the text of an XML element; None for an object, whose parts have
        cells of their own; "" for an empty list or object.
    """
    if node is MISSING or node is None:
        return None
    if isinstance(node, dict):
        return cell_of(node[TEXT]) if TEXT in node else None if node else ""
    if isinstance(node, list):
        return _joined(node)
    return node


def _joined(nodes: Sequence[Found]) -> Cell:
    if not nodes:
        return ""
    cells = [cell_of(node) for node in nodes]
    if len(cells) == 1:
        return cells[0]
    if all(cell is None for cell in cells):
        return None
    return SEPARATOR.join(map(text_of, cells))


def has_cell(node: Found) -> bool:
    """
    Whether there is a value at *node*, null or empty or other, and not only parts or nothing.
    """
    if isinstance(node, dict):
        return TEXT in node or not node
    if isinstance(node, list):
        return not node or any(has_cell(item) for item in node)
    return node is not MISSING
