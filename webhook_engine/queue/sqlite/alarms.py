"""
What happens because its time has come: retries, ends of leases, holds and lives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from webhook_engine.queue.delivery import OPEN, State
from webhook_engine.queue.lease import MAYBE_DELIVERED
from webhook_engine.queue.rows import RecordRow
from webhook_engine.queue.sqlite import suspects
from webhook_engine.queue.sqlite.bulk import read_json
from webhook_engine.queue.sqlite.clock import NEVER
from webhook_engine.queue.sqlite.ordering import advance, is_blocked
from webhook_engine.queue.sqlite.settling import record
from webhook_engine.queue.sqlite.statements import DUE, EARLIEST, MOVE, RECORD

if TYPE_CHECKING:
    from webhook_engine.queue.sqlite.book import Book
    from webhook_engine.queue.sqlite.bulk import Row

_AT_ONCE = 256
"""Of each state; the rest comes in the next transaction, so that nobody waits long for its turn."""

_UNTOLD = RecordRow(0.0, MAYBE_DELIVERED, None, "{}")


@dataclass(slots=True)
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
    strict: int
    hold: int
    claimed_at: int
    reason: str


def ring(book: Book) -> None:
    """
    Moves what is due, and finds out when the next is.
    """
    for state in OPEN:
        alone = state is State.LEASED and book.tally.total(state) == 1
        _move(book, state, book.now, alone=alone)
    earliest = book.db.execute(EARLIEST).get
    book.alarm = earliest if isinstance(earliest, int) else NEVER


def take_back(book: Book) -> None:
    """
    Ends every lease: whoever held one is gone with an earlier process.
    """
    alone = book.tally.total(State.LEASED) == 1
    while _move(book, State.LEASED, NEVER, alone=alone):
        pass


def _move(book: Book, state: State, until: int, *, alone: bool = False) -> int:
    """
    Args:
        alone: Of leases: whether there was no other.
    """
    found = [_Due(*facts) for facts in read_json(book.db, DUE, (state, until, _AT_ONCE))]
    locks: set[str] = set()
    records: list[Row] = []
    for due in found:
        if state is State.LEASED:
            book.held.pop(due.id, None)
            due.attempts += 1
            due.crashes += 1
            records.append(record(due.id, due.attempts, due.claimed_at, _UNTOLD))
        after, at = _next(book, due, state, alone=alone)
        MOVE.run(book.db, [_row(due, after, at)])
        book.tally.move(due.target, state, after)
        book.wake_at(at)
        if due.lock is not None and (after is State.DEAD or state is State.LEASED):
            locks.add(due.lock)
    RECORD.run(book.db, records)
    advance(book, locks)
    return len(found)


def _next(book: Book, due: _Due, state: State, *, alone: bool) -> tuple[State, int]:
    """
    Where it goes from here, and when that ends.
    """
    if state is State.LEASED and suspects.is_poison(book, due.crashes, alone=alone):
        due.reason = "poison"
        return State.DEAD, book.now
    if due.expires <= book.now:
        due.reason = "expired"
        return State.DEAD, book.now
    if state is State.LEASED and due.crashes >= suspects.AFTER:
        suspects.note(book)
        due.reason = suspects.SUSPECT
        return State.WAITING, due.expires
    if state is State.WAITING and due.place is None:
        due.place = book.next_id()
        if is_blocked(book, due.lock, strict=bool(due.strict)):
            book.note_waiting(str(due.lock))
            return State.HELD, min(book.now + due.hold, due.expires)
    return (State.AGAIN if due.failures or due.crashes else State.READY), due.expires


def _row(due: _Due, after: State, at: int) -> Row:
    lock = None if after is State.DEAD else due.lock
    return (due.id, after, at, due.place, lock, due.crashes, due.attempts, due.reason)
