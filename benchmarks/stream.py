"""
An agent's stream beside bare aiohttp: a thousand connected agents, and how long a pop takes to reach them.

`python -m benchmarks.stream KIND CORE` serves one of the ways until its input ends.
"""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from statistics import quantiles
from time import perf_counter
from typing import TYPE_CHECKING, cast

import uvloop
from aiohttp import web

from benchmarks.harness import Contender, compare
from webhook_engine.pops import PopBoard
from webhook_engine.service.stream import AgentStreams
from webhook_engine.variables import CallContext, CallEvent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from benchmarks.harness import Comparison, Pace

    Tell = Callable[[int], Awaitable[float]]

AGENTS = 1_000
_BURSTS = 5
"""In one turn: each tells every agent something."""

_URL = "https://crm.example.com/contacts/1001?phone=%2B27821234567&name=Thandi%20Mokoena"
_PATIENCE_S = 30.0
_PAUSE_S = 0.1
_EVENT = b"event: window\n"


def run(pace: Pace) -> Iterator[Comparison]:
    """
    One call rings at a thousand agents; the p99 of the time from the event to the agent's socket.

    The clock is the machine's, so that what one process stamps another can read.
    """
    ways = {"bare aiohttp broadcast": "bare", "agent streams": "board"}
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, ExitStack() as opened:
        contenders = [opened.enter_context(_contender(name, kind, runner)) for name, kind in ways.items()]
        yield compare("event to pop, p99 of 1,000 agents", contenders, pace.slow())


@contextmanager
def _contender(name: str, kind: str, runner: asyncio.Runner) -> Iterator[Contender]:
    with _serving(kind) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        port = int(server.stdout.readline())
        crowd = Crowd()
        runner.run(crowd.connect(port))
        try:
            yield Contender(name, lambda: runner.run(_turn(crowd, server)))
        finally:
            runner.run(crowd.close())


@contextmanager
def _serving(kind: str) -> Iterator[subprocess.Popen[str]]:
    """
    A server on the last core, with this process kept on the first.
    """
    ours = os.sched_getaffinity(0)
    theirs = max(ours)
    os.sched_setaffinity(0, (ours - {theirs}) or ours)
    command = [sys.executable, "-m", "benchmarks.stream", kind, str(theirs)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield server
    finally:
        server.communicate()  # closes its input
        os.sched_setaffinity(0, ours)


async def _turn(crowd: Crowd, server: subprocess.Popen[str]) -> float:
    took = []
    for _ in range(_BURSTS):
        crowd.expect()
        print("tell", file=server.stdin, flush=True)
        started = float(await asyncio.to_thread(server.stdout.readline))  # type: ignore[union-attr]  # it is piped
        took += [arrived - started for arrived in await crowd.arrivals()]
    return quantiles(took, n=100)[98]


class Crowd:
    """
    A thousand agents' screens, which only look at the clock.
    """

    def __init__(self) -> None:
        self._screens: list[Screen] = []
        self._arrived: list[float] = []
        self._all: asyncio.Future[None] | None = None

    async def connect(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        for number in range(AGENTS):
            _, screen = await loop.create_connection(lambda: Screen(self), "127.0.0.1", port)
            self._screens.append(screen)
            await screen.ask(number)

    def expect(self) -> None:
        self._arrived = []
        self._all = asyncio.get_running_loop().create_future()

    def arrived(self) -> None:
        self._arrived.append(perf_counter())
        if len(self._arrived) == AGENTS and self._all is not None:
            self._all.set_result(None)

    async def arrivals(self) -> list[float]:
        assert self._all is not None
        await asyncio.wait_for(self._all, _PATIENCE_S)
        return self._arrived

    async def close(self) -> None:
        for screen in self._screens:
            screen.transport.close()


class Screen(asyncio.Protocol):
    """
    One connection.
    """

    transport: asyncio.Transport

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._answered = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport is no subclass of asyncio's.
        self.transport = cast("asyncio.Transport", transport)

    async def ask(self, number: int) -> None:
        path = f"/v1/agents/{number}-Euphoria/stream"
        self.transport.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        await self._answered

    def data_received(self, data: bytes) -> None:
        if _EVENT in data:
            self._crowd.arrived()
        elif not self._answered.done():
            self._answered.set_result(None)


# --- What is served -------------------------------------------------------------------------------


async def _serve(kind: str) -> None:
    """
    Tells every agent something for each line of its input, and prints when.
    """
    loop = asyncio.get_running_loop()
    app = web.Application()
    tell = {"bare": _bare, "board": _board}[kind](app)
    runner = web.AppRunner(app)
    await runner.setup()
    server = await loop.create_server(cast("web.Server", runner.server), "127.0.0.1", 0, backlog=AGENTS)
    print(server.sockets[0].getsockname()[1], flush=True)
    gc.freeze()
    turn = 0
    while await loop.run_in_executor(None, sys.stdin.readline):
        turn += 1
        started = await tell(turn)
        print(started, flush=True)
    os._exit(0)  # Nobody waits for two thousand connections to be closed nicely.


def _bare(app: web.Application) -> Tell:
    """
    What one would write: the text is made once, and written to everybody in turn.
    """
    readers: set[web.StreamResponse] = set()

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"retry: 2000\n\n")
        readers.add(response)
        await asyncio.Event().wait()
        return response

    async def tell(turn: int) -> float:
        await asyncio.sleep(_PAUSE_S)
        started = perf_counter()
        text = b'id: %d\nevent: window\ndata: {"url":"%b","call":%d}\n\n' % (turn, _URL.encode(), turn)
        for response in readers:
            await response.write(text)
        return started

    app.router.add_get("/v1/agents/{extension}/stream", stream)
    return tell


def _board(app: web.Application) -> Tell:
    """
    The board decides for each agent, and the streams write.
    """
    board = PopBoard()
    streams = AgentStreams(board)
    app.router.add_get("/v1/agents/{extension}/stream", streams.handle)

    def last(turn: int) -> CallEvent:
        return CallEvent("ended", CallContext(sip_id=f"call-{turn - 1}"))

    async def tell(turn: int) -> float:
        board.note(last(turn))
        await asyncio.sleep(_PAUSE_S)  # what the end of the last call withdrew is on its way
        call = CallContext(sip_id=f"call-{turn}", caller_number="+27821234567", caller_name="Thandi Mokoena")
        ringing = [
            CallEvent("ringing", call.replace(extension=f"{number}-Euphoria")) for number in range(AGENTS)
        ]
        started = perf_counter()
        for event in ringing:
            assert board.open_window(event, "Contact page", _URL)
        await asyncio.sleep(0)
        return started

    return tell


def main() -> None:
    os.sched_setaffinity(0, {int(sys.argv[2])})
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(sys.argv[1]))


if __name__ == "__main__":
    main()
