"""
The order of deliveries of one call and webhook.

A delivery that may not go yet is HELD, so a claim never has to look past it, however many there are. What leaves
the order lets the next one go, and does so after its own commit: of two that leave at the same moment, or one that
leaves and one that comes, the later one sees what the other did. `sweep` finds what a process left undone that
ended in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from webhook_engine.queue.postgresql.statements import ADVANCE

if TYPE_CHECKING:
    from collections.abc import Collection

    from webhook_engine.queue.postgresql.connecting import Connection

_LOOKED_AT = 1_000

_SWEEP = """
    SELECT h.id, h.lock, h.at FROM delivery h WHERE h.state = 'held' AND (h.at, h.id) > ($1::bigint, $2::bigint)
    ORDER BY h.at, h.id LIMIT $3
"""


class Place(NamedTuple):
    """
    How far a sweep has come.
    """

    at: int = -1
    id: int = -1


async def advance(db: Connection, slot: int, locks: Collection[str]) -> list[int]:
    """
    Lets the next go where those before it are out of its way; tells when each of them expires.
    """
    return [at for (at,) in await db.fetch(ADVANCE, sorted(locks), slot)]


async def sweep(db: Connection, after: Place) -> tuple[set[str], Place]:
    """
    The calls of some that are held, and where to go on.
    """
    rows = await db.fetch(_SWEEP, after.at, after.id, _LOOKED_AT)
    last = Place(rows[-1]["at"], rows[-1]["id"]) if len(rows) == _LOOKED_AT else Place()
    return {lock for _, lock, _ in rows if lock is not None}, last
