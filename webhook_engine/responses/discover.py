"""
Which columns the records of a response have, and in which order.

The records are taken column by column, all of them together, so that what one
record holds as an object, another as a list and a third not at all still gives
one set of columns. Columns stand as the members stand in the records; a member
that only later records have stands behind the one it follows there, or before
the one it leads.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from webhook_engine.errors import ResponseTooLarge

from .cells import advance, cell_of
from .labels import labels_of
from .path import Label
from .tree import MISSING, SCALARS, TEXT, Each, Missing, is_empty

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TypeAlias

    from .bounds import Bounds
    from .path import Path, Step
    from .tree import Cell, Found, Node

    Discovered: TypeAlias = tuple[Path, Sequence[Cell]]


_SCALARS_WITH_GAPS: Final = SCALARS | {Missing}


def discover(records: Sequence[Node], bounds: Bounds) -> Iterator[Discovered]:
    """
    Every column of *records*, with its cells.

    Raises:
        ResponseTooLarge: There are more columns than *bounds* allow, or more
            values to look at than it allows cells.

        TimeoutError: It took longer than *bounds* allow.
    """
    discovery = _Discovery(bounds)
    if records:
        yield from discovery.columns(list(records), ())


class _Discovery:
    """
    One search for columns, which stops where it has cost too much.
    """

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._found = 0
        self._seen = 0

    def columns(self, nodes: list[Found], path: Path, skip: str | None = None) -> Iterator[Discovered]:
        """
        The columns of what was found at *path*, but for the member *skip*.
        """
        self._bounds.check_time()
        types = set(map(type, nodes))
        if types <= SCALARS:
            yield self._column(path, nodes)  # type: ignore[arg-type]
            return
        if types <= _SCALARS_WITH_GAPS:
            self._spend(len(nodes))
            if types != {Missing}:
                yield self._column(path, [None if node is MISSING else node for node in nodes])  # type: ignore[misc]
            return
        members = self._members_of_each(nodes) if types == {dict} else None
        if members is None:
            yield from self._irregular(nodes, path, skip)
            return
        if path and (TEXT in members or not members):
            yield self._column(path, [cell_of(node) for node in nodes])
        for name, column in members.items():
            if name not in (TEXT, skip):
                yield from self.columns(column, (*path, name))

    def _members_of_each(self, nodes: list[Found]) -> dict[str, list[Found]] | None:
        """
        Column by column what is in objects that all have the same members; None where they do not.
        """
        objects: list[dict[str, Node]] = nodes  # type: ignore[assignment]
        first = objects[0]
        if len(first) > self._bounds.columns + 2:  # The text and the member to skip are no columns.
            raise self._too_many()
        if set(map(len, objects)) != {len(first)}:
            return None
        try:
            return {name: list(map(itemgetter(name), objects)) for name in first}
        except KeyError:
            return None

    def _irregular(self, nodes: list[Found], path: Path, skip: str | None) -> Iterator[Discovered]:
        places = _places(nodes)
        self._spend(len(places))
        objects = [place for place in places if isinstance(place, dict) and place]
        has_pairs = any(map(is_pair, _direct(nodes)))
        labels = labels_of(_direct(nodes), objects)
        names = [] if labels else [name for name in self._merged(map(tuple, objects)) if name != skip]
        parts: list[Step] = [*labels, *(name for name in names if name != TEXT)]
        beside = _Beside(labels=bool(labels), pairs=has_pairs, parts=bool(parts))
        if path and _holds_values(places, beside):
            yield self._column(path, [cell_of(node) for node in nodes])
        for position in (0, 1) if has_pairs else ():
            yield from self.columns(advance(nodes, position), (*path, position))
        for step in parts:
            without = step.key if isinstance(step, Label) else None
            yield from self.columns(advance(nodes, step), (*path, step), without)

    def _merged(self, shapes: Iterable[tuple[str, ...]]) -> list[str]:
        """
        One order for the members of many objects, each a tuple of its names.
        """
        order: list[str] = []
        places: dict[str, int] = {}
        for shape in dict.fromkeys(shapes):
            self._bounds.check_time()
            at = next((places[name] for name in shape if name in places), len(order))
            for name in shape:
                if name not in places:
                    order.insert(at, name)
                    if len(order) > self._bounds.columns + 2:
                        raise self._too_many()
                    # Only the places behind it are others now; mostly there are none.
                    places.update(zip(order[at:], range(at, len(order)), strict=True))
                at = places[name] + 1
        return order

    def _column(self, path: Path, cells: Sequence[Cell]) -> Discovered:
        self._found += 1
        if self._found > self._bounds.columns:
            raise self._too_many()
        return path, cells

    def _spend(self, values: int) -> None:
        # Many values may share a cell, so cells alone would bound nothing.
        self._seen += values
        if self._seen > self._bounds.cells:
            raise too_many_cells(self._bounds)

    def _too_many(self) -> ResponseTooLarge:
        return ResponseTooLarge(
            f"the response has more than {self._bounds.columns:,} columns: "
            "choose columns, or say where its records are"
        )


def too_many_cells(bounds: Bounds) -> ResponseTooLarge:
    """
    The error for a table of more cells than *bounds* allow.
    """
    return ResponseTooLarge(
        f"the table would have more than the {bounds.cells:,} cells allowed: "
        "choose fewer columns, or ask the target system for fewer records"
    )


@dataclass(frozen=True, slots=True)
class _Beside:
    """
    What else a column that may be one of its own has.
    """

    labels: bool
    pairs: bool
    parts: bool


def is_pair(node: Found) -> bool:
    """
    Whether *node* is a number and its name, `[1, "New"]`, which makes two columns.
    """
    return type(node) is list and len(node) == 2 and type(node[0]) is int and type(node[1]) is str


def _holds_values(places: Sequence[Found], beside: _Beside) -> bool:
    """
    Whether these places give a column of their own, beside those of their parts.
    """
    if not (beside.pairs or beside.parts):
        # Nothing but empty values is a column too.
        return any(place is not MISSING for place in places)
    return any(_is_value(place, beside) for place in places)


def _is_value(place: Found, beside: _Beside) -> bool:
    if isinstance(place, dict):
        return TEXT in place and not beside.labels
    if beside.pairs and (place is False or is_pair(place)):
        return False
    if isinstance(place, list):
        return any(_is_value(item, beside) for item in place)
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
