"""
The files that are moved: owned, so that nothing changes in them meanwhile, and read part by part.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson
from sqlalchemy import func, literal, select, text, tuple_

from webhook_engine.errors import StoreError
from webhook_engine.process.moving import tables
from webhook_engine.queue.sqlite.files import open_file, open_reader, own
from webhook_engine.queue.sqlite.settings import QueueSettings
from webhook_engine.settings import Settings
from webhook_engine.store.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import apsw
    from sqlalchemy import Table

Row: TypeAlias = "Mapping[str, Any]"
Key: TypeAlias = "Sequence[Any]"
"""Where a page ended: what its last row is found by, as JSON has it."""

AT_ONCE = 500
"""Rows of a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    What goes into one table.
    """

    table: Table
    count: int
    page: Callable[[Key | None], Awaitable[tuple[Sequence[Row], Key]]]
    """The next rows after a key, and the last one's; no rows where there are no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """
    What is moved.
    """

    name: str
    parts: Sequence[Part]
    """In an order in which no row comes before one that it names."""

    numbers: Mapping[str, int]
    """Table -> the highest number that was ever given in it."""


@asynccontextmanager
async def opened(url: str, queue_schema: str) -> AsyncIterator[Source]:
    """
    The files at an address, this command's alone.

    Args:
        queue_schema: Where the delivery queue's tables are going to be.

    Raises:
        StoreOwned, QueueOwned: A process works with them; it is named.
        StoreOutdated: They are of another version, and what to do.
        StoreError: There is no store.
    """
    settings = Settings(database=url)
    path, deliveries = settings.database_path.resolve(), settings.deliveries_path.resolve()
    if not path.exists():
        raise StoreError(f"there is no store {path} that could be moved")
    async with AsyncExitStack() as stack:
        database = SqliteDatabase.at(url)
        await database.open()
        stack.push_async_callback(database.close)
        parts = [await _store_part(database, each) for each in tables.STORE]
        if deliveries.exists():
            lock = own(deliveries)
            stack.callback(lock.release)
            # Opened once as a process does: a file of an earlier version is brought up to this one.
            open_file(deliveries, QueueSettings()).close()
            db = open_reader(deliveries)
            stack.callback(db.close)
            parts += [_queue_part(db, each) for each in tables.queue(queue_schema)]
        yield Source(name=str(path), parts=parts, numbers=await _numbers(database))


async def _store_part(database: SqliteDatabase, table: Table) -> Part:
    columns = tuple(table.primary_key.columns)

    async def page(after: Key | None) -> tuple[Sequence[Row], Key]:
        wanted = select(table).order_by(*columns).limit(AT_ONCE)
        if after is not None:
            given = [literal(value, each.type) for value, each in zip(after, columns, strict=True)]
            wanted = wanted.where(tuple_(*columns) > tuple_(*given))
        async with database.read() as connection:
            rows = [dict(each) for each in (await connection.execute(wanted)).mappings()]
        last = [rows[-1][each.name] for each in columns] if rows else []
        return [_fitting(table.name, each) for each in rows], last

    async with database.read() as connection:
        count = (await connection.execute(select(func.count()).select_from(table))).scalar_one()
    return Part(table=table, count=count, page=page)


def _fitting(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """
    A row as processes that share a database have it: there a board is what it was after a step.
    """
    if table == "pop" and row["key"] == "board" and "step" not in (state := orjson.loads(row["state"])):
        return row | {"state": orjson.dumps({"step": 0, "state": state}).decode()}
    return row


def _queue_part(db: apsw.Connection, queued: tables.Queued) -> Part:
    def read(after: Key | None) -> tuple[Sequence[Row], Key]:
        width = len(queued.key)
        order = ", ".join(queued.key)
        where = "" if after is None else f"WHERE ({order}) > ({', '.join('?' * width)})"
        statement = f"SELECT {order}, {queued.columns} FROM {queued.source} {where} ORDER BY {order} LIMIT ?"  # noqa: S608  # names of our own
        rows = db.execute(statement, (*(after or ()), AT_ONCE)).fetchall()
        names = queued.names
        found = [dict(zip(names, each[width:], strict=True)) for each in rows]
        return [queued.fit(each) for each in found], list(rows[-1][:width]) if rows else []

    async def page(after: Key | None) -> tuple[Sequence[Row], Key]:
        return await asyncio.to_thread(read, after)

    count = db.execute(f"SELECT count(*) FROM {queued.source}").get  # noqa: S608  # names of our own
    return Part(table=queued.table, count=int(str(count)), page=page)


async def _numbers(database: SqliteDatabase) -> dict[str, int]:
    async with database.read() as connection:
        rows = await connection.execute(text("SELECT name, seq FROM sqlite_sequence"))
        return {row.name: row.seq for row in rows}
