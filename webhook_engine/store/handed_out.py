"""
Contacts that were handed out long ago, forgotten a few at a time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, exists, select

from webhook_engine.store import tables

if TYPE_CHECKING:
    from webhook_engine.store.database import Database

_SWEPT: Final = 500
"""Rows of one transaction, so that others are let in between."""

_contact, _feed = tables.dialer_contact, tables.feed


async def sweep(database: Database, *, older_s: float, most: int) -> int:
    """
    Forget contacts that were handed out so many seconds ago, and feeds of that age of which none is left.

    Returns:
        How many contacts there were; *most* where there may be more.
    """
    until = datetime.now(UTC) - timedelta(seconds=older_s)
    count = 0
    while count < most:
        gone = await _contacts(database, until, min(_SWEPT, most - count))
        count += gone
        if gone < _SWEPT:
            break
    if count < most:
        await _feeds(database, until)
    return count


async def _contacts(database: Database, until: datetime, limit: int) -> int:
    # One that waits has no such time, and is in no index of them.
    old = (
        select(_contact.c.id).where(_contact.c.handed_at < until).order_by(_contact.c.handed_at).limit(limit)
    )
    async with database.write(among="handed out") as connection:
        return (await connection.execute(delete(_contact).where(_contact.c.id.in_(old)))).rowcount


async def _feeds(database: Database, until: datetime) -> None:
    """
    A feed keeps its idempotency key; where it is young or some of its contacts wait, it is still needed.
    """
    last = 0
    while True:
        page = select(_feed.c.id, _feed.c.fed_at).where(_feed.c.id > last).order_by(_feed.c.id).limit(_SWEPT)
        async with database.write(among="handed out") as connection:
            rows = (await connection.execute(page)).all()
            old = [row.id for row in rows if row.fed_at < until]
            is_left = exists().where(_contact.c.feed_id == _feed.c.id)
            await connection.execute(delete(_feed).where(_feed.c.id.in_(old), ~is_left))
        # They came in the order of their numbers: behind a young one there is none that is old.
        if len(old) < _SWEPT:
            return
        last = old[-1]
