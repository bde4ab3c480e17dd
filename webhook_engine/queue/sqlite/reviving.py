"""
What an operator does to deliveries that nobody holds.
"""

from __future__ import annotations

from collections.abc import Sequence

from webhook_engine.queue.delivery import State
from webhook_engine.queue.sqlite.book import Book
from webhook_engine.queue.sqlite.clock import NEVER
from webhook_engine.queue.sqlite.ordering import advance, is_blocked


def revive(book: Book, keys: Sequence[bytes], expires: int | None) -> int:
    """
    Makes them ready again if they are done or dead, in the order in which they were put.
    """
    revived = 0
    ends = NEVER if expires is None else book.now + expires
    for number, target, state, turn, strict, hold in _find(book, keys, "done", "dead"):
        behind = is_blocked(book, turn, strict=bool(strict))
        after, at = (State.HELD, min(book.now + hold, ends)) if behind else (State.READY, ends)
        book.db.execute(
            "UPDATE delivery SET state = ?, at = ?, expires = ?, failures = 0, crashes = 0, lock = turn, "
            "place = ?, reason = '' WHERE id = ?",
            (after, at, ends, book.next_id(), number),
        )
        # What is at hand of it expires when it did before.
        book.fresh.pop(number, None)
        book.tally.move(target, state, after)
        book.wake_at(at)
        revived += 1
    return revived


def drop(book: Book, keys: Sequence[bytes], reason: str) -> int:
    """
    Lets them die if they wait for anything.
    """
    dropped = 0
    locks: set[str] = set()
    for number, target, state, turn, _, _ in _find(book, keys, "ready", "again", "waiting", "held"):
        book.db.execute(
            "UPDATE delivery SET state = 'dead', at = ?, lock = NULL, reason = ? WHERE id = ?",
            (book.now, reason, number),
        )
        book.tally.move(target, state, State.DEAD)
        dropped += 1
        if turn is not None:
            locks.add(turn)
    advance(book, locks)
    return dropped


def _find(
    book: Book, keys: Sequence[bytes], *states: str
) -> list[tuple[int, str, str, str | None, int, int]]:
    found: list[tuple[int, str, str, str | None, int, int]] = []
    for key in dict.fromkeys(keys):
        for row in book.db.execute(
            "SELECT id, target, state, turn, strict, hold FROM delivery WHERE key = ?", (key,)
        ).fetchall():
            number, target, state, turn, strict, hold = row
            if state in states:
                found.append((number, target, state, turn, strict, hold))  # type: ignore[arg-type]
    return sorted(found)
