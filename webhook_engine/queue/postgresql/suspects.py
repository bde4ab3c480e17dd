"""
Deliveries that were in hand at two crashes in a row: one of them may be the cause, the others were only near.

Each is claimed alone by a process that has nothing else in hand. What brings that process down is found out;
what takes its time is joined by others after a moment, and no crash convicts it any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from webhook_engine.queue.delivery import State
from webhook_engine.queue.postgresql.tally import Moves
from webhook_engine.queue.times import milliseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook_engine.queue.postgresql.claiming import Claim
    from webhook_engine.queue.postgresql.connecting import Connection
    from webhook_engine.queue.postgresql.settings import PostgresqlSettings

SUSPECT: Final = "suspect"
"""The reason of those that wait for their turn."""

AFTER: Final = 2
"""Crashes in a row that make a suspect."""

_IN_COMPANY = 4
"""So many times the crashes that convict it alone convict it in company as well: chance seldom goes on for so
long, and what only crashes late must have an end."""

_LOOKED_AT = 1_000

_FIND = """
    SELECT id, target FROM delivery WHERE state = $1 AND crashes > 1 AND reason = 'suspect'
    ORDER BY crashes DESC, id DESC LIMIT $2
"""
_IN_HAND = "SELECT count(*) FROM (SELECT 1 FROM delivery WHERE state = 'leased' AND holder = $1 LIMIT 2) mine"
_RELEASE = """
    UPDATE delivery d SET state = 'again', at = d.expires
    FROM (
        SELECT id FROM delivery WHERE id = ANY($1::bigint[]) AND state = 'waiting' AND reason = 'suspect'
        FOR UPDATE SKIP LOCKED
    ) s
    WHERE d.id = s.id RETURNING d.id, d.target
"""


class Picked(NamedTuple):
    """
    Suspects to claim, and whether others may go along.
    """

    suspects: Sequence[tuple[int, str]] = ()
    """Number and target of each."""

    others: bool = True


def is_poison(settings: PostgresqlSettings, crashes: int, *, alone: bool) -> bool:
    """
    Whether that many crashes in a row convict, the last of them in that situation.
    """
    return crashes >= settings.poison_after * (1 if alone else _IN_COMPANY)


async def in_hand(db: Connection, holder: str) -> int:
    """
    How many leases a process has: none, one, or two for many.
    """
    return int(await db.fetchval(_IN_HAND, holder))


class Suspects:
    """
    Which of them this process claims.
    """

    def __init__(self, settings: PostgresqlSettings, holder: str) -> None:
        self._alone = milliseconds(settings.suspect_s)
        self._holder = holder
        self.exist = True
        """Whether there may be any."""
        self.alone_until: int | None = None
        """Until when they are claimed alone; None where that has yet to begin."""

    def note(self) -> None:
        """
        There are new ones: the next claim with nothing in hand begins to try them alone.
        """
        self.exist, self.alone_until = True, None

    async def pick(self, db: Connection, claim: Claim, now: int) -> Picked:
        """
        Which suspects are claimed now.
        """
        if not self.exist:
            return Picked()
        waiting = await _find(db, State.WAITING)
        out = {target for _, target in await _find(db, State.LEASED)}
        if not waiting and not out:
            self.exist = False
            return Picked()
        with_room = [each for each in waiting if claim.room_of(each[1]) > 0]
        mine = await in_hand(db, self._holder)
        if self.alone_until is None and not mine and with_room:
            self.alone_until = now + self._alone
        if self.alone_until is not None and now < self.alone_until:
            if mine:
                return Picked(others=False)
            if with_room:
                return Picked(with_room[:1], others=False)
            self.alone_until = now
        firsts: dict[str, tuple[int, str]] = {}
        for each in with_room:
            if each[1] not in out:
                firsts.setdefault(each[1], each)
        return Picked(tuple(firsts.values())[: claim.limit])


async def release(db: Connection, slot: int, picked: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """
    Lets them be claimed; those that nobody else is at.
    """
    moves = Moves()
    async with db.transaction():
        rows = await db.fetch(_RELEASE, sorted(number for number, _ in picked))
        for _, target in rows:
            moves.move(target, State.WAITING, State.AGAIN)
        await moves.write(db, slot)
    return [(number, target) for number, target in rows]


async def _find(db: Connection, state: State) -> list[tuple[int, str]]:
    return [(number, target) for number, target in await db.fetch(_FIND, state.value, _LOOKED_AT)]
