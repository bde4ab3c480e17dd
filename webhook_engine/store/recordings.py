"""
Recorded calls: events as they came, and what target systems answered, as far back as a tenant allows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from sqlalchemy import delete, func, insert, select, update

from webhook_engine.store import tables
from webhook_engine.store.work import finished, id_of, tenant_row

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from webhook_engine.store.changes import Changes
    from webhook_engine.store.database import Database

_event, _response = tables.recorded_event, tables.recorded_response


class RecordedEvent(NamedTuple):
    """
    A call event, as JSON without secrets.
    """

    id: str
    document: bytes


class RecordedResponse(NamedTuple):
    """
    What came of one request for an event, as JSON without secrets.
    """

    event: str
    """The event's id."""

    webhook: str
    document: bytes


class RecordedPage(NamedTuple):
    """
    Some recorded calls, the newest first, and where the next page begins.
    """

    calls: tuple[Mapping[str, object], ...]
    """`{"id", "moment", "at", "call", "responses": {webhook: [response, …]}}`."""

    before: int | None
    """None where there are none further back."""


class Recordings:
    """
    The recorded calls of all tenants.
    """

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    @finished
    async def add(
        self, tenant: str, events: Sequence[RecordedEvent], responses: Sequence[RecordedResponse] = ()
    ) -> None:
        """
        Write down events, and responses to them or to earlier ones.

        Of an event that came twice the first counts; a response to an event that is not recorded is left out.
        """
        async with self._database.write() as connection:
            row = await tenant_row(connection, tenant)
            mentioned = {*(each.id for each in events), *(each.event for each in responses)}
            known = await _numbers(connection, row.id, mentioned)
            new = {each.id: each.document for each in reversed(events) if each.id not in known}
            await _insert_events(connection, row.id, [(each, new[each]) for each in reversed(new)])
            known |= await _numbers(connection, row.id, new)
            await _insert_responses(connection, [each for each in responses if each.event in known], known)
        if row.is_renamed:
            await self._changes.catch_up()

    async def page(self, tenant: str, *, limit: int = 100, before: int | None = None) -> RecordedPage:
        """
        A tenant's recorded calls, the newest first.

        Args:
            before: What an earlier page named.
        """
        wanted = select(_event.c.id, _event.c.document).where(_event.c.tenant_id == id_of(tenant))
        if before is not None:
            wanted = wanted.where(_event.c.id < before)
        async with self._database.read() as connection:
            rows = (await connection.execute(wanted.order_by(_event.c.id.desc()).limit(limit))).all()
            told = await _responses(connection, [row.id for row in rows])
        calls = tuple(orjson.loads(row.document) | {"responses": told.get(row.id, {})} for row in rows)
        return RecordedPage(calls, rows[-1].id if len(rows) == limit else None)

    async def ids(self, tenant: str, most: int) -> tuple[str, ...]:
        """
        The ids of the last *most* events, the newest last.
        """
        wanted = select(_event.c.event_id).where(_event.c.tenant_id == id_of(tenant))
        async with self._database.read() as connection:
            found = await connection.execute(wanted.order_by(_event.c.id.desc()).limit(most))
            return tuple(found.scalars())[::-1]

    async def last(self, tenant: str, most: int) -> tuple[Mapping[str, object], ...]:
        """
        The last *most* calls, the newest last.
        """
        found = await self.page(tenant, limit=most)
        return found.calls[::-1]

    async def of_event(self, tenant: str, event_id: str) -> Mapping[str, object] | None:
        """
        What is recorded of one event; None where nothing is.
        """
        wanted = select(_event.c.id, _event.c.document).where(
            _event.c.tenant_id == id_of(tenant), _event.c.event_id == event_id
        )
        async with self._database.read() as connection:
            row = (await connection.execute(wanted)).first()
            if row is None:
                return None
            told = await _responses(connection, [row.id])
        found: dict[str, object] = orjson.loads(row.document) | {"responses": told.get(row.id, {})}
        return found

    @finished
    async def sweep(self, tenant: str, *, most: int, older_s: float, most_bytes: int) -> int:
        """
        Forget the oldest of a tenant's events, with their responses, beyond any of three bounds.

        Returns:
            How many there were.
        """
        of_tenant = _event.c.tenant_id == id_of(tenant)
        until = datetime.now(UTC) - timedelta(seconds=older_s)
        behind = select(_event.c.id).where(of_tenant).order_by(_event.c.id.desc()).limit(1).offset(most)
        so_far = func.sum(_event.c.bytes).over(order_by=_event.c.id.desc()).label("so_far")
        sizes = select(_event.c.id, so_far).where(of_tenant).subquery()
        bounds = (
            select(func.max(_event.c.id)).where(of_tenant, _event.c.at < until),
            behind,
            select(func.max(sizes.c.id)).where(sizes.c.so_far > most_bytes),
        )
        async with self._database.write(at_leisure=True) as connection:
            last = max([(await connection.execute(each)).scalar() or 0 for each in bounds])
            return await _delete(connection, tenant, last) if last else 0

    @finished
    async def forget(self, tenant: str) -> int:
        """
        Forget all of a tenant's recorded calls.

        Returns:
            How many events there were.
        """
        async with self._database.write(at_leisure=True) as connection:
            return await _delete(connection, tenant, None)


