"""
What is learnt of the responses to each webhook: one memory of all processes that look at them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import orjson
from sqlalchemy import delete, insert, select, update

from webhook_engine.store import tables
from webhook_engine.store.work import finished, id_of, tenant_row

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from webhook_engine.store.changes import Changes
    from webhook_engine.store.database import Database

Document: TypeAlias = Mapping[str, Any]

_table = tables.learnt

_AT_ONCE = 500
"""Webhooks in one statement."""


class Lesson(NamedTuple):
    """
    What is known of one webhook.
    """

    version: int
    """Another one with every change."""

    document: Document
    """As its author has it, as JSON has it; empty where what is stored is no JSON object (damaged, or not ours)."""


class Learnt:
    """
    What is learnt, of all tenants.
    """

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    async def versions(self, tenant: str) -> Mapping[str, int]:
        """
        Webhook -> the version of what is known of it: whoever has read another one reads it again.
        """
        wanted = select(_table.c.webhook, _table.c.version).where(_table.c.tenant_id == id_of(tenant))
        async with self._database.read() as connection:
            return {row.webhook: row.version for row in await connection.execute(wanted)}

    async def load(self, tenant: str, webhooks: Collection[str] | None = None) -> Mapping[str, Lesson]:
        """
        What is known of these webhooks, or of all; nothing of those of which nothing is known.
        """
        async with self._database.read() as connection:
            wanted = select(tables.tenant.c.id).where(tables.tenant.c.name == tenant)
            row = (await connection.execute(wanted)).scalar_one_or_none()
            return {} if row is None else await _lessons(connection, row, webhooks)

    @finished
    async def change(
        self,
        tenant: str,
        webhooks: Collection[str],
        changed: Callable[[str, Document | None], Document | None],
    ) -> Mapping[str, Lesson]:
        """
        Change what is known of webhooks, all of it or nothing; whoever else does waits meanwhile.

        Args:
            changed: Called with each webhook and what is known of it, None for nothing; returns what is known
                from now on.

        Returns:
            Of each webhook what is known now.
        """
        found: dict[str, Lesson] = {}
        async with self._database.write() as connection:
            row = await tenant_row(connection, tenant)
            before = await _lessons(connection, row.id, webhooks)
            for webhook in webhooks:
                known = before.get(webhook)
                lesson = await _written(
                    connection, row.id, webhook, known, changed(webhook, known.document if known else None)
                )
                if lesson is not None:
                    found[webhook] = lesson
        if row.is_renamed:
            await self._changes.catch_up()
        return found


async def _lessons(
    connection: AsyncConnection, tenant_id: int, webhooks: Collection[str] | None
) -> dict[str, Lesson]:
    wanted = select(_table.c.webhook, _table.c.version, _table.c.document).where(
        _table.c.tenant_id == tenant_id
    )
    found: dict[str, Lesson] = {}
    named = None if webhooks is None else list(webhooks)
    parts = [None] if named is None else [named[at : at + _AT_ONCE] for at in range(0, len(named), _AT_ONCE)]
    for part in parts:
        these = wanted if part is None else wanted.where(_table.c.webhook.in_(part))
        for row in await connection.execute(these):
            found[row.webhook] = Lesson(row.version, _read(row.document))
    return found


def _read(document: bytes) -> Document:
    try:
        found = orjson.loads(document)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


async def _written(
    connection: AsyncConnection, tenant_id: int, webhook: str, known: Lesson | None, made: Document | None
) -> Lesson | None:
    if made is not None and known is not None and made == known.document:
        return known
    here = (_table.c.tenant_id == tenant_id, _table.c.webhook == webhook)
    if made is None:
        if known is not None:
            await connection.execute(delete(_table).where(*here))
        return None
    # One that is forgotten and learnt anew has another version than before, too.
    version = max(time.time_ns() // 1000, known.version + 1 if known else 0)
    values = {"version": version, "document": orjson.dumps(made)}
    if known is None:
        await connection.execute(insert(_table).values(tenant_id=tenant_id, webhook=webhook, **values))
    else:
        await connection.execute(update(_table).where(*here).values(**values))
    return Lesson(version, made)
