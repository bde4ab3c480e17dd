"""
One request given to aiohttp, and the head of its response.

aiohttp's pool, its connections and its parser written in C carry every request. What its client does around
them for each request (an object for the request, one for its response, one for its writer, and a dozen options
that are not for us) is half of what a request costs, so `send` and `open_and_send` go without; where anything is
not as it is known here, the session is asked from outside.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol, cast
from urllib.parse import SplitResult

import aiohttp
from aiohttp import ClientRequest, ClientResponse, ClientSession, ClientTimeout, StreamReader
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.helpers import TimerNoop
from aiohttp.http_writer import _serialize_headers
from aiohttp.streams import EMPTY_PAYLOAD
from multidict import CIMultiDictProxy
from yarl import URL

from webhook_engine.dispatch.guard import Exchange, current
from webhook_engine.dispatch.pool import Handler, Pool, detached
from webhook_engine.dispatch.request import PreparedRequest
from webhook_engine.errors import UnsafeValue

if TYPE_CHECKING:
    from aiohttp.http import RawResponseMessage

Headers = Sequence[tuple[str, str]]

_KNOWN: Final = aiohttp.__version__ if aiohttp.__version__.startswith("3.14.") else None
"""The aiohttp whose inner steps are taken here; any other is asked from outside."""

_SESSIONS_OWN: Final = ClientSession._request

_READ_AT_ONCE: Final = 64 * 1024
_LONGEST_LINE: Final = 8190
_NO_TIMER: Final = TimerNoop()
_MOST_DOORS: Final = 256

# Nothing goes out that was not prepared.
_NO_DEFAULTS: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class Received(Protocol):
    """
    A request that was sent, and its response: first its head, then its body.

    A head is waited for by `next_head` and taken by `take_head`, or read by `read_head`: nearly all of them need no
    coroutine of their own.
    """

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> CIMultiDictProxy[str]: ...
    @property
    def content(self) -> StreamReader: ...

    def next_head(self) -> asyncio.Future[None] | None:
        """
        What ends when a head is there, or never will be; None where that is so now.
        """

    def take_head(self) -> bool:
        """
        Whether the head of the response is there; what is told of a response is told from then on.
        """

    async def read_head(self) -> None:
        """
        Waits for the head of the response, whatever comes before it.
        """

    def at_hand(self) -> bytes | None:
        """
        All of the body, as it was sent, where it came with the head; None where there is something to wait for.
        """

    def release(self) -> object:
        """
        Lets the connection be used again, once the body was read to its end.
        """

    def close(self) -> None:
        """
        Ends the connection.
        """


class Way:
    """
    The way to every target of one session.
    """

    __slots__ = ("_doors", "pool", "session")

    def __init__(self, session: ClientSession) -> None:
        self.session = session
        assert isinstance(session.connector, Pool)  # noqa: S101  # it was opened with one
        self.pool: Pool = session.connector
        self._doors: dict[str, Door] = {}

    def door(self, origin: str) -> Door:
        """
        The door at *origin*, made once.

        Raises:
            UnsafeValue: It is no web address.
        """
        door = self._doors.get(origin)
        if door is None:
            if len(self._doors) >= _MOST_DOORS:
                self._doors.clear()
            door = self._doors[origin] = Door(self.session, origin_of(origin))
        return door


class Door:
    """
    What is the same for every request to one origin.
    """

    __slots__ = ("_added", "_headers", "_rest", "host", "key", "request")

    def __init__(self, session: ClientSession, origin: URL) -> None:
        self.host = origin.host_port_subcomponent or ""
        # The pool asks it where to connect; it is never sent.
        self.request = ClientRequest(
            "GET", origin, loop=session._loop, session=session, timer=_NO_TIMER, headers=()
        )
        self.key = self.request.connection_key
        self._headers: Headers | None = None
        self._added: Headers | None = None
        self._rest = b""

    def head(self, request: PreparedRequest, path: str) -> bytes:
        """
        Everything before the body.

        Most webhooks send the same headers each time, and then those of the last request are written already.

        Raises:
            ValueError: A character would end a line early; prepared requests hold none.
        """
        headers, added, method = request.headers, request.route.added, request.route.method
        if headers is self._headers and added is self._added:
            rest = self._rest
        else:
            lines = _Lines((("Host", self.host), *headers, *added))
            rest = _serialize_headers("", lines)  # type: ignore[arg-type]  # it asks for items
            self._headers, self._added, self._rest = headers, added, rest
        if "\r" in path or "\n" in path or "\0" in path:
            raise ValueError("the path of a request would end its first line")
        body = request.body
        if body is not None or method != "GET":
            return b"%b %b HTTP/1.1%bContent-Length: %d\r\n\r\n" % (
                method.encode(),
                path.encode(),
                rest[:-2],
                len(body or b""),
            )
        return b"GET %b HTTP/1.1%b" % (path.encode(), rest)


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


def split(url: str) -> tuple[str, str]:
    """
    The origin of *url*, and the path that is asked there, with its query and without the fragment.
    """
    if "#" in url:
        url = url.partition("#")[0]
    slash = url.find("/", url.find("://") + 3)
    if slash < 0 or "?" in url[:slash]:
        before, mark, query = url.partition("?")
        return before, f"/{mark}{query}"
    return url[:slash], url[slash:]


def origin_of(origin: str) -> URL:
    """
    *origin* for aiohttp.

    Raises:
        UnsafeValue: It is no web address.
    """
    scheme, mark, authority = origin.partition("://")
    if scheme.lower() not in ("http", "https") or not mark:
        raise UnsafeValue(f"{scheme[:40]!r} is no scheme that is sent; http and https are", slot="url")
    if not authority or "@" in authority:
        raise UnsafeValue("the URL names no host, or a user name before it", slot="url")
    return URL(SplitResult(scheme.lower(), authority, "/", "", ""), encoded=True)


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
) -> _Straight:
    """
    What comes of a request that is given to a connection.
    """
    received = _Straight(way.pool, door.key, protocol)
    try:
        transport = protocol.transport
        if transport is None or transport.is_closing():
            raise aiohttp.ClientConnectionResetError("the connection ended before it was used")
        protocol.set_response_params(
            timer=_NO_TIMER,
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


class _Lines(list[tuple[str, str]]):
    """
    Headers in their order, as the serializer asks for them.
    """

    __slots__ = ()

    def items(self) -> list[tuple[str, str]]:
        return self


class _Straight:
    """
    A response that no `ClientResponse` was made for.
    """

    __slots__ = ("_key", "_pool", "_protocol", "content", "headers", "status")

    status: int
    headers: CIMultiDictProxy[str]
    content: StreamReader

    def __init__(self, pool: Pool, key: ConnectionKey, protocol: Handler) -> None:
        self._pool = pool
        self._key = key
        self._protocol = protocol

    def next_head(self) -> asyncio.Future[None] | None:
        return self._protocol.next_head()

    def take_head(self) -> bool:
        found = self._protocol.take_head()
        return found is not None and self._is_last(*found)

    async def read_head(self) -> None:
        while not self._is_last(*await self._protocol.read()):
            pass

    def _is_last(self, message: RawResponseMessage, content: StreamReader) -> bool:
        """
        Whether this is the head of the response, and not of what may come before it (RFC 9110, 15.2).
        """
        self.status = message.code
        self.headers = message.headers
        self.content = content
        return not 100 <= message.code < 200 or message.code == 101

    def at_hand(self) -> bytes | None:
        content = self.content
        if content is EMPTY_PAYLOAD:
            return b""
        if not content.is_eof() or content.exception() is not None:
            return None
        # Taking the pieces out would set the parser going once more, for nothing.
        return b"".join(content._buffer)

    def release(self) -> None:
        transport = self._protocol.transport
        # It may have answered without having read the whole request, and would take the rest for the next one.
        ends = transport is not None and transport.get_write_buffer_size() > 0
        self._pool.give_back(self._key, self._protocol, ends=ends)

    def close(self) -> None:
        transport = self._protocol.transport
        if transport is not None and transport.get_write_buffer_size() > 0:
            # A target that does not read would keep it, and the rest of the request, for as long as it likes.
            transport.abort()
        self._pool.give_back(self._key, self._protocol, ends=True)


def timeouts(*, connect_s: float) -> ClientTimeout:
    """
    What aiohttp watches: connecting alone. The deadline over everything is ours.
    """
    return ClientTimeout(sock_connect=connect_s, ceil_threshold=math.inf)
