"""
What each process may have of a target: one row for each of them, changed under the target's lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from webhook_engine.queue.portions import Portion, ShutTarget
from webhook_engine.queue.times import milliseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook_engine.queue.portions import PortionAsk
    from webhook_engine.queue.postgresql.connecting import Connection

DIVIDE: Final = """
    SELECT p.* FROM unnest(
        $1::text[], $2::bool[], $3::int[], $4::int[], $5::int[], $6::int[], $7::bigint[], $8::text[], $9::bigint[],
        $10::int[]
    ) WITH ORDINALITY AS a (
        target, wishes, slots, keeps, starts, keeps_starts, knows, said, wait, opened, place
    )
    CROSS JOIN LATERAL divide(
        a.target, $11::text, a.wishes, a.slots, a.keeps, a.starts, a.keeps_starts, a.knows, a.said, a.wait, a.opened,
        $12::bigint
    ) p ORDER BY a.place
"""

_SHUT: Final = """
    SELECT name, generation, state, until - now_ms() AS wait, opened FROM target
    WHERE state <> 'closed' AND until > now_ms()
"""

_FORGET: Final = """
    DELETE FROM target t WHERE t.name IN (
        SELECT name FROM target WHERE seen < now_ms() - $1::bigint ORDER BY name LIMIT 500 FOR UPDATE SKIP LOCKED
    )
"""

_FORGOTTEN_S: Final = 86_400.0
"""A target that nobody asked for so long is as one that was never asked."""


async def divide(
    db: Connection, asks: Sequence[PortionAsk], holder: str, length_s: float
) -> tuple[Portion, ...]:
    """
    A portion for each; targets are locked in the order of their names, whoever asks.
    """
    places = sorted(range(len(asks)), key=lambda place: asks[place].target)
    ordered = [asks[place] for place in places]
    rows = await db.fetch(
        DIVIDE,
        [each.target for each in ordered],
        [each.wishes for each in ordered],
        [each.slots for each in ordered],
        [each.keeps for each in ordered],
        [each.starts for each in ordered],
        [each.keeps_starts for each in ordered],
        [each.knows for each in ordered],
        [None if each.news is None else each.news.state for each in ordered],
        [0 if each.news is None else milliseconds(each.news.wait_s) for each in ordered],
        [0 if each.news is None else each.news.opened for each in ordered],
        holder,
        milliseconds(length_s),
    )
    found = {
        place: Portion(
            slots=row["slots"],
            goal=row["goal"],
            starts=row["starts"],
            starts_goal=row["starts_goal"],
            generation=row["generation"],
            state=row["state"],
            wait_s=row["wait"] / 1000,
            opened=row["opened"],
        )
        for place, row in zip(places, rows, strict=True)
    }
    return tuple(found[place] for place in range(len(asks)))


async def shut(db: Connection) -> tuple[ShutTarget, ...]:
    """
    Targets that are left alone at present.
    """
    return tuple(
        ShutTarget(row["name"], row["generation"], row["state"], row["wait"] / 1000, row["opened"])
        for row in await db.fetch(_SHUT)
    )


async def forget(db: Connection) -> None:
    """
    Forgets targets that nobody asked for long.
    """
    await db.execute(_FORGET, milliseconds(_FORGOTTEN_S))
