"""
A response as rows and columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from webhook_engine.errors import ResponseTooLarge, did_you_mean

from .bounds import Bounds
from .cells import cells_of, column_of, has_cell
from .discover import discover, too_many_cells
from .flat import are_flat, flat_columns, flat_rows
from .path import read_path, write_path
from .records import find_records

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from .document import Document
    from .path import Path
    from .records import Record
    from .tree import Cell, Found

    Rows: TypeAlias = tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """
    The records of a response, one row each.
    """

    columns: tuple[str, ...] = ()
    """Paths into a record, in the order of the response or as they were chosen."""

    rows: tuple[tuple[Cell, ...], ...] = ()
    """Rows × columns; None where a record has no such value, "" where it is empty."""

    records: str = ""
    """The path at which the records were found; "" is the document itself."""

    findings: tuple[str, ...] = ()
    """What an administrator should know: a column that is gone, records in two places."""


def tabulate(
    document: Document,
    records: str | None = None,
    columns: Sequence[str] | None = None,
    *,
    bounds: Bounds | None = None,
) -> Table:
    """
    The table that *document* is.

    Args:
        records: The path to its records; found by itself where left out.

        columns: The paths of the columns wanted, in that order; all of them
            where left out. One that no record has any more gives a finding.

    Raises:
        DefinitionError: A path is none.

        ResponseTooLarge: There are more columns or cells than *bounds* allow.

        TimeoutError: It took longer than *bounds* allow.
    """
    bounds = bounds or Bounds()
    bounds.check_time()
    found = find_records(document.tree, records, root=document.root)
    findings = (*document.findings, *found.findings)
    is_flat = are_flat(found.records)
    if columns is None:
        paths, rows = _whole(found.records, bounds, is_flat=is_flat)
    else:
        paths = tuple(columns)
        rows, gone = _chosen(found.records, paths, bounds, is_flat=is_flat)
        findings = (*findings, *gone)
    return Table(columns=paths, rows=rows, records=found.path, findings=findings)


def _whole(records: list[Record], bounds: Bounds, *, is_flat: bool) -> tuple[tuple[str, ...], Rows]:
    names = flat_columns(records) if is_flat and records else None
    if names and len(names) <= bounds.columns:
        check_cells(len(names) * len(records), bounds)
        rows = flat_rows(records, [(name,) for name in names])
        if rows is not None:
            return tuple(write_path((name,)) for name in names), rows
    paths: list[str] = []
    columns: list[Sequence[Cell]] = []
    for steps, cells in discover(records, bounds):
        paths.append(write_path(steps))
        columns.append(cells)
        check_cells(len(paths) * len(records), bounds)
    return tuple(paths), _across(columns, len(records))


def _chosen(
    records: list[Record], columns: tuple[str, ...], bounds: Bounds, *, is_flat: bool
) -> tuple[Rows, tuple[str, ...]]:
    check_cells(len(columns) * len(records), bounds)
    paths = [read_path(column) for column in columns]
    rows = flat_rows(records, paths) if is_flat else None
    if rows is not None:
        return rows, ()
    found = [_timely(records, path, bounds) for path in paths]
    gone = [
        column
        for column, nodes in zip(columns, found, strict=True)
        if nodes and not any(map(has_cell, nodes))
    ]
    rows = _across([cells_of(nodes) for nodes in found], len(records))
    return rows, vanished(gone, records, bounds) if gone else ()


def _timely(records: list[Record], path: Path, bounds: Bounds) -> list[Found]:
    bounds.check_time()
    return column_of(records, path)


def _across(cells: list[Sequence[Cell]], count: int) -> Rows:
    return tuple(zip(*cells, strict=True)) if cells else ((),) * count


def check_cells(count: int, bounds: Bounds) -> None:
    """
    Raises:
        ResponseTooLarge: *count* cells are more than *bounds* allow.
    """
    if count > bounds.cells:
        raise too_many_cells(bounds)


def vanished(columns: Sequence[str], records: Sequence[Record], bounds: Bounds) -> tuple[str, ...]:
    """
    One sentence for each column that no record has any more, with where it may have gone.

    Args:
        columns: Their paths.

        records: Some records of the response; the first hundred are looked at.
    """
    try:
        present = [write_path(steps) for steps, _ in discover(records[:100], bounds)]
    except ResponseTooLarge:
        present = []
    return tuple(_gone(column, present) for column in columns)


def _gone(column: str, present: Sequence[str]) -> str:
    sentence = f"the column {column} is not in the response any more"
    inside = [name for name in present if name.startswith((f"{column}.", f"{column}["))]
    if inside:
        return f"{sentence}: its parts are {', '.join(inside[:5])}"
    leaf = column.rpartition(".")[2]
    moved = [name for name in present if name.rpartition(".")[2] == leaf]
    likely = moved[0] if moved else did_you_mean(column, present)
    return f"{sentence}: did you mean {likely}?" if likely else sentence
