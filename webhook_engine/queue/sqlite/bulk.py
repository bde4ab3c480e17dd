"""
One statement for many rows.

Each statement lets go of the interpreter and has to win it back from a busy event
loop, which takes as long as some rows do. So rows go in by the hundred, with rows of
nothing to make up the number, and come out as one JSON text.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    import apsw

Row = Sequence["apsw.SQLiteValue"]

SIZES: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
"""Rows in one statement: few sizes, so that every statement stays prepared."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """
    A statement in which `{values}` stands for the rows; of a row of NULLs it makes nothing.
    """

    sql: str
    width: int
    """Columns of a row."""

    def run(self, db: apsw.Connection, rows: Sequence[Row], *more: apsw.SQLiteValue) -> None:
        """
        Args:
            more: What the statement binds after its rows.
        """
        for size, values in parts(rows, self.width):
            db.execute(_sized(self.sql, self.width, size), (*values, *more))

    def read(self, db: apsw.Connection, rows: Sequence[Row], *more: apsw.SQLiteValue) -> list[list[Any]]:
        """
        What a statement selects whose one row is one JSON array.
        """
        found: list[list[Any]] = []
        for size, values in parts(rows, self.width):
            found += read_json(db, _sized(self.sql, self.width, size), (*values, *more))
        return found


def read_json(db: apsw.Connection, sql: str, values: Row = ()) -> list[list[Any]]:
    """
    The rows of a statement that gathers them in one JSON array.
    """
    text = db.execute(sql, tuple(values)).get
    rows: list[list[Any]] = orjson.loads(text) if isinstance(text, str) else []
    return rows


def parts(rows: Sequence[Row], width: int) -> Iterator[tuple[int, Iterator[apsw.SQLiteValue]]]:
    """
    The rows in as few parts as can be: how many each has, and their values, made up with NULLs.
    """
    for start in range(0, len(rows), SIZES[-1]):
        part = rows[start : start + SIZES[-1]]
        size = SIZES[bisect_left(SIZES, len(part))]
        yield size, chain(chain.from_iterable(part), repeat(None, (size - len(part)) * width))


@lru_cache(maxsize=256)
def _sized(sql: str, width: int, count: int) -> str:
    row = f"({','.join('?' * width)})"
    return sql.format(values=",".join([row] * count))
