"""
Agents' screens across a restart.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from webhook_engine import log
from webhook_engine.errors import StoreError
from webhook_engine.pops import Message, PopBoard, SharedBoard
from webhook_engine.store import Pop, SavedBoard

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from webhook_engine.process.tenant import Tenancy
    from webhook_engine.store import Store

EVERY_S: Final = 5.0
"""Between two savings, where something changed; what a kill may cost an agent's screen."""

_REST: Final = 20
"""A board that takes long to save is saved more seldom: so many times longer than that."""

_KEY: Final = "board"

STEPS_S: Final = 3600.0
"""For how long steps are kept that a saved board has in it: a process that was cut off for less catches up."""


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


async def shared(store: Store, tenant: str, current: Callable[[], str]) -> SharedBoard:
    """
    The tenant's board, which this process has with all others on its database; to be entered.

    Args:
        current: The tenant's name as it is then.
    """
    saved = await store.steps.begin(tenant, PopBoard().to_json())

    async def save(step: int, state: Mapping[str, object]) -> None:
        await store.steps.save(current(), SavedBoard(step, state), older_s=STEPS_S)

    try:
        return SharedBoard(store.steps, current, saved=saved.state, after=saved.step, save=save)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # Screens begin anew; no delivery depends on them.
        log.event("pops.unreadable", why=f"{type(error).__name__}: {error}")
        saved = await store.steps.begin(tenant, PopBoard().to_json(), anew=True)
        return SharedBoard(store.steps, current, saved=saved.state, after=saved.step, save=save)


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
