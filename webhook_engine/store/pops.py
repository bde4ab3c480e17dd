"""
Pops, so that a board is the same after a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import delete, insert, select

from webhook_engine.store import tables
from webhook_engine.store.work import finished, id_of, tenant_row

if TYPE_CHECKING:
    from collections.abc import Collection

    from webhook_engine.store.changes import Changes
    from webhook_engine.store.database import Database

_table = tables.pop


@dataclass(frozen=True, slots=True, kw_only=True)
class Pop:
    """
    One pop, as its board wants it back.
    """

    key: str
    """What it is known by within its tenant."""

    agent: str

    state: Mapping[str, object]
    """The board's own, as JSON has it."""


class Pops:
    """
    The pops of all tenants.
    """

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    @finished
    async def save(self, tenant: str, pops: Collection[Pop] = (), *, gone: Collection[str] = ()) -> None:
        """
        Write pops down in place of those with their keys, and forget others, all at once.
        """
        now = datetime.now(UTC)
        latest = {pop.key: pop for pop in pops}
        # A board may be megabytes.
        states = await asyncio.to_thread(
            lambda: {key: orjson.dumps(pop.state).decode() for key, pop in latest.items()}
        )
        async with self._database.write() as connection:
            row = await tenant_row(connection, tenant)
            for key in {*latest, *gone}:
                await connection.execute(
                    delete(_table).where(_table.c.tenant_id == row.id, _table.c.key == key)
                )
            rows = [
                {
                    "tenant_id": row.id,
                    "key": pop.key,
                    "agent": pop.agent,
                    "state": states[pop.key],
                    "changed_at": now,
                }
                for pop in latest.values()
            ]
            if rows:
                await connection.execute(insert(_table), rows)
        if row.is_renamed:
            await self._changes.catch_up()

    async def list(self, tenant: str, *, agent: str | None = None) -> tuple[Pop, ...]:
        """
        The pops of a tenant, or of one of its agents, the longest unchanged first.
        """
        wanted = select(_table).where(_table.c.tenant_id == id_of(tenant))
        if agent is not None:
            wanted = wanted.where(_table.c.agent == agent)
        async with self._database.read() as connection:
            rows = await connection.execute(wanted.order_by(_table.c.changed_at, _table.c.key))
            return tuple(Pop(key=row.key, agent=row.agent, state=orjson.loads(row.state)) for row in rows)

    @finished
    async def sweep(self, older_s: float) -> int:
        """
        Forget the pops of every tenant that were not changed for so many seconds.

        Returns:
            How many there were.
        """
        until = datetime.now(UTC) - timedelta(seconds=older_s)
        async with self._database.write() as connection:
            return (await connection.execute(delete(_table).where(_table.c.changed_at < until))).rowcount
