"""
Documents that the references of deliveries name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook_engine.queue.postgresql.statements import NOW

if TYPE_CHECKING:
    from collections.abc import Collection

    from webhook_engine.queue.postgresql.connecting import Connection

USED_EVERY_S = 3_600.0
"""So often a process says which ones it still uses."""

_DAY = 86_400_000
"""Milliseconds: far more than lies between two such times, and than a process is cut off while it puts."""

_FORGET = f"""
    DELETE FROM document WHERE kept_at < least(
        {NOW}, (SELECT c.put_at FROM content c ORDER BY c.put_at LIMIT 1)
    ) - {_DAY}
"""


async def keep(db: Connection, name: str, document: str) -> None:
    """
    Puts it down as one that is in use.
    """
    await db.execute(
        f"INSERT INTO document AS d (name, kept_at, text) VALUES ($1, {NOW}, $2) "
        "ON CONFLICT (name) DO UPDATE SET kept_at = greatest(d.kept_at, excluded.kept_at), text = excluded.text",
        name,
        document,
    )


async def find(db: Connection, name: str) -> str | None:
    """
    The document of that name.
    """
    text: str | None = await db.fetchval("SELECT text FROM document WHERE name = $1", name)
    return text


async def use(db: Connection, names: Collection[str]) -> None:
    """
    They are in use now: what is put from here on may name them.
    """
    await db.execute(f"UPDATE document SET kept_at = {NOW} WHERE name = ANY($1::text[])", sorted(names))


async def forget(db: Connection) -> None:
    """
    Lets go of those that were in use for the last time long before the oldest delivery was put.
    """
    await db.execute(_FORGET)
