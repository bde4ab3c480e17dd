"""
Deliveries into the file.
"""

from __future__ import annotations

from collections.abc import Sequence

from webhook_engine.queue.delivery import Receipt, State
from webhook_engine.queue.rows import NewRow
from webhook_engine.queue.sqlite.book import Book
from webhook_engine.queue.sqlite.bulk import Row
from webhook_engine.queue.sqlite.clock import NEVER
from webhook_engine.queue.sqlite.statements import CHECK, FILL, INSERT


def put(book: Book, rows: Sequence[NewRow]) -> list[Receipt]:
    """
    Inserts what is new; says for each row whether it was.
    """
    known, blocked = _standing(book, rows)
    receipts: list[Receipt] = []
    inserts: list[Row] = []
    contents: list[Row] = []
    new: set[bytes] = set()
    ahead: set[str] = set()
    placed: dict[tuple[str, State], int] = {}
    earliest = NEVER
    for i, row in enumerate(rows):
        if i in known or row.key in new:
            receipts.append(Receipt.DUPLICATE)
            continue
        receipts.append(Receipt.ACCEPTED)
        new.add(row.key)
        number = book.next_id()
        state, at, expires = _beginning(book, row, behind=i in blocked or row.turn in ahead)
        inserts.append(_insert(book, number, row, state, at, expires))
        earliest = min(earliest, at)
        if state is State.HELD and row.turn is not None:
            book.note_waiting(row.turn)
        contents.append((number, row.reference))
        place = (row.target, state)
        placed[place] = placed.get(place, 0) + 1
        book.remember(number, row)
        if row.turn is not None and not row.wait:
            ahead.add(row.turn)
    for (target, state), n in placed.items():
        book.tally.move(target, None, state, n)
    book.wake_at(earliest)
    INSERT.run(book.db, inserts)
    FILL.run(book.db, contents)
    return receipts


def _standing(book: Book, rows: Sequence[NewRow]) -> tuple[set[int], set[int]]:
    """
    Which rows are in the file already, and which have to let earlier ones go first.
    """
    found = CHECK.read(book.db, [(i, row.key, row.turn, row.strict) for i, row in enumerate(rows)])
    return {i for i, known, _ in found if known}, {i for i, _, blocked in found if blocked}


def _beginning(book: Book, row: NewRow, *, behind: bool) -> tuple[State, int, int]:
    """
    Its first state, when that ends, and when it expires.
    """
    expires = NEVER if row.expires is None else book.now + row.expires
    if row.wait:
        return State.WAITING, min(book.now + row.wait, expires), expires
    if behind:
        return State.HELD, min(book.now + row.hold, expires), expires
    return State.READY, expires, expires


def _insert(book: Book, number: int, row: NewRow, state: State, at: int, expires: int) -> Row:
    return (
        number,
        row.key,
        row.event_id,
        row.webhook,
        row.target,
        state,
        at,
        row.urgency,
        book.now,
        expires,
        row.turn,
        row.turn,
        # A place is taken when the time has come: nobody waits for what is not to go yet.
        None if row.wait else number,
        row.strict,
        row.hold,
    )
