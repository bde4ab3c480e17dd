"""
When somebody sets the clock of the database's machine forward, not all leases end at once.

Every process has a steady clock of its own to compare with. The first that finds the database's time ahead of it
gives all leases that time; the others see that it was done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook_engine.queue.postgresql.statements import NOW

if TYPE_CHECKING:
    from webhook_engine.queue.postgresql.connecting import Connection

_LEAP = 2_000
"""Milliseconds; a process that was slow is not so far behind its own clock."""

_EVERY = 500
"""Milliseconds between two times that are written down."""

_GIVE = """
    UPDATE delivery d SET at = d.at + $1
    FROM (SELECT id FROM delivery WHERE state = 'leased' AND claimed_at <= $2 ORDER BY id FOR UPDATE) l
    WHERE d.id = l.id
"""


async def look(db: Connection, expected: int) -> tuple[int, bool]:
    """
    The time, and whether the ends of leases can be believed.

    Args:
        expected: The time by the process's own clock; 0 where it has not seen the database's yet. Then it waits
            for the others, who have, to tell of a leap.
    """
    now, seen = await db.fetchrow(f"SELECT {NOW}, seen FROM clock") or (0, 0)
    if expected and now > expected + _LEAP and seen < now - _LEAP:
        seen = await db.fetchval("SELECT seen FROM clock FOR UPDATE")
        if seen < now - _LEAP:
            await db.execute(_GIVE, now - expected, seen + _LEAP)
    if abs(now - seen) > _EVERY:
        await db.execute("UPDATE clock SET seen = $1", now)
    return now, bool(expected)
