"""
The end of leases: the attempt's record and the delivery's next state, together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import orjson

from webhook_engine.errors import LeaseLost
from webhook_engine.queue.delivery import CLOSED, State
from webhook_engine.queue.rows import End, RecordRow
from webhook_engine.queue.sqlite.book import Book, Held
from webhook_engine.queue.sqlite.bulk import Row
from webhook_engine.queue.sqlite.claiming import parts_of
from webhook_engine.queue.sqlite.operations import Extend
from webhook_engine.queue.sqlite.ordering import advance
from webhook_engine.queue.sqlite.statements import (
    ATTEMPTS,
    FREEZE,
    HOLDING,
    RECORD,
    SETTLE,
    SETTLE_ALIKE,
)

if TYPE_CHECKING:
    from webhook_engine.queue.lease import Lease


_After: TypeAlias = tuple[State, int, int, int, bool, str]
"""State, time, failures, attempts, whether it is over, reason."""

_ALIKE: Final = 3
"""So many that end alike are worth a statement of their own."""


def settle(book: Book, ends: Sequence[End]) -> list[LeaseLost | None]:
    """
    Settles those whose lease is held; the others lost it.
    """
    places = [parts_of(end.lease.token) for end in ends]
    held = _held(book, places)
    errors: list[LeaseLost | None] = []
    alike: dict[_After, list[int]] = {}
    records: list[Row] = []
    frozen: list[Row] = []
    locks: set[str] = set()
    moved: dict[tuple[str, State], int] = {}
    for end, place in zip(ends, places, strict=True):
        lease = end.lease
        # Of two ends of one lease the first counts.
        found = held.pop(place, None)
        if found is None:
            errors.append(_lost(book, lease))
            continue
        errors.append(None)
        number, (_, expires, lock, claimed_at) = place[0], found
        book.held.pop(number, None)
        after = _after(book, end, expires)
        alike.setdefault(after, []).append(number)
        move = (lease.target, after[0])
        moved[move] = moved.get(move, 0) + 1
        if end.record is not None:
            records.append(record(number, lease.attempt, claimed_at, end.record))
        if end.frozen is not None:
            frozen.append((number, end.frozen))
        if lock is not None:
            locks.add(lock)
    for (target, state), n in moved.items():
        book.tally.move(target, State.LEASED, state, n)
    RECORD.run(book.db, records)
    FREEZE.run(book.db, frozen)
    _write(book, alike)
    advance(book, locks)
    return errors


def _write(book: Book, alike: Mapping[_After, Sequence[int]]) -> None:
    """
    Args:
        alike: The numbers of those that end in the same way.
    """
    single: list[Row] = []
    for after, numbers in alike.items():
        if len(numbers) < _ALIKE:
            single += [(number, *after) for number in numbers]
        else:
            book.db.execute(SETTLE_ALIKE, (*after, orjson.dumps(numbers).decode()))
    SETTLE.run(book.db, single)


def extend(book: Book, asked: Extend) -> None:
    """
    Raises:
        LeaseLost: It is not held any more.
    """
    number, token = parts_of(asked.lease.token)
    ends = None if asked.length is None else book.now + asked.length
    book.db.execute(
        "UPDATE delivery SET at = ifnull(?, at) WHERE id = ? AND token = ? AND state = 'leased'",
        (ends, number, token),
    )
    if not book.db.changes():
        raise _lost(book, asked.lease)
    if ends is not None:
        book.wake_at(ends)
    if asked.frozen is not None:
        FREEZE.run(book.db, [(number, asked.frozen)])


def _held(book: Book, places: Sequence[tuple[int, str]]) -> dict[tuple[int, str], Held]:
    """
    Of those whose lease is held, by their number and secret.
    """
    held: dict[tuple[int, str], Held] = {}
    others: list[tuple[int, str]] = []
    for place in places:
        known = book.held.get(place[0])
        if known is None:
            others.append(place)
        elif known.secret == place[1]:
            held[place] = known
    rows = HOLDING.read(book.db, [(i, *place) for i, place in enumerate(others)])
    return held | {others[i]: Held(others[i][1], *facts) for i, *facts in rows}


def record(number: int, attempt: int, at: int, told: RecordRow) -> Row:
    """
    An attempt as a row.
    """
    place = number * ATTEMPTS + min(attempt, ATTEMPTS - 1)
    return (place, at, told.took_s, told.outcome, told.status, told.detail)


def _lost(book: Book, lease: Lease) -> LeaseLost:
    book.lost += 1
    return LeaseLost(delivery=lease.id, attempt=lease.attempt)


def _after(book: Book, end: End, expires: int) -> _After:
    lease = end.lease
    failures = lease.failures + end.counted
    attempts = lease.attempt - (end.record is None)
    state, at = end.state, book.now
    if state is State.WAITING:
        if end.wait:
            at = min(book.now + end.wait, expires)
        else:
            state, at = (State.AGAIN if failures else State.READY), expires
        book.wake_at(at)
    return state, at, failures, attempts, state in CLOSED, end.reason
