"""
An agent's stream: the messages of a pop board as Server-Sent Events.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import ClientConnectionError, HttpVersion11, web

from webhook_engine.service.reader import Backlog, Reader, as_chunk
from webhook_engine.service.refusals import Code, later

if TYPE_CHECKING:
    from collections.abc import Callable

    from webhook_engine.pops import Message, PopBoard

_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    # nginx would hold messages back until its buffer is full.
    "X-Accel-Buffering": "no",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """
    What a stream may cost, and how it stays alive.
    """

    heartbeat_s: float = 15.0
    """A comment is sent when nothing else was for so long; readers that are gone are noticed by it."""

    retry_ms: int = 2_000
    """What a browser is told to wait before it connects again."""

    unread_bytes: int = 1024 * 1024
    """What may wait for a slow reader beside what it missed and what the network holds; then it is cut, and resumes."""

    unread_total_bytes: int = 64 * 1024 * 1024
    """What may wait for all slow readers together; beyond it those that held up most are cut, and resume."""

    streams_per_agent: int = 20
    """At one time; more are refused with 429."""


class AgentStreams:
    """
    The open streams of one board's agents.

    Each message is encoded once and written before the event loop waits again; a
    reader that does not keep up is cut, and gets what it missed when it comes back.
    """

    def __init__(
        self,
        board: PopBoard,
        *,
        settings: StreamSettings | None = None,
        shown: Callable[[Message], Message] | None = None,
        backlog: Backlog | None = None,
    ) -> None:
        """
        Args:
            shown: What readers get of a message, where that is not all of it.

            backlog: What waits for slow readers, where other streams count into it too.
        """
        self._shown = shown or _as_it_is
        self.settings = settings or StreamSettings()
        self.backlog = backlog or Backlog(self.settings.unread_total_bytes)
        self._board = board
        self._readers: dict[str, set[Reader]] = {}
        self._of_request: dict[int, Reader] = {}
        self._unwritten: dict[Reader, bytes] = {}
        self._unlisten = board.listen(self._publish)
        self._closed = False

    def __len__(self) -> int:
        """
        How many streams are open.
        """
        return sum(map(len, self._readers.values()))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """
        The handler of a route with `{extension}`, such as `/v1/agents/{extension}/stream`.
        """
        return await self.serve(request, request.match_info["extension"])

    async def serve(self, request: web.Request, agent: str) -> web.StreamResponse:
        """
        The stream of *agent*, until either side ends it. Who may read it has been decided before.

        It resumes after the message named by the header `Last-Event-ID` or, for
        clients that cannot send it, by the query parameter `lastEventId`.
        """
        if request.method == "HEAD":
            return web.Response(headers=_HEADERS)
        if (refusal := self._refusal(agent)) is not None:
            return refusal
        response = web.StreamResponse(headers=_HEADERS)
        response.force_close()
        if request.version >= HttpVersion11:
            response.enable_chunked_encoding()
        await response.prepare(request)
        try:
            await response.write(b"retry: %d\n\n" % self.settings.retry_ms)
            await self._follow(request, agent, chunked=response.chunked)
        except (ConnectionResetError, ClientConnectionError):
            pass  # The reader went away while it was told where to begin.
        return response

    async def _follow(self, request: web.Request, agent: str, *, chunked: bool) -> None:
        if request.transport is None:
            return
        # Nothing is awaited from here until the reader is among the others, so that
        # no message falls between what it missed and what it is told, or is in both.
        missed = b"".join(map(frame, map(self._shown, self._board.since(agent, _last_id(request)))))
        reader = Reader(
            request.transport, agent, self.settings, self.backlog, chunked=chunked, beginning=len(missed)
        )
        reader.push(reader.framed(missed))
        readers = self._readers.setdefault(agent, set())
        readers.add(reader)
        self._of_request[id(request)] = reader
        try:
            await reader.ended
        finally:
            reader.end()
            del self._of_request[id(request)]
            readers.discard(reader)
            if not readers:
                self._readers.pop(agent, None)

    def end(self, request: web.Request) -> None:
        """
        End the stream that is being served for *request*, if it is.
        """
        if (reader := self._of_request.get(id(request))) is not None:
            reader.end()

    def close(self) -> None:
        """
        End every stream, and take no new ones: for an application's `on_shutdown`.
        """
        self._closed = True
        self._write()
        self._unlisten()
        self._unlisten = _nothing
        for reader in [each for readers in self._readers.values() for each in readers]:
            reader.end()

    def _refusal(self, agent: str) -> web.Response | None:
        if self._closed:
            return later(Code.UNAVAILABLE, "the service is stopping", after_s=2).answer()
        # aiohttp tells a handler that waits nothing of a reader that left: a page
        # loaded anew several times must not be refused for its own past.
        here = sum(not each.is_gone for each in self._readers.get(agent, ()))
        if here >= self.settings.streams_per_agent:
            return later(
                Code.BUSY,
                f"{agent} has {self.settings.streams_per_agent} streams open: close one",
                after_s=self.settings.heartbeat_s,
            ).answer()
        return None

    def _publish(self, message: Message) -> None:
        readers = self._readers.get(message.agent)
        if not readers:
            return
        plain = frame(self._shown(message))
        chunk = as_chunk(plain)
        unwritten = self._unwritten
        if not unwritten:
            asyncio.get_running_loop().call_soon(self._write)
        for reader in readers:
            data = chunk if reader.is_chunked else plain
            before = unwritten.get(reader)
            unwritten[reader] = data if before is None else before + data
        if len(unwritten) >= _AT_ONCE:
            self._write()

    def _write(self) -> None:
        """
        Write what was told. The kernel's code and ours are each used many times in a row, and not in
        turn: that costs a third less. What one reader is told in one go leaves in one packet.
        """
        unwritten, self._unwritten = self._unwritten, {}
        for reader, data in unwritten.items():
            reader.push(data)


_AT_ONCE = 50
"""Readers that wait for each other; with more, the first would wait for no reason."""


def frame(message: Message) -> bytes:
    """
    A message as a Server-Sent Event.
    """
    # JSON on one line and an id without line breaks: nothing here can end the event early.
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (
        message.id.encode(),
        message.event.encode(),
        message.text,
    )


def _last_id(request: web.Request) -> str | None:
    # A browser that reconnects asks for the same address again, and only its header is up to date.
    return request.headers.get("Last-Event-ID") or request.query.get("lastEventId")


def _as_it_is(message: Message) -> Message:
    return message


def _nothing() -> None:
    pass
