"""
A request that was sent, and its response, as it comes out of a connection of the pool.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from aiohttp import StreamReader
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.streams import EMPTY_PAYLOAD
from multidict import CIMultiDictProxy

from webhook_engine.dispatch.pool import Handler, Pool

if TYPE_CHECKING:
    from aiohttp.http import RawResponseMessage


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


class Straight:
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
