"""
Readers that cannot write: all that one look asks is asked and read within one thread, and so costs one way there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine

T = TypeVar("T")


class Readers:
    """
    The connections of one engine, each taken by one thread at a time.
    """

    def __init__(self, engine: Engine, *, count: int) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="store read")

    async def look(self, work: Callable[[Connection], T]) -> T:
        """
        What *work* reads, of one moment. Cancelling leaves nothing open: the thread goes on to the end by itself.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._look, work)

    async def close(self) -> None:
        """
        Lets what is being read finish.
        """
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()

    def _look(self, work: Callable[[Connection], T]) -> T:
        with self._engine.connect() as connection:
            return work(connection)
