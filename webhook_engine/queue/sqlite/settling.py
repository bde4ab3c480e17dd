"""
The end of leases: the attempt's record and the delivery's next state, together.
"""

from __future__ import annotations

from collections.abc import Sequence

from webhook_engine.errors import LeaseLost
from webhook_engine.queue.delivery import CLOSED, State
from webhook_engine.queue.sqlite.book import Book
from webhook_engine.queue.sqlite.bulk import Row
from webhook_engine.queue.sqlite.claiming import held_by
from webhook_engine.queue.sqlite.operations import Answer, Extend, RecordRow, Settle
from webhook_engine.queue.sqlite.ordering import advance
from webhook_engine.queue.sqlite.statements import ATTEMPTS, FREEZE, HOLDING, RECORD, SETTLE


def settle(book: Book, asked: Sequence[Settle]) -> list[Answer]:
    """
    Settles those whose lease is held; the others lost it.
    """
    held = _held(book, asked)
    answers: list[Answer] = []
    updates: list[Row] = []
    records: list[Row] = []
    frozen: list[Row] = []
    locks: set[str] = set()
    settled: set[str] = set()
    for i, each in enumerate(asked):
        if i not in held or each.lease.token in settled:
            answers.append(Answer(each, error=_lost(book, each)))
            continue
        settled.add(each.lease.token)
        expires, lock, claimed_at = held[i]
        updates.append(_update(book, each, expires, lock))
        if each.record is not None:
            number = held_by(each.lease)[0]
            records.append(record(number, each.lease.attempt, claimed_at, each.record))
        if each.frozen is not None:
            frozen.append((held_by(each.lease)[0], each.frozen))
        if lock is not None:
            locks.add(lock)
        answers.append(Answer(each))
    RECORD.run(book.db, records)
    FREEZE.run(book.db, frozen)
    SETTLE.run(book.db, updates)
    advance(book, locks)
    return answers


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
        raise _lost(book, asked)
    if ends is not None:
        book.wake_at(ends)
    if asked.frozen is not None:
        FREEZE.run(book.db, [(number, asked.frozen)])


def _held(book: Book, asked: Sequence[Settle]) -> dict[int, tuple[int, str | None, int]]:
    """
    Of those whose lease is held: when the delivery expires, its lock, and when it was claimed.
    """
    found = HOLDING.read(book.db, [(i, *held_by(each.lease)) for i, each in enumerate(asked)])
    return {i: (expires, lock, claimed_at) for i, expires, lock, claimed_at in found}


def record(number: int, attempt: int, at: int, told: RecordRow) -> Row:
    """
    An attempt as a row.
    """
    place = number * ATTEMPTS + min(attempt, ATTEMPTS - 1)
    return (place, at, told.took_s, told.outcome, told.status, told.detail)


def _lost(book: Book, asked: Settle | Extend) -> LeaseLost:
    book.lost += 1
    return LeaseLost(delivery=asked.lease.id, attempt=asked.lease.attempt)


def _update(book: Book, asked: Settle, expires: int, lock: str | None) -> Row:
    lease = asked.lease
    failures = lease.failures + asked.counted
    number, token = held_by(lease)
    state, at = asked.state, book.now
    if state is State.WAITING:
        if asked.wait:
            at = min(book.now + asked.wait, expires)
        else:
            state, at = (State.AGAIN if failures else State.READY), expires
        book.wake_at(at)
    book.tally.move(lease.target, State.LEASED, state)
    attempts = lease.attempt - (asked.record is None)
    kept = None if state in CLOSED else lock
    return (number, token, state, at, failures, attempts, kept, asked.reason)
