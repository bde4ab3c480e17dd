"""
The end of leases: the attempt's record and the delivery's next state, together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from webhook_engine.errors import LeaseLost
from webhook_engine.queue.delivery import CLOSED, State
from webhook_engine.queue.rows import End, RecordRow
from webhook_engine.queue.sqlite.book import Book
from webhook_engine.queue.sqlite.bulk import Row
from webhook_engine.queue.sqlite.claiming import held_by
from webhook_engine.queue.sqlite.operations import Extend
from webhook_engine.queue.sqlite.ordering import advance
from webhook_engine.queue.sqlite.statements import ATTEMPTS, FREEZE, HOLDING, RECORD, SETTLE

if TYPE_CHECKING:
    from webhook_engine.queue.lease import Lease


def settle(book: Book, ends: Sequence[End]) -> list[LeaseLost | None]:
    """
    Settles those whose lease is held; the others lost it.
    """
    places = [held_by(each.lease) for each in ends]
    held = _held(book, places)
    errors: list[LeaseLost | None] = []
    updates: list[Row] = []
    records: list[Row] = []
    frozen: list[Row] = []
    locks: set[str] = set()
    for i, each in enumerate(ends):
        # Of two ends of one lease the first counts.
        found = held.pop(places[i], None)
        if found is None:
            errors.append(_lost(book, each.lease))
            continue
        errors.append(None)
        expires, lock, claimed_at = found
        number, token = places[i]
        updates.append(_update(book, each, number, token, expires, lock))
        if each.record is not None:
            records.append(record(number, each.lease.attempt, claimed_at, each.record))
        if each.frozen is not None:
            frozen.append((number, each.frozen))
        if lock is not None:
            locks.add(lock)
    RECORD.run(book.db, records)
    FREEZE.run(book.db, frozen)
    SETTLE.run(book.db, updates)
    advance(book, locks)
    return errors


def extend(book: Book, asked: Extend) -> None:
    """
    Raises:
        LeaseLost: It is not held any more.
    """
    number, token = held_by(asked.lease)
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


def _held(
    book: Book, places: Sequence[tuple[int, str]]
) -> dict[tuple[int, str], tuple[int, str | None, int]]:
    """
    Of those whose lease is held: when the delivery expires, its lock, and when it was claimed.
    """
    found = HOLDING.read(book.db, [(i, *place) for i, place in enumerate(places)])
    return {places[i]: (expires, lock, claimed_at) for i, expires, lock, claimed_at in found}


def record(number: int, attempt: int, at: int, told: RecordRow) -> Row:
    """
    An attempt as a row.
    """
    place = number * ATTEMPTS + min(attempt, ATTEMPTS - 1)
    return (place, at, told.took_s, told.outcome, told.status, told.detail)


def _lost(book: Book, lease: Lease) -> LeaseLost:
    book.lost += 1
    return LeaseLost(delivery=lease.id, attempt=lease.attempt)


def _update(book: Book, end: End, number: int, token: str, expires: int, lock: str | None) -> Row:
    lease = end.lease
    failures = lease.failures + end.counted
    state, at = end.state, book.now
    if state is State.WAITING:
        if end.wait:
            at = min(book.now + end.wait, expires)
        else:
            state, at = (State.AGAIN if failures else State.READY), expires
        book.wake_at(at)
    book.tally.move(lease.target, State.LEASED, state)
    attempts = lease.attempt - (end.record is None)
    kept = None if state in CLOSED else lock
    return (number, token, state, at, failures, attempts, kept, end.reason)
