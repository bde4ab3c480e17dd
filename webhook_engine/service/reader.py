"""
One connection of an agent's stream, and what waits for the readers of all of them together.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from webhook_engine import log

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEARTBEAT: Final = b":\n\n"

_LAST_S: Final = 10.0
"""How long a stream that has ended waits for its reader to take what is left."""

_KEPT: Final = 7 / 8
"""Of the bound: it is cut down to so much, so that readers are measured again only after as much was written."""


class Limits(Protocol):
    """
    What a stream may cost: `StreamSettings`.
    """

    @property
    def heartbeat_s(self) -> float: ...

    @property
    def unread_bytes(self) -> int: ...


class Backlog:
    """
    What waits for readers that do not keep up, all streams together.

    Where it grows too large, those are cut first that have held up most: bytes times
    the seconds for which there were any. Whoever comes back resumes.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._waiting: set[Reader] = set()
        self._noted = 0
        self.cut = {"reader": 0, "all": 0}
        """Streams that were cut since the start: for what waited for their own reader, or for all together."""

    @property
    def unread(self) -> int:
        """
        Bytes that wait now.
        """
        self._measure()
        return self._noted

    def note(self, reader: Reader, unread: int) -> None:
        """
        So much waits for that one; it may be cut for it, or others.
        """
        self._noted += unread - reader.unread
        reader.unread = unread
        if unread:
            self._waiting.add(reader)
        else:
            self._waiting.discard(reader)
        if self._noted > self._limit:
            self._relieve()

    def _measure(self) -> None:
        # Transports tell nobody that they were relieved, so what is noted is too much until they are asked.
        for reader in list(self._waiting):
            reader.unread = reader.waiting()
        self._waiting = {reader for reader in self._waiting if reader.unread}
        self._noted = sum(reader.unread for reader in self._waiting)

    def _relieve(self) -> None:
        self._measure()
        room = self._limit * _KEPT
        for reader in _worst_first(self._waiting):
            if self._noted <= room:
                break
            reader.cut(
                "all", f"{self._noted:,} bytes wait for all readers, {reader.unread:,} of them for this one"
            )


def _worst_first(readers: Iterable[Reader]) -> list[Reader]:
    now = asyncio.get_running_loop().time()
    return sorted(
        readers, key=lambda each: (each.unread * (now - each.behind_since), each.unread), reverse=True
    )


class Reader:
    """
    One connection.

    Messages go straight to its transport: to wake a task for each, as aiohttp's
    own writer wants, would cost more than everything else about a message.
    """

    __slots__ = (
        "_agent",
        "_backlog",
        "_heart",
        "_heartbeat_s",
        "_idle",
        "_loop",
        "_room",
        "_transport",
        "behind_since",
        "ended",
        "is_chunked",
        "unread",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        agent: str,
        limits: Limits,
        backlog: Backlog,
        *,
        chunked: bool,
        beginning: int,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        """Set when either side has ended the stream."""
        self._transport = transport
        self._agent = agent
        self._backlog = backlog
        # However much a reader missed: to be cut for it would mean to begin with it again.
        self._room = limits.unread_bytes + beginning
        self._heartbeat_s = limits.heartbeat_s
        self.is_chunked = chunked
        self._idle = False
        self._heart = self._loop.call_later(limits.heartbeat_s, self._beat)
        self.unread = 0
        """Bytes that waited for it when somebody last looked."""
        self.behind_since = 0.0
        """When there was something first, by the loop's clock."""

    @property
    def is_gone(self) -> bool:
        return self.ended.done() or self._transport.is_closing()

    def framed(self, plain: bytes) -> bytes:
        """
        Bytes as this connection has them.
        """
        return as_chunk(plain) if plain and self.is_chunked else plain

    def push(self, data: bytes) -> None:
        """
        Write, or cut a reader that takes nothing.
        """
        if self.ended.done():
            return
        if self._transport.is_closing():
            self.end()
            return
        self._idle = False
        self._transport.write(data)
        unread = self._transport.get_write_buffer_size()
        if unread > self._room:
            self.cut("reader", f"its reader does not read: {unread:,} bytes wait")
        elif unread or self.unread:
            if unread <= len(data):  # Nothing waited before.
                self.behind_since = self._loop.time()
            self._backlog.note(self, unread)

    def waiting(self) -> int:
        """
        Bytes that were written, and that the network has not taken.
        """
        try:
            return self._transport.get_write_buffer_size()
        except AttributeError:
            # asyncio's TLS transport forgets what it is of when it is closed twice.
            return 0

    def cut(self, why: str, told: str) -> None:
        """
        End it for what waits, *why* as `Backlog.cut` counts it.
        """
        self._backlog.cut[why] += 1
        log.event("stream.cut", agent=self._agent, why=told)
        self._stop()
        # A graceful end would wait for the reader to take what it is not taking.
        self._let_go()

    def end(self) -> None:
        """
        Nothing more is written; what is left may be taken for a while.
        """
        if self.ended.done():
            return
        self._stop()
        if self.waiting():
            self._loop.call_later(_LAST_S, self._let_go)
        else:
            self._backlog.note(self, 0)

    def _stop(self) -> None:
        self._heart.cancel()
        if not self.ended.done():
            self.ended.set_result(None)

    def _let_go(self) -> None:
        self._transport.abort()
        self._backlog.note(self, 0)

    def _beat(self) -> None:
        if self._idle or self._transport.is_closing():
            self.push(self.framed(_HEARTBEAT))
        self._idle = True
        if not self.ended.done():
            self._heart = self._loop.call_later(self._heartbeat_s, self._beat)


def as_chunk(plain: bytes) -> bytes:
    """
    Bytes as one chunk of HTTP/1.1; they must not be empty, which would be the last one.
    """
    return b"%x\r\n%b\r\n" % (len(plain), plain)
