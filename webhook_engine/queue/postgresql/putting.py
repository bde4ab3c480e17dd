"""
Deliveries into the database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from webhook_engine.errors import QueueError
from webhook_engine.queue.delivery import Receipt, State
from webhook_engine.queue.postgresql.statements import PUT, SHIFT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook_engine.queue.postgresql.connecting import Connection
    from webhook_engine.queue.rows import NewRow


class Given(NamedTuple):
    """
    A row, and a number by which whoever puts it knows it again.
    """

    row: NewRow
    origin: int


class Taken(NamedTuple):
    """
    What became of a row.
    """

    receipt: Receipt

    state: State | None = None
    """Of what is new."""

    at: int = 0
    """When the state ends."""

    lock: str | None = None
    now: int = 0


_DUPLICATE = Taken(Receipt.DUPLICATE)
_MINE = Taken(Receipt.ACCEPTED)


def check(row: NewRow) -> NewRow:
    """
    Raises:
        QueueError: The database has no such text.
    """
    for text in (row.event_id, row.webhook, row.target):
        if "\0" in text or not _is_whole(text):
            raise QueueError(f"{text!r} is no text that PostgreSQL keeps: it has a NUL or half a character")
    return row


def _is_whole(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


async def put(db: Connection, slot: int, given: Sequence[Given], maybe_done: bool) -> list[Taken]:
    """
    Inserts what is new; says for each row whether it was.
    """
    if len(given) >= 1 << SHIFT:
        raise QueueError(f"{len(given):,} deliveries are too many to be put at once")
    firsts: dict[bytes, int] = {}
    for place, each in enumerate(given):
        firsts.setdefault(each.row.key, place)
    places = sorted(firsts.values())
    rows = [given[place].row for place in places]
    found = await db.fetch(
        PUT,
        [row.key for row in rows],
        [given[place].origin for place in places],
        [row.event_id for row in rows],
        [row.webhook for row in rows],
        [row.target for row in rows],
        [row.urgency for row in rows],
        [row.turn for row in rows],
        [row.strict for row in rows],
        [row.hold for row in rows],
        [row.wait for row in rows],
        [row.expires for row in rows],
        [row.reference for row in rows],
        slot,
    )
    taken = [_DUPLICATE] * len(given)
    for number, state, at, lock, now in found:
        if state is not None:
            taken[places[number]] = Taken(Receipt.ACCEPTED, State(state), at, lock, now)
        elif maybe_done:
            # Put by ourselves, in a commit of which we did not hear.
            taken[places[number]] = _MINE
    return taken
