"""
The log of API requests: noted at once, written in batches, read page by page.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select

from webhook_engine import log
from webhook_engine.errors import StoreError
from webhook_engine.store import tables
from webhook_engine.store.facts import ApiRequest
from webhook_engine.store.work import finished, id_of, insert_rows

if TYPE_CHECKING:
    from webhook_engine.store.database import Database

ROOM: Final = 50_000
"""Requests that wait to be written; while the disk takes none, the oldest go."""

_AT_ONCE: Final = 2_000
_SWEPT: Final = 500
_COLUMNS: Final = ("tenant_id", "at", "key", "action", "took_s", "outcome")
_table = tables.api_request


class ApiRequests:
    """
    The log of all tenants.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._noted: deque[ApiRequest] = deque(maxlen=ROOM)
        self._lost = 0

    def note(self, request: ApiRequest) -> None:
        """
        Have a request written down with the next `flush`; of a tenant that is not there, nothing is.
        """
        if len(self._noted) == ROOM:
            self._lost += 1
        self._noted.append(request)

    async def flush(self) -> None:
        """
        Write down what was noted.

        Raises:
            StoreError: It cannot be written now, and stays noted.
        """
        if self._noted or self._lost:
            await self._flush()

    @finished
    async def _flush(self) -> None:
        if self._lost:
            log.event("api_requests.lost", count=self._lost)
            self._lost = 0
        while self._noted:
            batch = [self._noted.popleft() for _ in range(min(_AT_ONCE, len(self._noted)))]
            try:
                await self._write(batch)
            except StoreError:
                self._noted.extendleft(reversed(batch[: ROOM - len(self._noted)]))
                raise

    async def page(
        self, tenant: str, *, limit: int = 100, before: int | None = None, action: str | None = None
    ) -> tuple[ApiRequest, ...]:
        """
        A tenant's requests, the newest first.

        Args:
            before: Only those with a lower number: the last one's of the page before.

            action: Only those for this one.
        """
        await self.flush()
        wanted = select(_table).where(_table.c.tenant_id == id_of(tenant))
        if before is not None:
            wanted = wanted.where(_table.c.id < before)
        if action is not None:
            wanted = wanted.where(_table.c.action == action)
        async with self._database.read() as connection:
            rows = await connection.execute(wanted.order_by(_table.c.id.desc()).limit(limit))
            return tuple(
                ApiRequest(
                    id=row.id,
                    tenant=tenant,
                    at=row.at,
                    key=row.key,
                    action=row.action,
                    took_s=row.took_s,
                    outcome=row.outcome,
                )
                for row in rows
            )

    @finished
    async def sweep(self, older_s: float) -> int:
        """
        Forget requests that are so many seconds old, a few at a time so that others are let in between.

        Returns:
            How many there were.
        """
        until = datetime.now(UTC) - timedelta(seconds=older_s)
        count = 0
        while True:
            # They were written in the order of their numbers, so the oldest are the first.
            oldest = select(_table.c.id, _table.c.at).order_by(_table.c.id).limit(_SWEPT).subquery()
            old = select(oldest.c.id).where(oldest.c.at < until)
            async with self._database.write(among="api requests") as connection:
                gone = (await connection.execute(delete(_table).where(_table.c.id.in_(old)))).rowcount
            count += gone
            if gone < _SWEPT:
                return count

    async def _write(self, batch: list[ApiRequest]) -> None:
        async with self._database.write(among="api requests") as connection:
            names = {each.tenant for each in batch}
            found = await connection.execute(
                select(tables.tenant.c.name, tables.tenant.c.id).where(tables.tenant.c.name.in_(names))
            )
            ids = {row.name: row.id for row in found}
            dialect = connection.dialect
            told = _table.c.at.type.dialect_impl(dialect).bind_processor(dialect) or _as_it_is
            rows = [
                (
                    ids[each.tenant],
                    told(each.at),
                    each.key,
                    each.action,
                    each.took_s,
                    each.outcome,
                )
                for each in batch
                if each.tenant in ids
            ]
            await insert_rows(connection, _table, _COLUMNS, rows)


def _as_it_is(value: object) -> object:
    return value
