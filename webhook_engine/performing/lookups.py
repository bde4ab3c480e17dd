"""
Lookups that are under way: who asks the same waits for the same answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webhook_engine.dispatch.attempt import Attempt
    from webhook_engine.dispatch.request import PreparedRequest

_Key = tuple[str, tuple[tuple[str, str], ...], bytes | None]


class Lookups:
    """
    Requests under way by every byte they send, credentials included.
    """

    def __init__(self) -> None:
        self._running: dict[_Key, _Lookup] = {}

    async def share(
        self, request: PreparedRequest, send: Callable[[], Awaitable[Attempt]]
    ) -> tuple[Attempt, bool]:
        """
        The answer to *request*, and whether somebody else's request brought it.

        Args:
            send: Sends it; called where nobody asks the same already, or where whoever
                did has left before there was an answer.
        """
        key = (request.url, request.headers, request.body)
        while (lookup := self._running.get(key)) is not None:
            if not _is_same(lookup.request, request):
                return await send(), False
            await lookup.wait()
            if lookup.attempt is not None:
                return lookup.attempt, True
        lookup = self._running[key] = _Lookup(request)
        try:
            lookup.attempt = await send()
            return lookup.attempt, False
        finally:
            del self._running[key]
            lookup.end()


class _Lookup:
    """
    One request under way, and who waits for it besides its sender.
    """

    __slots__ = ("_waiting", "attempt", "request")

    def __init__(self, request: PreparedRequest) -> None:
        self.request = request
        self.attempt: Attempt | None = None
        self._waiting: list[asyncio.Future[None]] = []

    async def wait(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    def end(self) -> None:
        for turn in self._waiting:
            if not turn.done():
                turn.set_result(None)


def _is_same(one: PreparedRequest, other: PreparedRequest) -> bool:
    """
    Whether both go the same way: under the same policy, with the same limits, and earning the same token.

    How long each has left may differ; whoever comes later has more.
    """
    if one.grant != other.grant:
        return False
    if one.route is other.route:
        return True
    a, b = one.route, other.route
    return (a.webhook, a.method, a.group, a.policy, a.ca_file, a.max_redirects, a.added) == (
        b.webhook,
        b.method,
        b.group,
        b.policy,
        b.ca_file,
        b.max_redirects,
        b.added,
    )
