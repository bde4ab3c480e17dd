"""
What is done or dead goes when it is old, or when there is too much of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook_engine.queue.delivery import State
from webhook_engine.queue.sqlite.bulk import Bulk, read_json
from webhook_engine.queue.sqlite.clock import NEVER, milliseconds
from webhook_engine.queue.sqlite.statements import ATTEMPTS

if TYPE_CHECKING:
    from webhook_engine.queue.sqlite.book import Book

CHUNK = 250
"""Deliveries that go in one transaction: claims wait for no more than that."""

_PAGES = 512
"""Pages given back to the disk in one transaction."""

_OLDEST = """
    SELECT json_group_array(json_array(id, target)) FROM (
        SELECT id, target FROM delivery INDEXED BY delivery_clock WHERE state = ? AND at <= ? ORDER BY at LIMIT ?
    )
"""
_FORGET_ATTEMPTS = Bulk(
    """
    WITH v(first, last) AS (VALUES {values})
    DELETE FROM attempt WHERE id IN (SELECT a.id FROM v CROSS JOIN attempt a ON a.id BETWEEN v.first AND v.last)
    """,
    2,
)
_FORGET_CONTENT = Bulk(
    "WITH v(id) AS (VALUES {values}) DELETE FROM content WHERE id IN (SELECT id FROM v)", 1
)
_FORGET = Bulk("WITH v(id) AS (VALUES {values}) DELETE FROM delivery WHERE id IN (SELECT id FROM v)", 1)


def sweep(book: Book) -> bool:
    """
    Forgets one chunk.

    Returns:
        Whether there may be more.
    """
    for state in (State.DONE, State.DEAD):
        kept = _kept(book, state)
        if kept is not None and _forget(book, state, book.now - kept):
            return True
    used = used_bytes(book)
    if used > book.settings.keep_bytes and (
        _forget(book, State.DONE, NEVER) or _forget(book, State.DEAD, NEVER)
    ):
        return True
    return _give_back(book)


def next_at(book: Book) -> int:
    """
    When the oldest becomes too old.
    """
    times = [NEVER]
    for state in (State.DONE, State.DEAD):
        kept = _kept(book, state)
        oldest = book.db.execute(
            "SELECT min(at) FROM delivery INDEXED BY delivery_clock WHERE state = ?", (state,)
        ).get
        if kept is not None and isinstance(oldest, int):
            times.append(oldest + kept)
    return min(times)


def used_bytes(book: Book) -> int:
    """
    Bytes of the file that hold something.
    """
    pages = [int(str(book.db.pragma(name))) for name in ("page_count", "freelist_count", "page_size")]
    return (pages[0] - pages[1]) * pages[2]


def _kept(book: Book, state: State) -> int | None:
    settings = book.settings
    kept_s = settings.keep_done_s if state is State.DONE else settings.keep_dead_s
    return None if kept_s is None else milliseconds(kept_s)


def _forget(book: Book, state: State, until: int) -> bool:
    found = read_json(book.db, _OLDEST, (state, until, CHUNK))
    _FORGET_ATTEMPTS.run(
        book.db, [(number * ATTEMPTS, number * ATTEMPTS + ATTEMPTS - 1) for number, _ in found]
    )
    _FORGET_CONTENT.run(book.db, [(number,) for number, _ in found])
    _FORGET.run(book.db, [(number,) for number, _ in found])
    for _, target in found:
        book.tally.move(target, state, None)
    return bool(found)


def _give_back(book: Book) -> bool:
    free = int(str(book.db.pragma("freelist_count")))
    if free < 2 * _PAGES:  # soon used again
        return False
    book.db.execute(f"PRAGMA incremental_vacuum({_PAGES})").fetchall()
    return free - _PAGES >= 2 * _PAGES
