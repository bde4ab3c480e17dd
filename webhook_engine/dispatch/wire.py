"""
One request given to aiohttp.

aiohttp's pool, its connections and its parser written in C carry every request. What its client does around
them for each request (an object for the request, one for its response, one for its writer, and a dozen options
that are not for us) is half of what a request costs, so `send` and `open_and_send` go without; where anything is
not as it is known here, the session is asked from outside.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, cast

import aiohttp
from aiohttp import ClientRequest, ClientResponse, ClientSession, ClientTimeout
from aiohttp.connector import Connection

from webhook_engine.dispatch.door import NO_TIMER, Door, Headers, Way, origin_of, split
from webhook_engine.dispatch.guard import Exchange, current
from webhook_engine.dispatch.pool import Handler, detached
from webhook_engine.dispatch.received import Received, Straight

if TYPE_CHECKING:
    from yarl import URL

    from webhook_engine.dispatch.request import PreparedRequest

_KNOWN: Final = aiohttp.__version__ if aiohttp.__version__.startswith("3.14.") else None
"""The aiohttp whose inner steps are taken here; any other is asked from outside."""

_SESSIONS_OWN: Final = ClientSession._request

_READ_AT_ONCE: Final = 64 * 1024
_LONGEST_LINE: Final = 8190

# Nothing goes out that was not prepared.
_NO_DEFAULTS: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class MarkedResponse(ClientResponse):
    """
    A response whose head is there from the first, and whose body is always waited for.
    """

    def next_head(self) -> None:
        """
        Never.
        """

    def take_head(self) -> bool:
        """
        Always.
        """
        return True

    async def read_head(self) -> None:
        """
        There is none to come.
        """

    def at_hand(self) -> bytes | None:
        """
        Never.
        """
        return None


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
        aiohttp.__version__ is _KNOWN
        and ClientSession._request is _SESSIONS_OWN
        and not session._trace_configs
    )


def send(way: Way, exchange: Exchange, request: PreparedRequest) -> Received | None:
    """
    Sends over a connection that is open already: once, never more.

    Redirects, cookies, proxies, netrc, tracing and a second send cannot be switched on by accident.

    Returns:
        None where there is no such connection and nothing was sent: that is for `open_and_send`.

    Raises:
        UnsafeValue: The URL is no web address.
    """
    if not may_go_straight(way.session):
        return None
    pool = way.pool
    if pool._closed:
        raise RuntimeError("the transport is closed")
    origin, path = split(request.url)
    door = way.door(origin)
    head = door.head(request, path)
    protocol = pool.take(door.key)
    return None if protocol is None else _given(way, door, protocol, head, exchange, request)


async def open_and_send(way: Way, exchange: Exchange, request: PreparedRequest) -> Received:
    """
    Sends over a connection that is opened for it: once, never more.

    The URL is sent to the byte, but for its fragment.

    Raises:
        UnsafeValue: The URL is no web address.
    """
    origin, path = split(request.url)
    session = way.session
    if may_go_straight(session):
        door = way.door(origin)
        head = door.head(request, path)
        protocol = await _connected(way, door, exchange)
        return _given(way, door, protocol, head, exchange, request)
    whole = origin_of(origin).with_path(path, encoded=True)
    headers = request.headers + request.route.added
    return await ask_session(session, exchange, request.route.method, whole, headers, request.body)


async def ask_session(
    session: ClientSession, exchange: Exchange, method: str, url: URL, headers: Headers, body: bytes | None
) -> MarkedResponse:
    """
    Through the session's front door; `MarkedRequest` notes it in the current exchange.

    yarl would rewrite %27 to ' and the target would see other bytes, so *url* was made encoded, its query
    in the path: on the wire nothing tells them apart.
    """
    token = current.set(exchange)
    try:
        response = await session.request(
            method, url, headers=headers, data=body, allow_redirects=False, skip_auto_headers=_NO_DEFAULTS
        )
    finally:
        current.reset(token)
    return cast("MarkedResponse", response)  # the session was told to make these


def _given(
    way: Way, door: Door, protocol: Handler, head: bytes, exchange: Exchange, request: PreparedRequest
) -> Straight:
    """
    What comes of a request that is given to a connection.
    """
    received = Straight(way.pool, door.key, protocol)
    try:
        transport = protocol.transport
        if transport is None or transport.is_closing():
            raise aiohttp.ClientConnectionResetError("the connection ended before it was used")
        protocol.set_response_params(
            timer=NO_TIMER,
            read_until_eof=True,
            auto_decompress=False,
            read_bufsize=_READ_AT_ONCE,
            timeout_ceil_threshold=math.inf,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
            max_headers=way.session._max_headers,
        )
        exchange.mark_sent()
        transport.write(head + request.body if request.body else head)
    except BaseException:
        received.close()
        raise
    return received


async def _connected(way: Way, door: Door, exchange: Exchange) -> Handler:
    """
    A connection that was dialled, or for which one had to wait.
    """
    pool = way.pool
    token = current.set(exchange)
    try:
        while True:
            dialled = len(exchange.dials)
            protocol = detached(await pool.connect(door.request, [], way.session.timeout))
            # Only one that was dialled before can have ended, or hold what came unasked while it was idle.
            if len(exchange.dials) > dialled or not protocol.has_ended():
                return protocol
            pool.give_back(door.key, protocol, ends=True)
    finally:
        current.reset(token)


def timeouts(*, connect_s: float) -> ClientTimeout:
    """
    What aiohttp watches: connecting alone. The deadline over everything is ours.
    """
    return ClientTimeout(sock_connect=connect_s, ceil_threshold=math.inf)
