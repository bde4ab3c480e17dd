"""
What is done or dead goes when it is old.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook_engine.queue.delivery import State
from webhook_engine.queue.postgresql.statements import NOW
from webhook_engine.queue.postgresql.tally import Moves
from webhook_engine.queue.times import milliseconds

if TYPE_CHECKING:
    from webhook_engine.queue.postgresql.connecting import Connection
    from webhook_engine.queue.postgresql.settings import PostgresqlSettings

CHUNK = 500
"""Deliveries that go in one transaction."""

_OLD = f"""
    SELECT id, target FROM delivery WHERE state = $1 AND at <= {NOW} - $2::bigint
    ORDER BY at, id LIMIT $3 FOR UPDATE SKIP LOCKED
"""


async def sweep(db: Connection, slot: int, settings: PostgresqlSettings) -> bool:
    """
    Forgets one chunk.

    Returns:
        Whether there may be more.
    """
    for state, kept_s in ((State.DONE, settings.keep_done_s), (State.DEAD, settings.keep_dead_s)):
        if kept_s is not None and await _forget(db, slot, state, milliseconds(kept_s)):
            return True
    return False


async def _forget(db: Connection, slot: int, state: State, kept: int) -> bool:
    moves = Moves()
    async with db.transaction():
        rows = await db.fetch(_OLD, state.value, kept, CHUNK)
        numbers = sorted(row["id"] for row in rows)
        await db.execute("DELETE FROM attempt WHERE delivery = ANY($1::bigint[])", numbers)
        await db.execute("DELETE FROM content WHERE id = ANY($1::bigint[])", numbers)
        await db.execute("DELETE FROM delivery WHERE id = ANY($1::bigint[])", numbers)
        for _, target in rows:
            moves.move(target, state, None)
        await moves.write(db, slot)
    return len(rows) == CHUNK
