"""
How many requests of a tenant for an action are worked on at a time.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

from webhook_engine.xml_api.faults import ConcurrentCallsExceeded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from concurrent.futures import Future
    from contextlib import AbstractAsyncContextManager

    from webhook_engine.xml_api.actions import Action


class Limits(Protocol):
    """
    Counts what is under way: for one process, or where several share a database, for all of them.
    """

    def holding(self, tenant: str, action: Action) -> AbstractAsyncContextManager[None]:
        """
        Within this, the request is one of those that are under way.

        Raises:
            ConcurrentCallsExceeded: There are as many as the action allows; none waits for another.
        """

    def outlast(self, tenant: str, action: Action, running: Future[Any]) -> None:
        """
        Count a thread whose request was given up as under way until it is done.
        """


class CallLimits:
    """
    Counts, for one process.
    """

    def __init__(self) -> None:
        self._under_way: dict[tuple[str, str], int] = {}

    @asynccontextmanager
    async def holding(self, tenant: str, action: Action) -> AsyncIterator[None]:
        """
        As `Limits.holding`.
        """
        if action.limit is None:
            yield
            return
        place = (tenant, action.name)
        count = self._under_way.get(place, 0)
        if count >= action.limit:
            raise ConcurrentCallsExceeded
        self._under_way[place] = count + 1
        try:
            yield
        finally:
            self._give_back(place)

    def outlast(self, tenant: str, action: Action, running: Future[Any]) -> None:
        """
        As `Limits.outlast`.
        """
        if action.limit is None or running.done():
            return
        place = (tenant, action.name)
        self._under_way[place] = self._under_way.get(place, 0) + 1
        loop = asyncio.get_running_loop()

        def done(_: Future[Any]) -> None:
            # A loop that is closed counts nothing any more.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._give_back, place)

        running.add_done_callback(done)

    def _give_back(self, place: tuple[str, str]) -> None:
        left = self._under_way[place] - 1
        if left:
            self._under_way[place] = left
        else:
            del self._under_way[place]
