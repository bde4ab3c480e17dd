"""
The everyday response, understood at a glance.

Most lookups are answered by a short JSON list of flat records, alone or under one name. What such a response
means can be told without asking every question that a stranger response needs. Where anything is out of the
ordinary, nothing is told, and the long way decides; where something is, it is what the long way would say.
"""

from __future__ import annotations

from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Final

import orjson

from .complaint import is_aside
from .defaults import ANSWERED, answered
from .envelopes import is_id
from .flat import are_flat
from .json_text import may_round
from .names import is_meta
from .path import read_path, write_path
from .sniff import says_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from .response import Response
    from .tree import Cell, Node
    from .view import View

    Picker: TypeAlias = Callable[[dict[str, Node]], tuple[Cell, ...]]
    Rows: TypeAlias = tuple[tuple[Cell, ...], ...]

LONGEST: Final = 64 * 1024
"""Bytes. A longer response is worth the questions, and may meet a bound that a short one cannot."""

DECIDED_BY: Final = f"default: {ANSWERED}"
"""Who says that it is ok."""

_LONGEST_NAMES: Final = 256
"""Characters of the names in an envelope, all together."""

_FEWEST_MEMBERS: Final = 3
"""Records of one member are wrapped, those of two may be a name and a value."""


class Glance:
    """
    One view, with everything about it that no response changes worked out.
    """

    __slots__ = ("_columns", "_expects_rows", "_pick", "_records")

    def __init__(self, view: View, pick: Picker, *, expects_rows: bool) -> None:
        self._columns = view.paths
        self._records = view.records
        self._pick = pick
        self._expects_rows = expects_rows

    @classmethod
    def over(cls, view: View, *, expects_rows: bool) -> Glance | None:
        """
        A glance for *view*; None where its columns are not two or more plain names.
        """
        pick = _picker(view.paths)
        return None if pick is None else cls(view, pick, expects_rows=expects_rows)

    def look(self, response: Response) -> tuple[str, str, Rows] | None:
        """
        The sentence, the path to the records and the rows of an everyday response that is ok; None for any other.
        """
        body = response.body
        if not (200 <= response.status < 300 and body[:1] in {b"{", b"["} and len(body) <= LONGEST):
            return None
        if not _is_plain_json(response.headers) or may_round(body):
            return None
        try:
            tree: Node = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        found = _found(tree, self._records)
        if found is None:
            return None
        path, records = found
        rows = self._rows(records)
        if rows is None:
            return None
        return answered(len(rows), expects_rows=self._expects_rows), path, rows

    def _rows(self, records: list[dict[str, Node]]) -> Rows | None:
        if len(records[0]) < _FEWEST_MEMBERS:
            return None
        try:
            rows = tuple(map(self._pick, records))
        except KeyError:
            return None
        # A lone record could be an error in disguise: one chosen cell that is none settles it.
        if len(records) == 1 and not any(
            cell not in (None, "") and not _is_aside(name)
            for name, cell in zip(self._columns, rows[0], strict=True)
        ):
            return None
        return rows


def _is_plain_json(headers: tuple[tuple[str, str], ...]) -> bool:
    said = None
    for name, value in headers:
        if len(name) == 12 and name.lower() == "content-type":
            if said is not None:
                return False
            said = value
    return said is not None and _means_plain_json(said)


@lru_cache(maxsize=64)
def _means_plain_json(content_type: str) -> bool:
    media, _, rest = content_type.partition(";")
    return says_json(media.strip().lower()) and rest.strip().lower() in {
        "",
        "charset=utf-8",
        'charset="utf-8"',
    }


def _found(tree: Node, wanted: str | None) -> tuple[str, list[dict[str, Node]]] | None:
    """
    The list of records, and the path to it.
    """
    path: str | None = ""
    node = tree
    if isinstance(tree, dict):
        kinds = list(map(type, tree.values()))
        names = tuple(tree)
        if kinds.count(list) != 1 or sum(map(len, names)) > _LONGEST_NAMES:
            return None
        holder = names[kinds.index(list)]
        node, path = tree[holder], _path_in(names, holder)
    if path is None or (wanted is not None and wanted != path) or type(node) is not list or not node:
        return None
    if set(map(type, node)) != {dict} or not are_flat(node):  # type: ignore[arg-type]  # they are dicts
        return None
    return path, node  # type: ignore[return-value]  # they are dicts


@lru_cache(maxsize=256)
def _picker(columns: tuple[str, ...]) -> Picker | None:
    paths = [read_path(column) for column in columns]
    names = [path[0] for path in paths if len(path) == 1 and isinstance(path[0], str)]
    # `itemgetter` of one name gives no tuples.
    if len(names) != len(columns) or len(set(names)) != len(names) or len(names) < 2:
        return None
    return itemgetter(*names)


# Names come from target systems: few are kept, and none that is long.
@lru_cache(maxsize=256)
def _path_in(names: tuple[str, ...], holder: str) -> str | None:
    """
    The path to the records that *holder* holds, among these *names* of an envelope; None where it may not.
    """
    if "jsonrpc" in names or is_meta(holder) or is_id(holder) or is_aside(holder):
        return None
    return write_path((holder,)) if all(is_meta(name) for name in names if name != holder) else None


def _is_aside(name: str) -> bool:
    return len(name) > 64 or _explains(name)


@lru_cache(maxsize=256)
def _explains(name: str) -> bool:
    return is_aside(name)
