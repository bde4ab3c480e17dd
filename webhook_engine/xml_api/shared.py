"""
The same limits and kept answers in every process that shares a database.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson

from webhook_engine import log
from webhook_engine.errors import StoreError
from webhook_engine.xml_api.cache import AnswerCache, Place
from webhook_engine.xml_api.faults import ConcurrentCallsExceeded
from webhook_engine.xml_api.limits import CallLimits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from concurrent.futures import Future

    from webhook_engine.store.among import Among, Turn
    from webhook_engine.xml_api.actions import Action


class SharedLimits:
    """
    Counts what all processes have under way; while the database cannot be asked, each counts its own.
    """

    def __init__(self, among: Among) -> None:
        self._among = among
        self._own = CallLimits()
        self._outlasting: dict[tuple[str, str], list[Future[Any]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def holding(self, tenant: str, action: Action) -> AsyncIterator[None]:
        """
        As `Limits.holding`.
        """
        async with self._own.holding(tenant, action):
            turn = await self._turn(tenant, action)
            try:
                yield
            finally:
                if turn is not None:
                    await self._end(turn, (tenant, action.name))

    async def _turn(self, tenant: str, action: Action) -> Turn | None:
        if action.limit is None:
            return None
        try:
            turn = await self._among.take(f"xml {tenant}\n{action.name}", action.limit)
        except StoreError:
            return None
        if turn is None:
            raise ConcurrentCallsExceeded
        return turn

    async def _end(self, turn: Turn, place: tuple[str, str]) -> None:
        if running := self._outlasting.get(place):
            # A thread that nobody waits for keeps the turn of its request.
            ended = running.pop()
            if not running:
                del self._outlasting[place]
            self._start(self._after(ended, turn))
            return
        # Whoever asked may leave at this moment: the turn is given back all the same.
        await asyncio.shield(self._start(self._among.give_back(turn)))

    async def _after(self, ended: Future[Any], turn: Turn) -> None:
        await asyncio.wait({asyncio.wrap_future(ended)})
        await self._among.give_back(turn)

    def _start(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def outlast(self, tenant: str, action: Action, running: Future[Any]) -> None:
        """
        As `Limits.outlast`.
        """
        self._own.outlast(tenant, action, running)
        if action.limit is not None and not running.done():
            self._outlasting.setdefault((tenant, action.name), []).append(running)


class SharedAnswers(AnswerCache):
    """
    Kept answers that a change at any process makes old here as well; none is given while that could not be heard.
    """

    def __init__(self, among: Among) -> None:
        super().__init__()
        self._among = among
        among.listen(self._hear)

    def get(self, place: Place) -> bytes | None:
        """
        As `AnswerCache.get`.
        """
        return super().get(place) if self._among.is_there else None

    async def refresh(self, tenant: str, actions: Iterable[str]) -> None:
        """
        As `AnswerCache.refresh`, here and at every other process.
        """
        changed = tuple(actions)
        await super().refresh(tenant, changed)
        if not changed:
            return
        try:
            await self._among.say(orjson.dumps([tenant, changed]).decode())
        except StoreError as error:
            log.event("xml_api.refresh.untold", why=str(error))

    def _hear(self, word: str | None) -> None:
        if word is None:
            self.clear()
            return
        tenant, actions = orjson.loads(word)
        for action in actions:
            self.forget(tenant, action)
