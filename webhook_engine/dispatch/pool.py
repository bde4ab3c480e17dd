"""
aiohttp's pool of connections, asked without a detour for one that is open already.
"""

from __future__ import annotations

import asyncio
import select
import sys
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, cast

import aiohttp

from webhook_engine.dispatch.listening import Listener

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.client_reqrep import ConnectionKey
    from aiohttp.connector import Connection
    from aiohttp.http import RawResponseMessage
    from aiohttp.streams import StreamReader

_HAS_POLL: Final = sys.platform != "win32"


class Handler(Listener):
    """
    One connection that can tell whether it may get another request.
    """

    _poll: Callable[[int], list[tuple[int, int]]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        held = transport.get_extra_info("socket")
        if sys.platform != "win32" and held is not None:
            poll = select.poll()
            poll.register(held.fileno(), select.POLLIN)
            self._poll = poll.poll

    def next_head(self) -> asyncio.Future[None] | None:
        """
        What ends when the head of a response is there, or never will be; None where that is so now.

        As the beginning of `read`, without its coroutine. Whoever gives up waiting ends the connection.
        """
        if self._buffer or self._eof:
            return None
        waiter = self._waiter = self._loop.create_future()
        return waiter

    def take_head(self) -> tuple[RawResponseMessage, StreamReader] | None:
        """
        That head and its body; None where `read` has to say why there is none.
        """
        return self._buffer.popleft()[0] if self._buffer else None

    def has_ended(self) -> bool:
        """
        Whether this connection, having waited for its next request, must not get it.

        The target's hanging up is often there before the loop has seen it, and a request sent then is lost,
        acted upon or not. Bytes that nobody asked for would be taken for its response. How short the wait was
        tells nothing: many a target hangs up right behind its response.
        """
        transport = self.transport
        if transport is None or transport.is_closing() or self.should_close:
            return True
        if self._poll is None:
            return _HAS_POLL  # there is no socket to ask, or no way to ask it
        return bool(self._poll(0))


class Pool(aiohttp.TCPConnector):
    """
    The connections of one session.

    `connect` is a coroutine around a coroutine, for tracers and proxies that we have none of; `take` does what
    it would do where a connection is open, and looks at it once more.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._factory = cast("partial[ResponseHandler]", partial(Handler, loop=self._loop))

    def take(self, key: ConnectionKey) -> Handler | None:
        """
        An open connection that may get a request; None where there is none. Must be paid back by `give_back`.
        """
        kept = self._conns.get(key)
        if kept is None:
            return None
        oldest = monotonic() - (self._keepalive_timeout or 0.0)
        while kept:
            protocol, since = kept.popleft()
            if since < oldest or not isinstance(protocol, Handler) or protocol.has_ended():
                self._release(key, protocol, should_close=True)
                continue
            if not kept:
                del self._conns[key]
            self._acquired.add(protocol)
            return protocol
        del self._conns[key]
        return None

    def give_back(self, key: ConnectionKey, protocol: ResponseHandler, *, ends: bool = False) -> None:
        """
        Keeps a connection for the next request, or ends it.
        """
        # With no parser, whatever comes while it is idle stays where `has_ended` sees it. One would take in the
        # beginning of a response that nobody asked for, and its rest be read as the next one's.
        protocol._parser = None
        if ends or protocol.should_close or self._waiters or self._closed or self._cleanup_handle is None:
            self._release(key, protocol, should_close=ends)
            return
        # As `_release`, where nobody waits for a connection and idle ones are being looked after.
        self._acquired.discard(protocol)
        self._conns[key].append((protocol, monotonic()))


def detached(connection: Connection) -> Handler:
    """
    What a connection is about, without what aiohttp's client wraps it in; to be given back all the same.
    """
    protocol, connection._protocol = connection._protocol, None
    assert isinstance(protocol, Handler)  # noqa: S101  # the pool was told to make these
    return protocol
