"""
Who puts something rings, and who waits for something hears it: in all processes on one database.

A bell that nobody hears costs a moment and never a delivery: everybody looks again after `poll_s` anyway.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from webhook_engine import log
from webhook_engine.queue.postgresql.connecting import is_passing

if TYPE_CHECKING:
    from collections.abc import Callable

    from webhook_engine.queue.postgresql.connecting import Connection, Server

_BETWEEN_S = 0.01
"""Between two rings: commits that notify wait for one another, so they are few and none of them puts anything."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0


class Doorbell:
    """
    LISTEN and NOTIFY on a connection of its own, which is made anew where it broke.
    """

    def __init__(self, server: Server, me: str, heard: Callable[[], None]) -> None:
        """
        Args:
            heard: Called when another process rang, and when it may have and was not heard.
        """
        self._server, self._me, self._heard = server, me, heard
        self._channel = f"{server.schema}_ready"
        self._stir = asyncio.Event()
        self._wanted = self._is_told = False
        self._task = asyncio.get_running_loop().create_task(self._run())

    def ring(self) -> None:
        """
        There is something to claim.
        """
        self._wanted = True
        self._stir.set()

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            db: Connection | None = None
            try:
                db = await self._server.connect()
                await self._listen(db)
                self._is_told = False
                pause_s = _FIRST_PAUSE_S
                while not db.is_closed():
                    await self._wait(db)
            except Exception as error:
                self._tell_of(error)
                if not is_passing(error):
                    pause_s = _LONGEST_PAUSE_S
            finally:
                if db is not None:
                    db.terminate()
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _listen(self, db: Connection) -> None:
        # A ring is nothing that has to be on the disk.
        await db.execute("SET synchronous_commit = off")
        db.add_termination_listener(lambda _: self._stir.set())
        await db.add_listener(self._channel, self._hear)
        self._heard()

    async def _wait(self, db: Connection) -> None:
        await self._stir.wait()
        self._stir.clear()
        if self._wanted and not db.is_closed():
            self._wanted = False
            await db.execute("SELECT pg_notify($1, $2)", self._channel, self._me)
            await asyncio.sleep(_BETWEEN_S)

    def _tell_of(self, error: Exception) -> None:
        """
        Once for each time: until it is back, everybody finds by looking what there is.
        """
        if not self._is_told:
            self._is_told = True
            log.event("doorbell.lost", queue=self._server.shown, why=str(error) or type(error).__name__)

    def _hear(self, _db: object, _pid: int, _channel: str, who: object) -> None:
        if who != self._me:
            with suppress(RuntimeError):  # a loop that is just closing
                self._heard()