async def _numbers(connection: AsyncConnection, tenant: int, ids: Any) -> dict[str, int]:
    """
    Event id -> number, of those that are recorded.
    """
    wanted = select(_event.c.event_id, _event.c.id)
    found: dict[str, int] = {}
    every = sorted(ids)
    for start in range(0, len(every), _AT_ONCE):
        some = every[start : start + _AT_ONCE]
        rows = await connection.execute(
            wanted.where(_event.c.tenant_id == tenant, _event.c.event_id.in_(some))
        )
        found |= {row.event_id: row.id for row in rows}
    return found


_AT_ONCE = 500


async def _insert_events(
    connection: AsyncConnection, tenant: int, events: Sequence[tuple[str, bytes]]
) -> None:
    now = datetime.now(UTC)
    rows = [
        {"tenant_id": tenant, "event_id": name, "at": now, "bytes": len(document), "document": document}
        for name, document in events
    ]
    if rows:
        await connection.execute(insert(_event), rows)


async def _insert_responses(
    connection: AsyncConnection, responses: Sequence[RecordedResponse], numbers: Mapping[str, int]
) -> None:
    if not responses:
        return
    rows = [
        {"recorded_event_id": numbers[each.event], "webhook": each.webhook, "document": each.document}
        for each in responses
    ]
    await connection.execute(insert(_response), rows)
    added: dict[int, int] = {}
    for each in responses:
        added[numbers[each.event]] = added.get(numbers[each.event], 0) + len(each.document)
    for number, size in added.items():
        grown = update(_event).where(_event.c.id == number).values(bytes=_event.c.bytes + size)
        await connection.execute(grown)


async def _responses(
    connection: AsyncConnection, events: Sequence[int]
) -> dict[int, dict[str, list[object]]]:
    """
    Event -> webhook -> its responses, in the order in which they came.
    """
    found: dict[int, dict[str, list[object]]] = {}
    for start in range(0, len(events), _AT_ONCE):
        some = events[start : start + _AT_ONCE]
        wanted = select(_response).where(_response.c.recorded_event_id.in_(some)).order_by(_response.c.id)
        for row in await connection.execute(wanted):
            of_event = found.setdefault(row.recorded_event_id, {})
            of_event.setdefault(row.webhook, []).append(orjson.loads(row.document))
    return found


async def _delete(connection: AsyncConnection, tenant: str, last: int | None) -> int:
    gone = select(_event.c.id).where(_event.c.tenant_id == id_of(tenant))
    if last is not None:
        gone = gone.where(_event.c.id <= last)
    await connection.execute(delete(_response).where(_response.c.recorded_event_id.in_(gone)))
    return (await connection.execute(delete(_event).where(_event.c.id.in_(gone)))).rowcount
