"""
Large XML straight to the chosen columns: a record is dropped once its cells are taken.

What stands around the records is kept as a tree, with the first two records in
their place. It tells in the end whether the records were where they were
expected; if not, or if anything about them is unusual, the response is read the
long way, so the table is always the same as through the whole tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cells import cells_of, column_of, has_cell
from .envelopes import unwrap
from .fast_xml import add, begin, build
from .path import read_path
from .records import find_records, inside
from .table import Table, check_cells

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .bounds import Bounds
    from .document import Document
    from .tree import Cell, Node

_BEGINNING = 1 << 16
"""Bytes from which the place of the records is told."""

_SMALL = 4 * _BEGINNING
"""A body up to here is a tree anyway."""

_BATCH = 256
"""Records whose cells are taken together, column by column."""

_FEWEST_MEMBERS = 3
"""A record of fewer may be a wrap or a name/value pair, which all records together decide."""


class _Unusual(Exception):
    """
    A record that only the whole tree can tell the meaning of.
    """


class Stream:
    """
    A reader of XML that takes the cells at *columns* as the records pass by.
    """

    def __init__(self, records: str | None, columns: Sequence[str], bounds: Bounds) -> None:
        self._path = records
        self._columns = tuple(columns)
        self._bounds = bounds
        self._records: _Records | None = None

    def __call__(
        self, body: bytes, *, depth: int, between: Callable[[], None] | None = None
    ) -> tuple[str, Node]:
        """
        The outermost element's name and its content, with all but two records dropped.

        Raises:
            UnreadableResponse: It is not well-formed, or has a document type.

            ResponseTooLarge: It is deeper than *depth*, or makes too many cells.
        """
        place = self._place(body, depth) if len(body) > _SMALL else ()
        if not place:
            return build(body, depth=depth, between=between)

        def on_repeat(members: dict[str, Node], name: str, value: Node, level: int) -> None:
            if self._records is None and level == len(place) and name == place[-1]:
                members[name] = self._records = _Records(members[name], value, self._columns, self._bounds)
            else:
                add(members, name, value)

        try:
            tree = build(body, depth=depth, on_repeat=on_repeat, between=between)
            if self._records is not None:
                self._records.take()
        except _Unusual:
            self._records = None
            return build(body, depth=depth, between=between)
        return tree

    def _place(self, body: bytes, depth: int) -> tuple[str, ...]:
        """
        The names of the elements that lead to the records, the last one being theirs; none where it is unclear.
        """
        root, content = begin(body[:_BEGINNING], depth=depth)
        path = unwrap(content)[0] if self._path is None else inside(read_path(self._path), content, root)
        return tuple(step for step in path if isinstance(step, str))

    @property
    def is_partial(self) -> bool:
        """
        Whether the tree that was read lacks records.
        """
        return self._records is not None

    def table(self, document: Document) -> Table | None:
        """
        The table of *document*, which this reader read.

        Returns:
            None where the records were not where they were expected, or where
            only all of them can tell what became of a column.
        """
        passed = self._records
        if passed is None:
            return None
        found = find_records(document.tree, self._path, root=document.root)
        if found.records is not passed or not all(passed.seen):
            return None
        return Table(
            columns=self._columns,
            rows=tuple(passed.rows),
            records=found.path,
            findings=(*document.findings, *found.findings),
        )


class _Records(list["Node"]):
    """
    The records of a response: the first two of them, and the cells of all.
    """

    def __init__(self, first: Node, second: Node, columns: Sequence[str], bounds: Bounds) -> None:
        if not isinstance(first, dict) or len(first) < _FEWEST_MEMBERS:
            raise _Unusual
        super().__init__([first, second])
        self._paths = [read_path(column) for column in columns]
        self._bounds = bounds
        self._batch: list[Node] = [first, second]
        self.rows: list[tuple[Cell, ...]] = []
        self.seen = [False] * len(columns)
        """Whether any record had the column."""

    def append(self, record: Node) -> None:
        """
        Take the cells of another record, sooner or later.
        """
        self._batch.append(record)
        if len(self._batch) >= _BATCH:
            self.take()

    def take(self) -> None:
        """
        Take the cells of the records that wait.
        """
        self._bounds.check_time()
        batch, self._batch = self._batch, []
        if not all(batch) or not set(map(type, batch)) <= {dict}:
            raise _Unusual
        found = [column_of(batch, path) for path in self._paths]
        self.seen = [seen or any(map(has_cell, nodes)) for seen, nodes in zip(self.seen, found, strict=True)]
        self.rows.extend(zip(*map(cells_of, found), strict=True))
        check_cells(len(self.rows) * len(self._paths), self._bounds)
