"""
Where the records of a response are, and each of them as one object.

    a list                          its items
    one object                      a list of one
    an object keyed by id           its members, their names under `#key`
    a matrix with a header row      its rows, by the header
    rows wrapped in a single key    what is wrapped
    name/value pairs                one object, or one for each list of pairs
    a scalar, a text                a list of one, under `value`
    nothing                         none
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeGuard

from .cells import alone, cell_of, follow
from .envelopes import keyed, unwrap
from .pairs import PAIRS, pair_of
from .path import read_path, write_path
from .tree import MISSING, SCALARS, TEXT, Each, is_empty, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from .path import Path
    from .tree import Found, Node

    Record: TypeAlias = dict[str, Node]

KEY: Final = "#key"
"""The column of the ids in an object keyed by id."""

VALUE: Final = "value"
"""The column of a record that is no object."""


@dataclass(frozen=True, slots=True)
class Records:
    """
    The records of a response and where they were.
    """

    path: str
    """Reading the response with this path gives the same records."""

    records: list[Record]

    findings: tuple[str, ...] = ()
    """What an administrator should know about the choice."""


def find_records(tree: Node, path: str | None = None, *, root: str | None = None) -> Records:
    """
    The records of *tree*, at *path* or wherever they are.

    Args:
        tree: A whole response.

        path: Where they are; found by itself where left out.

        root: The name of an XML document's outermost element, which a path
            may begin with although the tree begins inside it.

    Raises:
        DefinitionError: *path* is none.
    """
    if path is None:
        steps, node, others = unwrap(tree)
        return Records(write_path(steps), as_records(node), _ambiguous(steps, others))
    found: Found = tree
    for step in inside(read_path(path), tree, root):
        found = follow(found, step)
    if found is MISSING:
        return Records(path, [], _lost(tree, path))
    return Records(path, list(_each_record(found)) if isinstance(found, Each) else as_records(found))


def _each_record(found: Found) -> Iterator[Record]:
    if isinstance(found, Each):
        for item in found:
            yield from _each_record(item)
    elif found is not MISSING:
        yield from as_records(found)


def inside(steps: Path, tree: Node, root: str | None) -> Path:
    """
    *steps* from inside the outermost element, whose name a path may begin with.
    """
    if steps and steps[0] == root and not (isinstance(tree, dict) and root in tree):
        return steps[1:]
    return steps


def _ambiguous(steps: Path, others: tuple[str, ...]) -> tuple[str, ...]:
    if not others:
        return ()
    names = ", ".join(others)
    return (f"the records were taken from {write_path(steps)}; there are also {names}: say which are meant",)


def _lost(tree: Node, path: str) -> tuple[str, ...]:
    steps, node, _ = unwrap(tree)
    if not isinstance(node, list) or not node or not steps:
        return (f"there is nothing at {path}, where the records should be",)
    return (f"there is nothing at {path}, where the records should be; {write_path(steps)} holds some",)


def as_records(node: Node) -> list[Record]:
    """
    The records that *node* is.
    """
    if is_empty(node):
        return []
    if isinstance(node, dict):
        ids = keyed(node)
        return [{KEY: name, **_object(node[name])} for name in ids] if ids else _reshaped([node])
    if isinstance(node, list):
        if set(map(type, node)) == {dict} and all(node):
            return _reshaped(node, are_objects=True)
        return _reshaped([item for item in node if not is_empty(item)])
    return [{VALUE: node}]


def _reshaped(rows: list[Node], *, are_objects: bool = False) -> list[Record]:
    """
    Rows of whatever shape as records.

    Args:
        are_objects: Whether it is known already that all of them are.
    """
    if not rows:
        return []
    bare = _without_wrap(rows)
    if _are_pairs(bare):
        return [_record_of(bare)]
    if (are_objects and bare is rows) or set(map(type, bare)) == {dict}:
        return bare  # type: ignore[return-value]
    if all(isinstance(row, list) and _are_pairs(row) for row in bare):
        return [_record_of(row) for row in bare]  # type: ignore[arg-type]
    if all(isinstance(row, list) and set(map(type, row)) <= SCALARS for row in bare):
        return _from_matrix(bare)  # type: ignore[arg-type]
    return [row if isinstance(row, dict) else {VALUE: row} for row in bare]


def _without_wrap(rows: list[Node]) -> list[Node]:
    first = rows[0]
    if not isinstance(first, dict) or len(first) != 1:
        return rows
    (name,) = first
    if name == TEXT or not all(isinstance(row, dict) and row.keys() == {name} for row in rows):
        return rows
    inner = [row[name] for row in rows]  # type: ignore[index, call-overload]
    if all(isinstance(item, dict) for item in inner) or all(_is_pair_row(item) for item in inner):
        return [[item] if isinstance(item, dict) and _are_pairs([item]) else item for item in inner]
    return rows


def _is_pair_row(item: Node) -> bool:
    return _are_pairs(item if isinstance(item, list) else [item])


def _are_pairs(rows: list[Node]) -> TypeGuard[list[Record]]:
    """
    Whether these rows are the names and values of one record.
    """
    pair = pair_of(rows[0], PAIRS) if rows else None
    if pair is None:
        return False
    name, value = pair
    if not all(isinstance(row, dict) and row.keys() == {name, value} for row in rows):
        return False
    names = [alone(row[name]) for row in rows]  # type: ignore[index, call-overload]
    return all(isinstance(each, str) and each for each in names) and len(set(names)) == len(names)


def _record_of(pairs: list[Record]) -> Record:
    name, value = pair_of(pairs[0], PAIRS) or ("", "")
    return {text_of(cell_of(row[name])): row[value] for row in pairs}


def _from_matrix(rows: list[list[Node]]) -> list[Record]:
    header = rows[0]
    names = [name for name in header if isinstance(name, str) and name]
    widest = max(map(len, rows))
    if len(names) == len(header) == len(set(names)) and widest <= len(header) and len(rows) > 1:
        return [dict(zip(names, row, strict=False)) for row in rows[1:]]
    return [{str(place): cell for place, cell in enumerate(row, start=1)} for row in rows]


def _object(node: Node) -> Record:
    return node if isinstance(node, dict) else {VALUE: node}
