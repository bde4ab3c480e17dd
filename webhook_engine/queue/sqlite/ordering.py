"""
The order of deliveries of one call and webhook.

A delivery that may not go yet is HELD, so a claim never has to look past it,
however many there are. Whatever leaves the order lets the next one go.
"""

from __future__ import annotations

from collections.abc import Collection

from webhook_engine.queue.delivery import State
from webhook_engine.queue.sqlite.book import Book
from webhook_engine.queue.sqlite.statements import BLOCKED, LET_GO, NEXT_IN_ORDER


def advance(book: Book, locks: Collection[str]) -> None:
    """
    Lets the next go where those before it are out of its way.
    """
    if not locks:
        return
    found = NEXT_IN_ORDER.read(book.db, [(lock,) for lock in locks])
    # Behind one that is let go may be more.
    book.waited_for.difference_update(locks)
    for _, target, expires, lock in found:
        book.tally.move(target, State.HELD, State.READY)
        book.wake_at(expires)
        book.note_waiting(lock)
    LET_GO.run(book.db, [(number,) for number, *_ in found])


def is_blocked(book: Book, lock: str | None, *, strict: bool) -> bool:
    """
    Whether a delivery that now takes its place has to let others go first.
    """
    return lock is not None and bool(book.db.execute(BLOCKED, (lock, strict)).get)
