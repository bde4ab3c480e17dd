"""
What a process does now and then, and what does not matter if it ends in the middle.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from webhook_engine import log
from webhook_engine.errors import QueueUnavailable
from webhook_engine.queue.postgresql import dividing, documents, ordering, retention

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from webhook_engine.queue.postgresql.connecting import Link

_EVERY_S = 2.0
_RETENTION_EVERY_S = 30.0
_REST_S = 0.05
"""Between two chunks: what is asked meanwhile goes first."""


class Housekeeping:
    """
    Retention, documents, and orders that a process left hanging.
    """

    def __init__(
        self, link: Link, advance: Callable[[Collection[str]], None], names: Collection[str]
    ) -> None:
        """
        Args:
            advance: Takes calls whose order may have come to a stop.

            names: Of the documents that this process uses; filled as it goes on.
        """
        self._link, self._advance, self._names = link, advance, names
        self._place = ordering.Place()
        self._retained_at = self._used_at = time.monotonic()
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            try:
                await self.keep()
            except Exception as error:
                # Nobody waits for it. A server that is away is told to whoever puts or claims.
                if not isinstance(error, QueueUnavailable):
                    log.event("housekeeping.failed", queue=self._link.server.shown, why=str(error))
                await asyncio.sleep(_RETENTION_EVERY_S)

    async def keep(self) -> None:
        """
        Does what is due.
        """
        patience_s = self._link.server.settings.patience_s
        locks, self._place = await self._link.run(
            lambda db, _: ordering.sweep(db, self._place), patience_s=patience_s
        )
        self._advance(locks)
        now = time.monotonic()
        if now >= self._used_at + documents.USED_EVERY_S:
            await self.forget()
            self._used_at = now
        if now >= self._retained_at + _RETENTION_EVERY_S:
            await self.retain()
            self._retained_at = now

    async def retain(self) -> None:
        """
        Forgets what is old.
        """
        settings, more = self._link.server.settings, True
        while more:
            more = await self._link.run(
                lambda db, _: retention.sweep(db, self._link.slot, settings), patience_s=settings.patience_s
            )
            await asyncio.sleep(_REST_S)
        await self._link.run(lambda db, _: dividing.forget(db), patience_s=settings.patience_s)

    async def forget(self) -> None:
        """
        Says which documents are in use, and forgets those that nobody names any more.
        """
        patience_s = self._link.server.settings.patience_s
        await self._link.run(lambda db, _: documents.use(db, self._names), patience_s=patience_s)
        await self._link.run(lambda db, _: documents.forget(db), patience_s=patience_s)
