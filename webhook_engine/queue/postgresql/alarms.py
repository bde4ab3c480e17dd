"""
What happens because its time has come: retries, ends of leases, holds and lives.

Every process looks; what one is at the others leave alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from webhook_engine.queue.delivery import OPEN, State
from webhook_engine.queue.lease import MAYBE_DELIVERED
from webhook_engine.queue.postgresql import leaps, suspects
from webhook_engine.queue.postgresql.statements import BLOCKED, DUE, EARLIEST, MOVE, RECORD, SHIFT
from webhook_engine.queue.postgresql.tally import Moves
from webhook_engine.queue.times import NEVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook_engine.queue.postgresql.connecting import Connection
    from webhook_engine.queue.postgresql.settings import PostgresqlSettings

_FIRST_LOOK = 1_000
"""Milliseconds after which a process that has just come believes the ends of leases: others look as often."""

_AT_ONCE = 256
"""Of each state; the rest comes in the next transaction, so that nobody waits long for its turn."""


class Rung(NamedTuple):
    """
    What a look came to.
    """

    now: int

    next_at: int
    """When there is something to do again."""

    locks: frozenset[str]
    """Calls of which something left the order, or came into it."""

    suspects: bool
    """Whether there are new ones."""

    freed: bool
    """Whether there is something to claim that was not there before."""


@dataclass(frozen=True, slots=True)
class _Due:
    """
    A delivery whose state has ended.
    """

    id: int
    target: str
    failures: int
    crashes: int
    attempts: int
    expires: int
    lock: str | None
    place: int | None
    strict: bool
    hold: int
    claimed_at: int
    reason: str
    holder: str | None
    at: int
    after: State = State.READY
    ahead: bool = False


async def ring(db: Connection, slot: int, settings: PostgresqlSettings, expected: int) -> Rung:
    """
    Moves what is due, and finds out when the next is.

    Args:
        expected: The time by this process's own clock; 0 where it has never looked before.
    """
    moves, locks = Moves(), set[str]()
    has_suspects = freed = is_full = False
    async with db.transaction():
        now, ends = await leaps.look(db, expected)
        for state in OPEN if ends else (each for each in OPEN if each is not State.LEASED):
            rows = [_Due(*row) for row in await db.fetch(DUE, state.value, now, _AT_ONCE)]
            if not rows:
                continue
            is_full = is_full or len(rows) == _AT_ONCE
            moved = await _moved(db, rows, state, now, settings)
            await _write(db, moved, state, now)
            for due in moved:
                moves.move(due.target, state, due.after)
                has_suspects = has_suspects or due.reason == suspects.SUSPECT
                freed = freed or due.after in (State.READY, State.AGAIN)
                if due.lock is not None:
                    locks.add(due.lock)
        await moves.write(db, slot)
    earliest = now if is_full else await db.fetchval(EARLIEST)
    if not ends:
        earliest = now + _FIRST_LOOK
    return Rung(now, NEVER if earliest is None else earliest, frozenset(locks), has_suspects, freed)


async def _moved(
    db: Connection, rows: Sequence[_Due], state: State, now: int, settings: PostgresqlSettings
) -> list[_Due]:
    if state is State.LEASED:
        return [
            _crashed(each, now, settings, alone=alone)
            for each, alone in zip(rows, await _alone(db, rows), strict=True)
        ]
    if state is State.WAITING:
        return await _woken(db, rows, now)
    # What was held long enough goes ahead of those before it; what may go and did not has expired.
    return [
        _expired(each) if each.expires <= now else replace(each, at=each.expires, ahead=True) for each in rows
    ]


async def _alone(db: Connection, rows: Sequence[_Due]) -> list[bool]:
    """
    Of each whether its holder had nothing else in hand.
    """
    counts = {holder: await suspects.in_hand(db, holder or "") for holder in {each.holder for each in rows}}
    return [counts[each.holder] == 1 for each in rows]


def _crashed(due: _Due, now: int, settings: PostgresqlSettings, *, alone: bool) -> _Due:
    due = replace(due, attempts=due.attempts + 1, crashes=due.crashes + 1)
    if suspects.is_poison(settings, due.crashes, alone=alone):
        return replace(due, after=State.DEAD, at=now, reason="poison")
    if due.expires <= now:
        return _expired(due)
    if due.crashes >= suspects.AFTER:
        return replace(due, after=State.WAITING, at=due.expires, reason=suspects.SUSPECT)
    return replace(due, after=State.AGAIN, at=due.expires)


async def _woken(db: Connection, rows: Sequence[_Due], now: int) -> list[_Due]:
    """
    Each takes its place in the order of its call, where it had none.
    """
    late = [each for each in rows if each.place is None and each.expires > now and each.lock is not None]
    blocked: set[str] = set()
    if late:
        blocked |= {
            lock
            for (lock,) in await db.fetch(
                BLOCKED, [each.lock for each in late], [each.strict for each in late]
            )
        }
    moved: list[_Due] = []
    first = (await db.fetchval("SELECT nextval('batch')") << SHIFT) if late else 0
    for place, due in enumerate(rows, first):
        if due.expires <= now:
            moved.append(_expired(due))
            continue
        after, at = State.AGAIN if due.failures or due.crashes else State.READY, due.expires
        if due.place is None and due.lock is not None:
            if due.lock in blocked:
                after, at = State.HELD, min(now + due.hold, due.expires)
            blocked.add(due.lock)
        moved.append(
            replace(due, after=after, at=at, place=place if due.place is None and late else due.place)
        )
    return moved


def _expired(due: _Due) -> _Due:
    return replace(due, after=State.DEAD, at=due.expires, reason="expired")


async def _write(db: Connection, moved: Sequence[_Due], state: State, now: int) -> None:
    moved = sorted(moved, key=lambda each: each.id)
    await db.execute(
        MOVE,
        [each.id for each in moved],
        [each.after.value for each in moved],
        [min(each.at, now) if each.after is State.DEAD else each.at for each in moved],
        [each.place for each in moved],
        [None if each.after is State.DEAD else each.lock for each in moved],
        [each.crashes for each in moved],
        [each.attempts for each in moved],
        [each.reason for each in moved],
        [each.ahead for each in moved],
    )
    if state is State.LEASED:
        await db.execute(
            RECORD,
            [each.id for each in moved],
            [each.attempts for each in moved],
            [each.claimed_at for each in moved],
            MAYBE_DELIVERED,
        )
