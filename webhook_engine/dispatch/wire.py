"""
One request given to aiohttp, and the head of its response.
"""

from __future__ import annotations

import math
from collections.abc import Coroutine, Sequence
from typing import Any, Final

import aiohttp
from aiohttp import ClientRequest, ClientResponse, ClientSession, ClientTimeout
from aiohttp.connector import Connection
from aiohttp.helpers import TimerNoop
from yarl import URL

from webhook_engine.dispatch.guard import Exchange, current

Headers = Sequence[tuple[str, str]]

_KNOWN_SERIES: Final = "3.14."
"""The aiohttp whose inner steps `straight` takes by itself; any other is asked from outside."""

_SESSIONS_OWN: Final = ClientSession._request

_READ_AT_ONCE: Final = 64 * 1024
_LONGEST_LINE: Final = 8190
_NO_TIMER: Final = TimerNoop()


class MarkedRequest(ClientRequest):
    """
    Notes that a connection was there and the request was given to it.
    """

    async def send(self, conn: Connection) -> ClientResponse:
        current.get().mark_sent()
        return await super().send(conn)


def may_go_straight(session: ClientSession) -> bool:
    """
    Whether the inner steps of this aiohttp are known here, and nobody wants to see requests pass.

    A tracer or a test double puts itself into the session; going past it would blind it.
    """
    return (
        aiohttp.__version__.startswith(_KNOWN_SERIES)
        and ClientSession._request is _SESSIONS_OWN
        and not session.trace_configs
    )


def send(
    session: ClientSession, exchange: Exchange, method: str, url: URL, headers: Headers, body: bytes | None
) -> Coroutine[Any, Any, ClientResponse]:
    """
    Sends once, never more, and waits for the head of the response.
    """
    if may_go_straight(session):
        return straight(session, exchange, method, url, headers, body)
    return ask_session(session, method, url, headers, body)


async def ask_session(
    session: ClientSession, method: str, url: URL, headers: Headers, body: bytes | None
) -> ClientResponse:
    """
    Through the session's front door; `MarkedRequest` notes it in the current exchange.
    """
    return await session.request(method, url, headers=headers, data=body, allow_redirects=False)


async def straight(
    session: ClientSession, exchange: Exchange, method: str, url: URL, headers: Headers, body: bytes | None
) -> ClientResponse:
    """
    By the steps which the session itself takes, without those that are not for us.

    Redirects, cookies, proxies, netrc, tracing and a second send are a fifth of what a
    request costs. What is left out cannot be switched on by accident either.
    """
    connector = session.connector
    if connector is None or connector.closed:
        raise RuntimeError("the transport is closed")
    request = ClientRequest(
        method, url, headers=headers, data=body, loop=connector._loop, timer=_NO_TIMER, session=session
    )
    connection = await connector.connect(request, [], session.timeout)
    try:
        exchange.mark_sent()
        protocol = connection.protocol
        assert protocol is not None  # noqa: S101  # a connection has one until it is released
        protocol.set_response_params(
            timer=_NO_TIMER,
            skip_payload=False,
            read_until_eof=True,
            auto_decompress=False,
            read_bufsize=_READ_AT_ONCE,
            timeout_ceil_threshold=math.inf,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
            max_headers=session._max_headers,
        )
        response = await request.send(connection)
        try:
            return await response.start(connection)
        except BaseException:
            response.close()
            raise
    except BaseException:
        connection.close()
        raise


def timeouts(*, connect_s: float) -> ClientTimeout:
    """
    What aiohttp watches: connecting alone. The deadline over everything is ours.
    """
    return ClientTimeout(sock_connect=connect_s, ceil_threshold=math.inf)
