"""
Webhooks whose deliveries are kept back, and what becomes of those when they may go again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook_engine.queue.delivery import State
from webhook_engine.queue.reports import Hold
from webhook_engine.queue.sqlite.clock import moment

if TYPE_CHECKING:
    import apsw

    from webhook_engine.queue.sqlite.book import Book

LOOKED_AT = 2_000
"""Deliveries that one step of `resume` looks through: others have their turn in between."""

_KEPT = 31 * 86_400_000
"""Milliseconds for which it is known that a hold was; no delivery lives longer."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS hold (
    webhook TEXT NOT NULL,
    revision TEXT NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,
    ended INTEGER,
    PRIMARY KEY (webhook, revision, reason)
) WITHOUT ROWID
"""

_STEP = """
    SELECT id, target, webhook, reason, failures, crashes, expires, lock, place, strict, hold, at
    FROM delivery INDEXED BY delivery_clock WHERE state = 'waiting' AND (at, id) > (?, ?)
    ORDER BY at, id LIMIT ?
"""

_BEHIND = """
    SELECT EXISTS (
        SELECT 1 FROM delivery INDEXED BY delivery_order
        WHERE lock = ? AND place < ? AND (? OR failures = 0)
    )
"""

_MOVE = "UPDATE delivery SET state = ?, at = ?, reason = '' WHERE id = ?"


def prepare(db: apsw.Connection) -> None:
    """
    The table, also in a file that an earlier version made.
    """
    db.execute(_SCHEMA)


def hold(book: Book, webhook: str, reason: str, revision: str) -> None:
    """
    Writes down that the webhook is kept back; once more is as good as once.
    """
    book.db.execute("DELETE FROM hold WHERE ended < ?", (book.now - _KEPT,))
    book.db.execute(
        "INSERT INTO hold (webhook, revision, reason, since) VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET ended = NULL, since = iif(ended IS NULL, since, excluded.since)",
        (webhook, revision, reason, book.now),
    )


def note_ended(book: Book, webhook: str, reason: str, revision: str) -> None:
    """
    Writes down a hold that is over already; one that is there stays as it is.
    """
    book.db.execute(
        "INSERT INTO hold (webhook, revision, reason, since, ended) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (webhook, revision, reason, book.now, book.now),
    )


def end(book: Book, webhook: str, *, forget: bool) -> None:
    """
    Ends every hold of the webhook.
    """
    if forget:
        book.db.execute("DELETE FROM hold WHERE webhook = ?", (webhook,))
    else:
        book.db.execute("UPDATE hold SET ended = ? WHERE webhook = ? AND ended IS NULL", (book.now, webhook))


def step(
    book: Book, webhook: str, reasons: tuple[str, ...], after: tuple[int, int]
) -> tuple[int, tuple[int, int] | None]:
    """
    Lets those go that were kept back for one of *reasons*, among the next that wait.

    Returns:
        How many, and where the next step goes on; None where there is nothing more.
    """
    rows = book.db.execute(_STEP, (*after, LOOKED_AT)).fetchall()
    count = 0
    # By their numbers: of one call, the first goes first.
    for row in sorted(rows):
        number, target, of, reason, failures, crashes, expires, lock, place, strict, held, _ = row
        if of != webhook or reason not in reasons:
            continue
        state, at = (State.AGAIN if failures or crashes else State.READY), int(str(expires))
        if lock is not None and book.db.execute(_BEHIND, (lock, place, strict)).get:
            state, at = State.HELD, min(book.now + int(str(held)), at)
        book.db.execute(_MOVE, (state, at, number))
        book.tally.move(str(target), State.WAITING, state)
        book.wake_at(at)
        count += 1
    if len(rows) < LOOKED_AT:
        return count, None
    return count, (int(str(rows[-1][11])), int(str(rows[-1][0])))


def read(db: apsw.Connection) -> tuple[Hold, ...]:
    """
    Every hold, the oldest first.
    """
    rows = db.execute("SELECT webhook, revision, reason, since, ended FROM hold ORDER BY since").fetchall()
    return tuple(
        Hold(
            webhook=str(webhook),
            revision=str(revision),
            reason=str(reason),
            since=moment(int(str(since))),
            ended=None if ended is None else moment(int(str(ended))),
        )
        for webhook, revision, reason, since, ended in rows
    )
