"""
Which columns the records of a response have, and in which order.

The records are taken column by column, all of them together, so that what one
record holds as an object, another as a list and a third not at all still gives
one set of columns. Columns stand as the members stand in the records; a member
that only later records have stands behind the one it follows there, or before
the one it leads.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from webhook_engine.errors import ResponseTooLarge

from .cells import advance, cell_of
from .labels import labels_of
from .path import Label
from .tree import MISSING, SCALARS, TEXT, Each, is_empty

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TypeAlias

    from .path import Path, Step
    from .tree import Cell, Found, Node

    Discovered: TypeAlias = tuple[Path, Sequence[Cell]]


def discover(records: Sequence[Node], *, most: int) -> Iterator[Discovered]:
    """
    Every column of *records*, with its cells.

    Raises:
        ResponseTooLarge: There are more than *most* columns.
    """
    if not records:
        return
    for count, column in enumerate(_columns(list(records), (), "", most), start=1):
        if count > most:
            raise _too_many(most)
        yield column


def _too_many(most: int) -> ResponseTooLarge:
    return ResponseTooLarge(
        f"the response has more than {most:,} columns: choose columns, or say where its records are"
    )


def _columns(nodes: list[Found], path: Path, skip: str, most: int) -> Iterator[Discovered]:
    types = set(map(type, nodes))
    if types <= SCALARS:
        yield path, nodes  # type: ignore[misc]
        return
    if types == {dict}:
        members = _members_of_each(nodes)  # type: ignore[arg-type]
        if members is not None:
            if path and (TEXT in members or not members):
                yield path, [cell_of(node) for node in nodes]
            for name, column in members.items():
                if name not in (TEXT, skip):
                    yield from _columns(column, (*path, name), "", most)
            return
    yield from _irregular(nodes, path, skip, most)


def _members_of_each(objects: list[dict[str, Node]]) -> dict[str, list[Found]] | None:
    """
    Column by column what is in objects that all have the same members; None where they do not.
    """
    first = objects[0]
    if set(map(len, objects)) != {len(first)}:
        return None
    try:
        return {name: list(map(itemgetter(name), objects)) for name in first}
    except KeyError:
        return None


def _irregular(nodes: list[Found], path: Path, skip: str, most: int) -> Iterator[Discovered]:
    places = _places(nodes)
    objects = [place for place in places if isinstance(place, dict) and place]
    has_pairs = any(map(is_pair, _direct(nodes)))
    labels = labels_of(_direct(nodes), objects)
    names = [] if labels else [name for name in merged(map(tuple, objects), most=most) if name != skip]
    parts: list[Step] = [*labels, *(name for name in names if name != TEXT)]
    if path and _holds_values(
        places, beside_labels=bool(labels), beside_pairs=has_pairs, beside_parts=bool(parts)
    ):
        yield path, [cell_of(node) for node in nodes]
    for position in (0, 1) if has_pairs else ():
        yield from _columns(advance(nodes, position), (*path, position), "", most)
    for step in parts:
        without = step.key if isinstance(step, Label) else ""
        yield from _columns(advance(nodes, step), (*path, step), without, most)


def merged(shapes: Iterable[tuple[str, ...]], *, most: int) -> list[str]:
    """
    One order for the members of many objects, each a tuple of its names.

    Raises:
        ResponseTooLarge: There are more than *most* names.
    """
    order: list[str] = []
    places: dict[str, int] = {}
    for shape in dict.fromkeys(shapes):
        at = next((places[name] for name in shape if name in places), len(order))
        for name in shape:
            if name not in places:
                order.insert(at, name)
                if len(order) > most + 1:
                    raise _too_many(most)
                places = {known: place for place, known in enumerate(order)}
            at = places[name] + 1
    return order


def is_pair(node: Found) -> bool:
    """
    Whether *node* is a number and its name, `[1, "New"]`, which makes two columns.
    """
    return type(node) is list and len(node) == 2 and type(node[0]) is int and type(node[1]) is str


def _holds_values(
    places: Sequence[Found], *, beside_labels: bool, beside_pairs: bool, beside_parts: bool
) -> bool:
    """
    Whether these places give a column of their own, beside those of their parts.
    """
    if not (beside_pairs or beside_parts):
        # Nothing but empty values is a column too.
        return any(place is not MISSING for place in places)
    return any(_is_value(place, beside_labels=beside_labels, beside_pairs=beside_pairs) for place in places)


def _is_value(place: Found, *, beside_labels: bool, beside_pairs: bool) -> bool:
    if isinstance(place, dict):
        return TEXT in place and not beside_labels
    if beside_pairs and (place is False or is_pair(place)):
        return False
    return not is_empty(place)


def _direct(nodes: Iterable[Found]) -> Iterator[Found]:
    for node in nodes:
        if isinstance(node, Each):
            yield from _direct(node)
        else:
            yield node


def _places(nodes: Iterable[Found]) -> list[Found]:
    """
    *nodes* with the lists that hold objects replaced by their items.
    """
    found: list[Found] = []
    for node in nodes:
        spread = _spread(node)
        if spread is None:
            found.append(node)
        else:
            found += spread
    return found


def _spread(node: Found) -> list[Found] | None:
    """
    The places inside a list of one or with objects in it, however deep; else None.
    """
    if not isinstance(node, list):
        return None
    places = _places(node)
    if isinstance(node, Each) or len(node) == 1 or any(isinstance(place, dict) for place in places):
        return places
    return None
