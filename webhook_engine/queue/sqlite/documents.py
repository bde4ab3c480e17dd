"""
Documents that the references of deliveries name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import apsw

    from webhook_engine.queue.sqlite.book import Book

_ROOM = "room"
"""No delivery names it."""

_ROOM_BYTES = 64 * 1024
"""About as much as a batch of events takes."""


def keep(book: Book, name: str, document: str) -> None:
    """
    Puts it behind all others, as one of those that are in use since the file was opened.
    """
    book.db.execute(
        "INSERT OR REPLACE INTO document (name, since, text) VALUES (?, ?, ?)",
        (name, book.opened_at_id, document),
    )


def find(db: apsw.Connection, name: str) -> str | None:
    """
    The document of that name.
    """
    text = db.execute("SELECT text FROM document WHERE name = ?", (name,)).get
    return text if isinstance(text, str) else None


def try_room(db: apsw.Connection) -> None:
    """
    Writes some tens of kilobytes down and takes them away again, each in a transaction of its own.

    Raises:
        apsw.Error: The disk does not take them.
    """
    # `since` 0: it makes no other document old, and is forgotten itself where the process ends in between.
    db.execute(
        "INSERT OR REPLACE INTO document (name, since, text) VALUES (?, 0, ?)", (_ROOM, "-" * _ROOM_BYTES)
    )
    db.execute("DELETE FROM document WHERE name = ?", (_ROOM,))


def forget(db: apsw.Connection) -> None:
    """
    Lets go of those that no delivery can name any more.

    Each was in use while the file was open for the last time before a younger one
    came, so what names it was put before that: `since` is the number given last then.
    """
    db.execute(
        """
        DELETE FROM document WHERE EXISTS (
            SELECT 1 FROM document younger
            WHERE younger.id > document.id AND younger.since > document.since
            AND younger.since < ifnull((SELECT min(id) FROM delivery), younger.since + 1)
        )
        """
    )
