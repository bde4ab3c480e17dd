"""
Definitions that change while a process runs.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from webhook_engine import log
from webhook_engine.errors import DefinitionError, QueueError, SettingsError
from webhook_engine.process.memory import Settled, uncollected
from webhook_engine.process.telling import tell, tell_missing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from webhook_engine.engine import Engine
    from webhook_engine.process.editions import Edition, Editions
    from webhook_engine.process.recording import Recording
    from webhook_engine.process.tenant import Tenancy
    from webhook_engine.store import Store


class Following:
    """
    Puts each edition in force that can be; what is wrong with another is said, and what was in force stays.
    """

    def __init__(
        self,
        store: Store,
        engine: Engine,
        tenancy: Tenancy,
        recording: Recording,
        *,
        claim: Callable[[Edition], Awaitable[None]],
    ) -> None:
        """
        Args:
            claim: Has the deliveries be those of an edition's tenant, or raises why they are not.
        """
        self._store, self._engine = store, engine
        self._tenancy, self._recording = tenancy, recording
        self._claim = claim
        self._settled = Settled()

    def begun(self) -> None:
        """
        The first edition is in force.
        """
        self._settled.settle()

    async def run(self, editions: Editions) -> None:
        """
        Goes on until it is cancelled.
        """
        async for found in editions.changes():
            if isinstance(found, DefinitionError):
                for problem in found.problems:
                    _tell_refused(str(problem))
                continue
            await self._put_in_force(found)

    async def _put_in_force(self, found: Edition) -> None:
        replaced = len(self._engine.definitions.webhooks)
        try:
            with uncollected():
                ready = await asyncio.to_thread(self._engine.ready, found.definitions)
        except Exception:  # whatever a new edition does, the one in force goes on
            logging.getLogger(log.NAME).exception("definitions.unusable")
            return
        if found.tenant != self._tenancy.name and not await self._is_claimed(found):
            return
        self._tenancy.follow(found)
        self._engine.redefine(ready)
        self._recording.follow()
        self._settled.settle(replaced=replaced)
        tell("definitions.changed", found)
        tell_missing(self._store, self._tenancy.name, self._engine.definitions)

    async def _is_claimed(self, found: Edition) -> bool:
        try:
            await self._claim(found)
        except (SettingsError, QueueError) as error:
            _tell_refused(str(error))
            return False
        return True


def _tell_refused(problem: str) -> None:
    log.event("definitions.refused", problem=problem, in_force="those from before")
