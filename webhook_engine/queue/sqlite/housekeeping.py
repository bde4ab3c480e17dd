"""
What the writer does between transactions, a little at a time.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from webhook_engine.queue.sqlite import retention
from webhook_engine.queue.sqlite.batch import transact

if TYPE_CHECKING:
    from webhook_engine.queue.sqlite.book import Book
    from webhook_engine.queue.sqlite.operations import Answer

_EVERY = 1_000
"""Milliseconds between two looks while there is work."""

_REST = 20
"""Milliseconds between two chunks: what is asked meanwhile goes first."""

_LONGEST_WAL = 64 * 2**20


class Housekeeping:
    """
    Retention, and the write-ahead log brought into the file.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._wal = book.db.filename_wal
        self._more = False
        self._unwritten = True
        self.due = book.clock.now()
        """When there is something to do, in the queue's time."""

    def keep(self, *, wrote: bool, idle: bool) -> None:
        """
        Does what is due, one chunk of it.

        Args:
            wrote: Something was written in this turn.

            idle: Nobody asked for anything.
        """
        now = self._book.clock.now()
        if wrote:
            self._unwritten = True
            self.due = min(self.due, now + _EVERY)
        if now < self.due:
            return
        self.due = now + _EVERY
        transact(self._book, self._sweep)
        if self._more:
            self.due = now + _REST
            return
        if self._unwritten and (idle or self.wal_bytes() > _LONGEST_WAL):
            self._unwritten = not self._checkpoint()
        if not self._unwritten:
            self.due = max(now + _EVERY, retention.next_at(self._book))

    def make_room(self) -> None:
        """
        The disk is full: what the log holds goes into the file, and the log's own room is used again.
        """
        with suppress(apsw.Error):
            self._book.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
        with suppress(apsw.Error):
            transact(self._book, self._sweep)

    def wal_bytes(self) -> int:
        with suppress(OSError):
            return Path(self._wal).stat().st_size
        return 0

    def _sweep(self, book: Book) -> list[Answer]:
        self._more = retention.sweep(book)
        return []

    def _checkpoint(self) -> bool:
        # A reader lasts a second at the most, so this does not wait for long.
        try:
            self._book.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.Error:
            return False
        return True
