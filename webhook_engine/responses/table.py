"""
A response as rows and columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from webhook_engine.errors import ResponseTooLarge, did_you_mean

from .bounds import Bounds
from .cells import cells_of, column_of
from .discover import discover
from .path import read_path, write_path
from .records import find_records
from .tree import MISSING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .read import Document
    from .records import Record
    from .tree import Cell


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
    """
    bounds = bounds or Bounds()
    found = find_records(document.tree, records, root=document.root)
    findings = (*document.findings, *found.findings)
    if columns is None:
        return _whole(found.records, found.path, findings, bounds)
    return _chosen(found.records, found.path, findings, tuple(columns), bounds)


def _whole(records: list[Record], path: str, findings: tuple[str, ...], bounds: Bounds) -> Table:
    names: list[str] = []
    cells: list[Sequence[Cell]] = []
    for steps, nodes in discover(records, most=bounds.columns):
        names.append(write_path(steps))
        cells.append(cells_of(nodes))
        check_cells(len(names) * len(records), bounds)
    return Table(columns=tuple(names), rows=_across(cells, len(records)), records=path, findings=findings)


def _chosen(
    records: list[Record], path: str, findings: tuple[str, ...], columns: tuple[str, ...], bounds: Bounds
) -> Table:
    check_cells(len(columns) * len(records), bounds)
    cells: list[Sequence[Cell]] = []
    gone: list[str] = []
    for column in columns:
        nodes = column_of(records, read_path(column))
        cells.append(cells_of(nodes))
        if nodes and all(node is MISSING for node in nodes):
            gone.append(column)
    if gone:
        findings = (*findings, *vanished(gone, records, bounds))
    return Table(columns=columns, rows=_across(cells, len(records)), records=path, findings=findings)


def _across(cells: list[Sequence[Cell]], count: int) -> tuple[tuple[Cell, ...], ...]:
    return tuple(zip(*cells, strict=True)) if cells else ((),) * count


def check_cells(count: int, bounds: Bounds) -> None:
    """
    Raises:
        ResponseTooLarge: *count* cells are more than *bounds* allow.
    """
    if count > bounds.cells:
        raise ResponseTooLarge(
            f"the table would have {count:,} cells, more than the {bounds.cells:,} allowed: "
            "choose fewer columns, or ask the target system for fewer records"
        )


def vanished(columns: Sequence[str], records: Sequence[Record], bounds: Bounds) -> tuple[str, ...]:
    """
    One sentence for each column that no record has any more, with where it may have gone.

    Args:
        columns: Their paths.

        records: Some records of the response; the first hundred are looked at.
    """
    try:
        present = [write_path(steps) for steps, _ in discover(records[:100], most=bounds.columns)]
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
