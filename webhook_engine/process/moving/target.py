"""
The database that is moved into.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import column, delete, func, insert, literal, select, text, tuple_
from sqlalchemy import table as table_clause
from sqlalchemy.dialects.postgresql import insert as insert_or_update

from webhook_engine.errors import StoreError
from webhook_engine.process.moving.source import AT_ONCE
from webhook_engine.process.moving.tables import PROGRESS, STORE, queue
from webhook_engine.queue.postgresql.connecting import Server, quoted
from webhook_engine.queue.postgresql.schema import prepare
from webhook_engine.queue.postgresql.settings import PostgresqlSettings
from webhook_engine.queue.postgresql.statements import SHIFT
from webhook_engine.store import schema, tables
from webhook_engine.store.postgresql import MOVING, PostgresqlDatabase, outdated, version

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from sqlalchemy import Table, TableClause
    from sqlalchemy.ext.asyncio import AsyncConnection

    from webhook_engine.process.moving.source import Key, Row


class Target:
    """
    The database, to be entered; no process starts on it before the move is over.
    """

    def __init__(self, url: str) -> None:
        self._server = Server(url, PostgresqlSettings())
        self._database = PostgresqlDatabase(url)
        self.queue_schema = self._server.schema

    def __str__(self) -> str:
        return str(self._database)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        self._database.connect()
        try:
            yield
        finally:
            await self._database.close()

    async def begin(self, source: str) -> bool:
        """
        Make it ready for that source, or go on where an earlier move was ended.

        Returns:
            Whether there is something to do; not so where it has been moved already.

        Raises:
            StoreError: It holds something else.
        """
        async with self._database.write(at_leisure=True) as connection:
            found = await version(connection)
            if found is not None and (others := await self._moved_from(connection)):
                if others != {source}:
                    raise StoreError(
                        f"{self} came from {', '.join(sorted(others))}: move into an empty database"
                    )
                return found == MOVING
            if found not in {None, schema.HEAD}:
                raise outdated(str(self), found or "")
            if found is not None and (held := await self._held(connection)):
                raise StoreError(f"{self} already holds {held}: move into an empty database")
        await self._make_queue()
        async with self._database.write(at_leisure=True) as connection:
            if found is None:
                await connection.run_sync(schema.migrate)
            await connection.run_sync(PROGRESS.create)
            await connection.execute(delete(tables.change))
            await connection.execute(insert(PROGRESS).values(part="", source=source, rows=0))
            await _set_version(connection, MOVING)
        return True

    async def _make_queue(self) -> None:
        try:
            db = await self._server.connect()
            try:
                await prepare(db, self._server.schema, shown=self._server.shown)
            finally:
                await db.close()
        except self._server.errors as error:
            raise self._server.refusal(error) from error

    async def _moved_from(self, connection: AsyncConnection) -> set[str]:
        there = await connection.execute(text("SELECT to_regclass('moving')"))
        if there.scalar_one() is None:
            return set()
        return set((await connection.execute(select(PROGRESS.c.source))).scalars())

    async def _held(self, connection: AsyncConnection) -> str:
        """
        What is there that a move would be added to, in words.
        """
        found = []
        delivery = queue(self.queue_schema)[0].table
        there = f"{quoted(self.queue_schema)}.delivery"
        has_queue = (await connection.execute(select(func.to_regclass(there)))).scalar_one() is not None
        for table in (*STORE, *([delivery] if has_queue else [])):
            if table is tables.change:
                continue
            count = (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            if count:
                found.append(f"{count:,} of `{table.name}`")
        return ", ".join(found)

    # --- Rows --------------------------------------------------------------------------------------

    async def progress(self) -> Mapping[str, tuple[Key | None, int]]:
        """
        Table -> where it goes on and how many rows are there.
        """
        async with self._database.read() as connection:
            rows = (await connection.execute(select(PROGRESS))).all()
        return {row.part: (None if row.after is None else orjson.loads(row.after), row.rows) for row in rows}

    async def add(self, table: Table, rows: Sequence[Row], *, last: Key, source: str, count: int) -> None:
        """
        Rows of a table, and how far it is with them: both or neither.
        """
        state = {"source": source, "after": orjson.dumps(last).decode(), "rows": count}
        noted = insert_or_update(PROGRESS).values(part=table.name, **state)
        async with self._database.write() as connection:
            await connection.execute(insert(table), list(rows))
            await connection.execute(noted.on_conflict_do_update(index_elements=["part"], set_=state))

    async def pages(self, table: Table) -> AsyncIterator[Sequence[Row]]:
        """
        All rows of a table.
        """
        columns = tuple(table.primary_key.columns)
        after: list[Any] | None = None
        while True:
            wanted = select(table).order_by(*columns).limit(AT_ONCE)
            if after is not None:
                given = [literal(value, each.type) for value, each in zip(after, columns, strict=True)]
                wanted = wanted.where(tuple_(*columns) > tuple_(*given))
            async with self._database.read() as connection:
                rows = [dict(each) for each in (await connection.execute(wanted)).mappings()]
            if not rows:
                return
            yield rows
            after = [rows[-1][each.name] for each in columns]

    # --- The end -----------------------------------------------------------------------------------

    async def finish(self, numbers: Mapping[str, int]) -> None:
        """
        Have what comes numbered after what is there, count the deliveries, and let processes start.
        """
        delivery = queue(self.queue_schema)[0].table
        async with self._database.write(at_leisure=True) as connection:
            for table in STORE:
                if "id" in table.c and table.c.id.type.python_type is int:
                    await _count_on(connection, table, numbers.get(table.name, 0))
            counts = select(delivery.c.target, delivery.c.state, literal(0), func.count())
            counts = counts.group_by(delivery.c.target, delivery.c.state)
            await connection.execute(
                insert(self._tally).from_select(["target", "state", "slot", "n"], counts)
            )
            last = (await connection.execute(select(func.max(delivery.c.id)))).scalar_one() or 0
            batch = f"{quoted(self.queue_schema)}.batch"
            await connection.execute(select(func.setval(batch, (last >> SHIFT) + 1)))
            await _set_version(connection, schema.HEAD)

    @property
    def _tally(self) -> TableClause:
        names = ("target", "state", "slot", "n")
        return table_clause("tally", *map(column, names), schema=self.queue_schema)


async def _count_on(connection: AsyncConnection, table: Table, given: int) -> None:
    """
    Let the next number be one that was never given.
    """
    sequence = func.pg_get_serial_sequence(quoted(table.name), "id")
    last = func.greatest(given, select(func.max(table.c.id)).scalar_subquery(), 1)
    await connection.execute(select(func.setval(sequence, last)))


async def _set_version(connection: AsyncConnection, number: str) -> None:
    await connection.execute(text("UPDATE alembic_version SET version_num = :number"), {"number": number})
