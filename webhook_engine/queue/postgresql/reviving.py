"""
What an operator does to deliveries that nobody holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from webhook_engine.queue.delivery import CLOSED, State
from webhook_engine.queue.postgresql.statements import NOW, SHIFT
from webhook_engine.queue.postgresql.tally import Moves
from webhook_engine.queue.times import NEVER

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from webhook_engine.queue.postgresql.connecting import Connection

_FIND = """
    SELECT d.id, d.target, d.state, d.turn FROM content c CROSS JOIN LATERAL (
        SELECT * FROM delivery WHERE delivery.id = c.id AND delivery.state = ANY($2::text[]) OFFSET 0
    ) d
    WHERE c.key = ANY($1::bytea[]) ORDER BY d.id
"""

# The state is asked for once more: whoever had the row locked may have changed it.
_REVIVE = f"""
    WITH clock AS MATERIALIZED (SELECT {NOW} AS now),
    mine AS MATERIALIZED (
        SELECT d.id, d.state, v.i FROM unnest($1::bigint[]) WITH ORDINALITY v (id, i) CROSS JOIN LATERAL (
            SELECT * FROM delivery WHERE delivery.id = v.id AND delivery.state = ANY($2::text[]) FOR UPDATE
        ) d
    ),
    placed AS MATERIALIZED (
        SELECT d.id, d.state AS was, $3::bigint + mine.i AS place, coalesce(clock.now + $4::bigint, {NEVER}) AS ends,
            d.turn IS NOT NULL AND (
                row_number() OVER (PARTITION BY d.turn ORDER BY d.id) > 1
                OR (
                    SELECT 1 FROM delivery e WHERE e.lock = d.turn AND e.place IS NOT NULL
                    AND (d.strict OR e.failures = 0) LIMIT 1
                ) IS NOT NULL
            ) AS behind
        FROM mine CROSS JOIN LATERAL (SELECT * FROM delivery WHERE delivery.id = mine.id OFFSET 0) d CROSS JOIN clock
    )
    UPDATE delivery d SET state = CASE WHEN p.behind THEN 'held' ELSE 'ready' END,
        at = CASE WHEN p.behind THEN least(clock.now + d.hold, p.ends) ELSE p.ends END, expires = p.ends,
        failures = 0, crashes = 0, lock = d.turn, place = p.place, ahead = false, reason = ''
    FROM placed p CROSS JOIN clock WHERE d.id = p.id
    RETURNING d.target, p.was, d.state, d.turn
"""

_DROP = f"""
    UPDATE delivery d SET state = 'dead', at = {NOW}, lock = NULL, reason = $3
    FROM (
        SELECT e.id, e.state FROM unnest($1::bigint[]) v (id) CROSS JOIN LATERAL (
            SELECT * FROM delivery WHERE delivery.id = v.id AND delivery.state = ANY($2::text[]) FOR UPDATE
        ) e
    ) was
    WHERE d.id = was.id
    RETURNING d.target, was.state, d.state, d.turn
"""

_CLOSED = [state.value for state in CLOSED]
_WAITS = [state.value for state in (State.READY, State.AGAIN, State.WAITING, State.HELD)]


async def revive(db: Connection, slot: int, keys: Sequence[bytes], life: int | None) -> tuple[int, set[str]]:
    """
    Makes them ready again if they are done or dead, in the order in which they were put.

    Returns:
        How many, and their calls.
    """
    async with db.transaction():
        numbers = await _find(db, keys, _CLOSED)
        first = await db.fetchval("SELECT nextval('batch')") << SHIFT if numbers else 0
        return await _counted(db, slot, await db.fetch(_REVIVE, numbers, _CLOSED, first, life))


async def drop(db: Connection, slot: int, keys: Sequence[bytes], reason: str) -> tuple[int, set[str]]:
    """
    Lets them die if they wait for anything.
    """
    async with db.transaction():
        numbers = await _find(db, keys, _WAITS)
        return await _counted(db, slot, await db.fetch(_DROP, numbers, _WAITS, reason))


async def _find(db: Connection, keys: Collection[bytes], states: Sequence[str]) -> list[int]:
    rows = await db.fetch(_FIND, list(dict.fromkeys(keys)), states)
    return sorted(row["id"] for row in rows)


async def _counted(db: Connection, slot: int, rows: Sequence[Any]) -> tuple[int, set[str]]:
    moves = Moves()
    for target, was, state, _ in rows:
        moves.move(target, State(was), State(state))
    await moves.write(db, slot)
    return len(rows), {turn for _, _, _, turn in rows if turn is not None}
