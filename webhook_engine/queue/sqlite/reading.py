"""
Readers that cannot write: each statement is read to its end inside its thread, within a second.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TypeVar

import apsw

from webhook_engine.errors import QueueError
from webhook_engine.queue.sqlite.files import open_reader, refusal

T = TypeVar("T")

_READERS = 2
_LONGEST_S = 1.0
_LOOK_EVERY = 20_000
"""Steps of SQLite's machine between two looks at the time."""


class Readers:
    """
    A few read-only connections.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: SimpleQueue[apsw.Connection] = SimpleQueue()
        self._threads = ThreadPoolExecutor(_READERS, thread_name_prefix=f"read {path.name}")

    async def read(self, work: Callable[[apsw.Connection], T]) -> T:
        """
        What *work* reads. Cancelling leaves nothing open: the thread goes on to the end by itself.

        Raises:
            QueueError: It took longer than a second.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._read, work)

    def close(self) -> None:
        self._threads.shutdown(wait=True)
        for db in self._taken():
            db.close()

    def _read(self, work: Callable[[apsw.Connection], T]) -> T:
        try:
            db = next(self._taken(), None) or open_reader(self._path)
            try:
                return self._within_a_second(db, work)
            finally:
                self._idle.put(db)
        except apsw.InterruptError as error:
            raise QueueError(
                f"{self._path}: reading took longer than a second: ask for less at once"
            ) from error
        except apsw.Error as error:
            raise refusal(error, self._path) from error

    def _within_a_second(self, db: apsw.Connection, work: Callable[[apsw.Connection], T]) -> T:
        ends = time.monotonic() + _LONGEST_S
        db.set_progress_handler(lambda: time.monotonic() > ends, _LOOK_EVERY)
        db.execute("BEGIN")  # one snapshot for all of it
        try:
            return work(db)
        finally:
            db.execute("ROLLBACK")

    def _taken(self) -> Iterator[apsw.Connection]:
        with suppress(Empty):
            while True:
                yield self._idle.get_nowait()
