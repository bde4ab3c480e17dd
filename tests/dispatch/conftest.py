"""
A target system on loopback that keeps every byte it was sent, and answers as it is told.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace

import pytest

from webhook_engine.dispatch import EgressPolicy, Transport, wire
from webhook_engine.dispatch.request import PreparedRequest, Route

PATIENCE_S = 60.0
"""How long a test waits for what must come; only a failure takes so long."""

LOOPBACK = EgressPolicy(["127.0.0.0/8", "::1"])
PUBLIC_ONLY = EgressPolicy()

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answer(
    body: bytes = b"", *, status: str = "200 OK", headers: tuple[str, ...] = (), length: int | None = None
) -> bytes:
    """
    A response as bytes; *length* in place of the true one.
    """
    head = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


async def until(fact: Callable[[], object]) -> None:
    """
    Goes on as soon as *fact* is true, however long this machine takes to get there.
    """
    give_up = time.monotonic() + PATIENCE_S
    while not fact():
        assert time.monotonic() < give_up, "what the test waits for never came"
        await asyncio.sleep(0)
        time.sleep(0.0005)  # leaves room for threads; asyncio.sleep would wait for a clock that may stand


class Clock:
    """
    The loop's clock, which stands still until the test moves it.
    """

    def __init__(self, now: float) -> None:
        self._now = now
        self._moved = time.monotonic()

    def __call__(self) -> float:
        # A test that forgot to move it ends all the same.
        return self._now + max(0.0, time.monotonic() - self._moved - PATIENCE_S)

    async def forward(self, seconds: float) -> None:
        """
        Lets what goes on now come to rest, *seconds* pass, and what is due then happen.
        """
        await self._rest()
        self._now += seconds
        self._moved = time.monotonic()
        await self._rest()

    async def _rest(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """
    A clock in the test's hand: what depends on time does not depend on how busy the machine is.
    """
    loop = asyncio.get_running_loop()
    clock = Clock(loop.time())
    monkeypatch.setattr(loop, "time", clock)
    return clock


Handler = Callable[["Visit"], Awaitable[None]]


@dataclass
class Visit:
    """
    One request on one connection.
    """

    request: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int

    @property
    def line(self) -> str:
        return self.request.partition(b"\r\n")[0].decode()

    @property
    def headers(self) -> dict[str, str]:
        head = self.request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in head)}

    @property
    def body(self) -> bytes:
        return self.request.partition(b"\r\n\r\n")[2]

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()


@dataclass
class Target:
    """
    A raw HTTP server.
    """

    handler: Handler
    visits: list[Visit] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    scheme: str = "http"
    host: str = "127.0.0.1"

    @property
    def requests(self) -> list[bytes]:
        return [visit.request for visit in self.visits]

    def url(self, path: str = "/", *, host: str | None = None) -> str:
        return f"{self.scheme}://{host or self.host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = 0
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        length = int(line.partition(b":")[2])
                visit = Visit(head + await reader.readexactly(length), reader, writer, len(self.visits) + 1)
                self.visits.append(visit)
                await self.handler(visit)
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()


StartTarget = Callable[..., Awaitable[Target]]


@pytest.fixture
async def start_target() -> AsyncIterator[StartTarget]:
    """
    Starts targets, and ends them with the test.
    """
    servers: list[asyncio.Server] = []
    tasks: set[asyncio.Task[None]] = set()

    async def start(
        handler: Handler | bytes = OK, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ) -> Target:
        async def say(visit: Visit) -> None:
            await visit.say(handler)  # type: ignore[arg-type]

        target = Target(say if isinstance(handler, bytes) else handler, host=host)

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.get_running_loop().create_task(target.serve(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(connected, host.strip("[]"), 0, ssl=tls)
        servers.append(server)
        target.port = server.sockets[0].getsockname()[1]
        target.scheme = "https" if tls else "http"
        return target

    yield start
    for server in servers:
        server.close()
    for task in list(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture(params=["straight", "through the session"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The two ways of giving a request to aiohttp.
    """
    if request.param != "straight":
        monkeypatch.setattr(wire, "may_go_straight", lambda session: False)


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    """
    A transport with the default limits.
    """
    async with Transport() as transport:
        yield transport


def a_request(
    url: str,
    *,
    method: str = "GET",
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes | None = None,
    **route: object,
) -> PreparedRequest:
    """
    A prepared request to a target on loopback.
    """
    settings = {"webhook": "Lookup", "policy": LOOPBACK, "deadline_s": PATIENCE_S, **route}
    mask = settings.pop("mask", None)
    grant = settings.pop("grant", None)
    prepared = PreparedRequest(
        route=Route(method=method, **settings),  # type: ignore[arg-type]
        url=url,
        headers=headers,
        body=body,
        grant=grant,  # type: ignore[arg-type]
    )
    return prepared if mask is None else replace(prepared, mask=mask)  # type: ignore[arg-type]
