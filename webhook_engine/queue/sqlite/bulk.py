"""
One statement for many rows.

Each step of SQLite lets go of the interpreter and has to win it back from a busy
event loop. So rows go in by the hundred, and come out as one JSON text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    import apsw

Row = Sequence["apsw.SQLiteValue"]

_LARGEST = 128


@dataclass(frozen=True, slots=True)
class Bulk:
    """
    A statement in which `{values}` stands for the rows.
    """

    sql: str
    width: int
    """Columns of a row."""

    def run(self, db: apsw.Connection, rows: Sequence[Row], *more: apsw.SQLiteValue) -> None:
        """
        Args:
            more: What the statement binds after its rows.
        """
        for part in parts(rows):
            db.execute(_sized(self.sql, self.width, len(part)), (*chain.from_iterable(part), *more))

    def read(self, db: apsw.Connection, rows: Sequence[Row], *more: apsw.SQLiteValue) -> list[list[Any]]:
        """
        What a statement selects whose one row is one JSON array.
        """
        found: list[list[Any]] = []
        for part in parts(rows):
            sql = _sized(self.sql, self.width, len(part))
            found += read_json(db, sql, (*chain.from_iterable(part), *more))
        return found


def read_json(db: apsw.Connection, sql: str, values: Row = ()) -> list[list[Any]]:
    """
    The rows of a statement that gathers them in one JSON array.
    """
    text = db.execute(sql, tuple(values)).get
    rows: list[list[Any]] = orjson.loads(text) if isinstance(text, str) else []
    return rows


def parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """
    The rows in parts of 128, 64, … 1: few sizes, so that every statement stays prepared.
    """
    start, size = 0, _LARGEST
    while start < len(rows):
        while size > len(rows) - start:
            size //= 2
        yield rows[start : start + size]
        start += size


@lru_cache(maxsize=256)
def _sized(sql: str, width: int, count: int) -> str:
    row = f"({','.join('?' * width)})"
    return sql.format(values=",".join([row] * count))
