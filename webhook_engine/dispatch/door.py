"""
The ways to the targets of one session, and what every request to one origin has in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import SplitResult

from aiohttp import ClientRequest, ClientSession
from aiohttp.helpers import TimerNoop
from aiohttp.http_writer import _serialize_headers
from yarl import URL

from webhook_engine.dispatch.pool import Pool
from webhook_engine.dispatch.request import PreparedRequest
from webhook_engine.errors import UnsafeValue

Headers = Sequence[tuple[str, str]]

NO_TIMER: Final = TimerNoop()
_MOST_DOORS: Final = 256


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
            "GET", origin, loop=session._loop, session=session, timer=NO_TIMER, headers=()
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


class _Lines(list[tuple[str, str]]):
    """
    Headers in their order, as the serializer asks for them.
    """

    __slots__ = ()

    def items(self) -> list[tuple[str, str]]:
        return self
