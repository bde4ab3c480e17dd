"""
Lookups that are under way: who asks the same waits for the same answer.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from webhook_engine.dispatch.attempt import Attempt
    from webhook_engine.dispatch.request import PreparedRequest


class Lookups:
    """
    Requests under way.

    Hardly ever are two for one address under way together, so the address alone is the key of the first one; only
    where there is another, every byte is compared.
    """

    def __init__(self) -> None:
        self._running: dict[Hashable, PreparedRequest] = {}
        self._apart = 0
        """How many of them have every byte for their key."""
        self._waiting: dict[Hashable, list[asyncio.Future[Attempt | None]]] = {}

    def enter(self, request: PreparedRequest) -> tuple[Hashable, bool]:
        """
        Where *request* belongs, and whether it is the first of its kind under way: if so, `leave` must follow.
        """
        key: Hashable = request.url
        other = self._running.get(key)
        if other is not None or self._apart:
            whole = identity(request)
            if whole in self._running:
                return whole, False
            if other is not None:
                if identity(other) == whole:
                    return key, False
                key = whole
                self._apart += 1
        self._running[key] = request
        return key, True

    def leave(self, key: Hashable, attempt: Attempt | None) -> None:
        """
        Gives what came of the first one to whoever waits for it.

        Args:
            attempt: None where it was given up; then they have to ask again.
        """
        request = self._running.pop(key)
        if key is not request.url:
            self._apart -= 1
        if self._waiting:
            for turn in self._waiting.pop(key, ()):
                _give(turn, attempt)

    async def answer(self, key: Hashable, *, until: float) -> Attempt | None:
        """
        What came of the first one; None where it was given up, or the time is over.

        Args:
            until: On the running loop's clock.
        """
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[Attempt | None] = loop.create_future()
        self._waiting.setdefault(key, []).append(turn)
        timer = loop.call_at(until, _give, turn, None)
        try:
            return await turn
        finally:
            timer.cancel()


def _give(turn: asyncio.Future[Attempt | None], attempt: Attempt | None) -> None:
    if not turn.done():
        turn.set_result(attempt)


def identity(request: PreparedRequest) -> Hashable:
    """
    Every byte that is sent, credentials included, and the way it goes: where one of them differs, so does the answer.

    How long it may take is left out.
    """
    route = request.route
    return (
        route.webhook,
        route.method,
        route.group,
        route.policy,
        route.ca_file,
        route.max_redirects,
        route.added,
        request.url,
        request.headers,
        request.body,
        request.grant,
    )
