"""
Webhooks whose deliveries are kept back, and what becomes of those when they may go again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook_engine.queue.delivery import State
from webhook_engine.queue.postgresql.statements import NOW
from webhook_engine.queue.postgresql.tally import Moves
from webhook_engine.queue.reports import Hold
from webhook_engine.queue.times import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook_engine.queue.postgresql.connecting import Connection

_LOOKED_AT = 2_000
"""Deliveries that one step of `resume` looks through: others have their turn in between."""

_KEPT = 31 * 86_400_000
"""Milliseconds for which it is known that a hold was; no delivery lives longer."""

_HOLD = f"""
    INSERT INTO hold AS h (webhook, revision, reason, since) VALUES ($1, $2, $3, {NOW})
    ON CONFLICT (webhook, revision, reason) DO UPDATE SET ended = NULL,
        since = CASE WHEN h.ended IS NULL THEN h.since ELSE excluded.since END
"""

_NOTE_ENDED = f"""
    INSERT INTO hold (webhook, revision, reason, since, ended) VALUES ($1, $2, $3, {NOW}, {NOW})
    ON CONFLICT (webhook, revision, reason) DO NOTHING
"""

_STEP = """
    SELECT d.id, d.at, d.reason, c.webhook FROM (
        SELECT * FROM delivery WHERE state = 'waiting' AND (at, id) > ($1::bigint, $2::bigint)
        ORDER BY at, id LIMIT $3
    ) d CROSS JOIN LATERAL (SELECT webhook FROM content WHERE content.id = d.id OFFSET 0) c
    ORDER BY d.at, d.id
"""

_LET_GO = f"""
    WITH clock AS MATERIALIZED (SELECT {NOW} AS now),
    mine AS MATERIALIZED (
        SELECT d.id FROM unnest($1::bigint[]) v (id) CROSS JOIN LATERAL (
            SELECT id FROM delivery WHERE delivery.id = v.id AND (state || '') = 'waiting'
            AND reason = ANY($2::text[]) FOR UPDATE
        ) d
    ),
    placed AS MATERIALIZED (
        SELECT d.id, d.lock IS NOT NULL AND (
            SELECT 1 FROM delivery e WHERE e.lock = d.lock AND e.place < d.place
            AND (d.strict OR e.failures = 0) LIMIT 1
        ) IS NOT NULL AS behind
        FROM mine CROSS JOIN LATERAL (SELECT * FROM delivery WHERE delivery.id = mine.id OFFSET 0) d
    )
    UPDATE delivery d SET reason = '',
        state = CASE WHEN p.behind THEN 'held' WHEN d.failures > 0 OR d.crashes > 0 THEN 'again' ELSE 'ready' END,
        at = CASE WHEN p.behind THEN least(clock.now + d.hold, d.expires) ELSE d.expires END
    FROM placed p CROSS JOIN clock WHERE d.id = p.id
    RETURNING d.target, d.state, d.turn
"""


async def hold(db: Connection, webhook: str, reason: str, revision: str) -> None:
    """
    Writes down that the webhook is kept back; once more is as good as once.
    """
    await db.execute(f"DELETE FROM hold WHERE ended < {NOW} - {_KEPT}")
    await db.execute(_HOLD, webhook, revision, reason)


async def note_ended(db: Connection, webhook: str, reason: str, revision: str) -> None:
    """
    Writes down a hold that is over already; one that is there stays as it is.
    """
    await db.execute(_NOTE_ENDED, webhook, revision, reason)


async def end(db: Connection, webhook: str, *, forget: bool) -> None:
    """
    Ends every hold of the webhook.
    """
    if forget:
        await db.execute("DELETE FROM hold WHERE webhook = $1", webhook)
    else:
        await db.execute(f"UPDATE hold SET ended = {NOW} WHERE webhook = $1 AND ended IS NULL", webhook)


async def step(
    db: Connection, slot: int, webhook: str, reasons: Sequence[str], after: tuple[int, int]
) -> tuple[int, set[str], tuple[int, int] | None]:
    """
    Lets those go that were kept back for one of *reasons*, among the next that wait.

    Returns:
        How many, their calls, and where the next step goes on; None where there is nothing more.
    """
    rows = await db.fetch(_STEP, *after, _LOOKED_AT)
    numbers = sorted(row["id"] for row in rows if row["webhook"] == webhook and row["reason"] in reasons)
    moves = Moves()
    async with db.transaction():
        moved = await db.fetch(_LET_GO, numbers, list(reasons)) if numbers else []
        for target, state, _ in moved:
            moves.move(target, State.WAITING, State(state))
        await moves.write(db, slot)
    last = (rows[-1]["at"], rows[-1]["id"]) if len(rows) == _LOOKED_AT else None
    return len(moved), {turn for _, _, turn in moved if turn is not None}, last


async def read(db: Connection) -> tuple[Hold, ...]:
    """
    Every hold, the oldest first.
    """
    rows = await db.fetch("SELECT webhook, revision, reason, since, ended FROM hold ORDER BY since")
    return tuple(
        Hold(
            webhook=webhook,
            revision=revision,
            reason=reason,
            since=moment(since),
            ended=None if ended is None else moment(ended),
        )
        for webhook, revision, reason, since, ended in rows
    )
