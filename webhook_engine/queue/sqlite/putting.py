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
    for number, row in enumerate(rows):
        if number in known or row.key in new:
            receipts.append(Receipt.DUPLICATE)
            continue
        receipts.append(Receipt.ACCEPTED)
        new.add(row.key)
        inserts.append(_insert(book, row, behind=number in blocked or row.turn in ahead))
        contents.append((book.last_id, row.reference))
        book.remember(book.last_id, row)
        if row.turn is not None and not row.wait:
            ahead.add(row.turn)
    INSERT.run(book.db, inserts)
    FILL.run(book.db, contents)
    return receipts


def _standing(book: Book, rows: Sequence[NewRow]) -> tuple[set[int], set[int]]:
    """
    Which rows are in the file already, and which have to let earlier ones go first.
    """
    found = CHECK.read(book.db, [(i, row.key, row.turn, row.strict) for i, row in enumerate(rows)])
    return {i for i, known, _ in found if known}, {i for i, _, blocked in found if blocked}


def _insert(book: Book, row: NewRow, *, behind: bool) -> Row:
    number = book.next_id()
    expires = NEVER if row.expires is None else book.now + row.expires
    state, at = State.READY, expires
    if row.wait:
        state, at = State.WAITING, min(book.now + row.wait, expires)
    elif behind:
        state, at = State.HELD, min(book.now + row.hold, expires)
    book.tally.move(row.target, None, state)
    book.wake_at(at)
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
