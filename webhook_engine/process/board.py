"""
Agents' screens across a restart.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from webhook_engine import log
from webhook_engine.errors import StoreError
from webhook_engine.pops import Message, PopBoard
from webhook_engine.store import Pop

if TYPE_CHECKING:
    from webhook_engine.process.tenant import Tenancy
    from webhook_engine.store import Store

EVERY_S: Final = 5.0
"""Between two savings, where something changed; what a kill may cost an agent's screen."""

_REST: Final = 20
"""A board that takes long to save is saved more seldom: so many times longer than that."""

_KEY: Final = "board"


async def restored(store: Store, tenant: str) -> PopBoard:
    """
    The tenant's board as it was saved last; an empty one where there is none that can be read.
    """
    for pop in await store.pops.list(tenant):
        if pop.key == _KEY:
            try:
                return PopBoard.from_json(pop.state)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                # Screens begin anew; no delivery depends on them.
                log.event("pops.unreadable", why=f"{type(error).__name__}: {error}")
    return PopBoard()


class BoardKeeper:
    """
    Saves a board while it changes, and once more at the end.
    """

    def __init__(self, store: Store, board: PopBoard, tenancy: Tenancy) -> None:
        self._store, self._board, self._tenancy = store, board, tenancy
        self._changed = asyncio.Event()
        board.listen(self._note)

    def _note(self, _: Message) -> None:
        self._changed.set()

    async def run(self) -> None:
        """
        Goes on until it is cancelled.
        """
        pause_s = EVERY_S
        while True:
            await self._changed.wait()
            await asyncio.sleep(pause_s)
            self._changed.clear()
            began = time.monotonic()
            try:
                await self.save()
            except StoreError as error:
                log.event("pops.unsaved", why=str(error))
            pause_s = max(EVERY_S, (time.monotonic() - began) * _REST)

    async def save(self) -> None:
        """
        Raises:
            StoreError: The store cannot be written.
        """
        state = await asyncio.to_thread(self._board.snapshot())
        await self._store.pops.save(self._tenancy.name, [Pop(key=_KEY, agent="", state=state)])
