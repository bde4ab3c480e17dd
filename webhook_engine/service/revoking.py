"""
Streams that were begun with a key end when it is no longer in force.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from webhook_engine import log
from webhook_engine.service.keys import Scope, bearer_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aiohttp import web

    from webhook_engine.service.keys import KeyChecker

EVERY_S = 0.5
"""How long a removed key may go on being read with."""


class Revoking:
    """
    Looks at the keys of what is open, each of them once however many streams it opened.
    """

    def __init__(self, keys: KeyChecker, end: Callable[[web.Request], None]) -> None:
        """
        Args:
            end: Ends what is open for a request.
        """
        self._keys, self._end = keys, end
        self._open: dict[str, dict[int, web.Request]] = {}

    @contextmanager
    def watching(self, request: web.Request) -> Iterator[None]:
        """
        Within this, the request's key is looked at again and again.
        """
        bearer = bearer_of(request)
        requests = self._open.setdefault(bearer, {})
        requests[id(request)] = request
        try:
            yield
        finally:
            del requests[id(request)]
            if not requests:
                self._open.pop(bearer, None)

    async def run(self) -> None:
        """
        Goes on until it is cancelled.
        """
        while True:
            await asyncio.sleep(EVERY_S)
            for bearer in tuple(self._open):
                if not await self._is_in_force(bearer):
                    for request in tuple(self._open.get(bearer, {}).values()):
                        self._end(request)

    async def _is_in_force(self, bearer: str) -> bool:
        try:
            facts = await self._keys.check(bearer, Scope.STREAM)
        except Exception:
            # An application's own checker may fail for a while; nobody is thrown out for that.
            logging.getLogger(log.NAME).exception("keys.unchecked")
            return True
        return facts is not None and facts.allowed
