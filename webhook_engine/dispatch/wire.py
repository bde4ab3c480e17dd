"""
One request given to aiohttp, and the head of its response.
"""

from __future__ import annotations

import math
from collections.abc import Coroutine, Sequence
from functools import lru_cache
from typing import Any, Final
from urllib.parse import SplitResult

import aiohttp
from aiohttp import ClientRequest, ClientResponse, ClientSession, ClientTimeout
from aiohttp.connector import Connection
from aiohttp.helpers import TimerNoop
from yarl import URL

from webhook_engine.dispatch.guard import Exchange, current
from webhook_engine.errors import UnsafeValue

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
    session: ClientSession, exchange: Exchange, method: str, url: str, headers: Headers, body: bytes | None
) -> Coroutine[Any, Any, ClientResponse]:
    """
    Sends once, never more, and waits for the head of the response.

    Args:
        url: Sent to the byte, but for its fragment.

    Raises:
        UnsafeValue: It is no web address.
    """
    origin, address = addresses(url)
    if may_go_straight(session):
        return straight(session, exchange, method, origin, address, headers, body)
    return ask_session(session, method, address, headers, body)


def addresses(url: str) -> tuple[URL, URL]:
    """
    The origin of *url*, and *url* as it is sent.

    yarl would rewrite %27 to ' and the target would see other bytes, so nothing is decoded here.
    The query goes along in the path: encoded, nothing tells them apart on the wire, and a URL made
    from another is the cheapest there is.

    Raises:
        UnsafeValue: It is no web address.
    """
    if "#" in url:
        url = url.partition("#")[0]
    slash = url.find("/", url.find("://") + 3)
    if slash < 0 or "?" in url[:slash]:
        before, mark, query = url.partition("?")
        origin, path = _origin(before), f"/{mark}{query}"
    else:
        origin, path = _origin(url[:slash]), url[slash:]
    return origin, origin.with_path(path, encoded=True)


@lru_cache(maxsize=256)
def _origin(origin: str) -> URL:
    scheme, mark, authority = origin.partition("://")
    if scheme.lower() not in ("http", "https") or not mark:
        raise UnsafeValue(f"{scheme[:40]!r} is no scheme that is sent; http and https are", slot="url")
    if not authority or "@" in authority:
        raise UnsafeValue("the URL names no host, or a user name before it", slot="url")
    return URL(SplitResult(scheme.lower(), authority, "/", "", ""), encoded=True)


async def ask_session(
    session: ClientSession, method: str, url: URL, headers: Headers, body: bytes | None
) -> ClientResponse:
    """
    Through the session's front door; `MarkedRequest` notes it in the current exchange.
    """
    return await session.request(method, url, headers=headers, data=body, allow_redirects=False)


async def straight(
    session: ClientSession,
    exchange: Exchange,
    method: str,
    origin: URL,
    address: URL,
    headers: Headers,
    body: bytes | None,
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
        method, origin, headers=headers, data=body, loop=connector._loop, timer=_NO_TIMER, session=session
    )
    connection = await connector.connect(request, [], session.timeout)
    try:
        # The same host and port, which a URL finds out once: the origin's is known from before.
        request.url = address
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
