"""
How long an event waits until its request is on the wire: beside bare aiohttp, and beside targets that hang.

`python -m benchmarks.latency CORE PORTS` is the target: it stamps what it is sent, and its second half of ports
answers as late as it is told. The clock is the machine's, so that what one process stamps another can read.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from contextlib import AsyncExitStack, contextmanager
from itertools import count
from pathlib import Path
from statistics import quantiles
from time import monotonic
from typing import TYPE_CHECKING

import aiohttp
import orjson
import uvloop
from aiohttp import web
from yarl import URL

from benchmarks.durable import DEFINITIONS, events
from benchmarks.harness import Contender, compare, scratch
from webhook_engine.definitions import read_text
from webhook_engine.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence

    from benchmarks.harness import Comparison, Pace
    from webhook_engine.variables import CallEvent

    Tell = Callable[[CallEvent], Coroutine[None, None, object]]

_PER_SECOND = 500
_TARGETS = 20
_HANGS_S = 5.0
_BESIDE_PER_SECOND = 200
_PATIENCE_S = 120.0

_HEAD, _, _REST = DEFINITIONS.partition("[[webhook]]")
_WEBHOOK, _, _ = _REST.partition("[[rule]]")
_RULE = '[[rule]]\nname = "Log at {n}"\non = ["disposed"]\ncall_queue = ["queue {n}"]\nwebhooks = ["Log at {n}"]\n'


def run(pace: Pace) -> Iterator[Comparison]:
    """
    At 500 events a second; then of the healthy half of the targets, while the other half hangs for five seconds.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, _target(_TARGETS) as ports:
        folder = scratch("latency")
        opened = AsyncExitStack()
        try:
            yield _beside_bare(runner, opened, ports, folder, pace.slow())
            yield _beside_hanging(runner, opened, ports, folder, pace.slow())
        finally:
            runner.run(opened.aclose())
            shutil.rmtree(folder)


def _beside_bare(
    runner: asyncio.Runner, opened: AsyncExitStack, ports: Sequence[int], folder: Path, pace: Pace
) -> Comparison:
    session, engine = runner.run(
        _open(opened, DEFINITIONS.replace("{port}", str(ports[0])), folder / "one.db")
    )
    url = URL(f"http://127.0.0.1:{ports[0]}/api/calls", encoded=True)
    headers = {"Content-Type": "application/json"}

    async def post(event: CallEvent) -> None:
        body = orjson.dumps({"name": event.call.caller_name, "tag": event.call.crm_tag})
        async with session.post(url, data=body, headers=headers) as response:
            await response.read()

    numbers = count()

    def contender(name: str, tell: Tell) -> Contender:
        def turn() -> float:
            made = _numbered([next(numbers) for _ in range(_PER_SECOND)])
            return runner.run(_p99(session, ports[0], made, tell, _PER_SECOND))

        turn()  # connections are open from here on
        return Contender(name, turn)

    ways = [contender("bare aiohttp", post), contender("Engine.notify", engine.notify)]
    return compare("latency: event to wire at 500/s, p99", ways, pace)


def _beside_hanging(
    runner: asyncio.Runner, opened: AsyncExitStack, ports: Sequence[int], folder: Path, pace: Pace
) -> Comparison:
    webhooks = [
        # Without a group: its limit would be shared by all of them.
        f"[[webhook]]{_WEBHOOK}".replace('group = "CRM"\n', "")
        .replace("Log the call", f"Log at {n}")
        .replace("{port}", str(port))
        + _RULE.replace("{n}", str(n))
        for n, port in enumerate(ports)
    ]
    session, engine = runner.run(_open(opened, _HEAD + "".join(webhooks), folder / "many.db"))
    numbers = count(10**6)

    def contender(name: str, hangs_s: float) -> Contender:
        def turn() -> float:
            runner.run(_hang(session, ports[0], hangs_s))
            made = [
                _at_queue(event, f"queue {n % len(ports)}")
                for n, event in enumerate(_numbered([next(numbers) for _ in range(2 * _BESIDE_PER_SECOND)]))
            ]
            healthy = [event for n, event in enumerate(made) if n % len(ports) < len(ports) // 2]
            p99 = runner.run(_p99(session, ports[0], made, engine.notify, _BESIDE_PER_SECOND, healthy))
            runner.run(_hang(session, ports[0], 0))
            runner.run(_drained(engine))
            return p99

        turn()
        return Contender(name, turn)

    ways = [contender("all healthy", 0), contender("half of them hang", _HANGS_S)]
    return compare("latency: healthy targets beside hanging ones, p99", ways, pace)


def _numbered(numbers: Sequence[int]) -> list[CallEvent]:
    """
    Events of which the target can tell which one it was sent: by the contact's name.
    """
    return [
        _with(event, caller_name=f"number {number}")
        for number, event in zip(numbers, events(numbers), strict=True)
    ]


def _at_queue(event: CallEvent, queue: str) -> CallEvent:
    return _with(event, call_queue=queue)


def _with(event: CallEvent, **facts: str) -> CallEvent:
    return type(event)(event.moment, event.call.replace(**facts), id=event.id)


async def _open(opened: AsyncExitStack, definitions: str, path: Path) -> tuple[aiohttp.ClientSession, Engine]:
    session = await opened.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
    return session, await opened.enter_async_context(Engine(read_text(definitions), queue=path))


async def _p99(
    session: aiohttp.ClientSession,
    port: int,
    made: Sequence[CallEvent],
    tell: Tell,
    per_second: int,
    counted: Sequence[CallEvent] | None = None,
) -> float:
    """
    Tells the events at an even pace; seconds until the target has each of those that count.
    """
    told: dict[str, float] = {}
    tasks: list[asyncio.Task[object]] = []
    loop = asyncio.get_running_loop()
    start = loop.time()
    for number, event in enumerate(made):
        await asyncio.sleep(start + number / per_second - loop.time())
        told[event.call.caller_name] = monotonic()
        tasks.append(loop.create_task(tell(event)))
    await asyncio.gather(*tasks)
    wanted = {event.call.caller_name for event in counted or made}
    arrived: dict[str, float] = {}
    async with asyncio.timeout(_PATIENCE_S):
        while not wanted <= arrived.keys():
            async with session.get(f"http://127.0.0.1:{port}/stamps") as response:
                arrived |= orjson.loads(await response.read())
            await asyncio.sleep(0.05)
    return quantiles([arrived[name] - told[name] for name in wanted], n=100)[98]


async def _hang(session: aiohttp.ClientSession, port: int, hangs_s: float) -> None:
    async with session.get(f"http://127.0.0.1:{port}/hang/{hangs_s}") as response:
        await response.read()


async def _drained(engine: Engine) -> None:
    assert engine.queue is not None
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            states = (await engine.queue.stats()).states
            if not sum(states[state] for state in states if state not in ("done", "dead")):
                return
            await asyncio.sleep(0.1)


# --- The target ------------------------------------------------------------------------------------


@contextmanager
def _target(ports: int) -> Iterator[list[int]]:
    """
    On the last core, with this process kept on the first.
    """
    ours = os.sched_getaffinity(0)
    theirs = max(ours)
    os.sched_setaffinity(0, (ours - {theirs}) or ours)
    command = [sys.executable, "-m", "benchmarks.latency", str(theirs), str(ports)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield orjson.loads(server.stdout.readline())
    finally:
        server.communicate()  # closes its input
        os.sched_setaffinity(0, ours)


async def _serve(ports: int) -> None:
    stamps: dict[str, float] = {}
    hangs_s = 0.0

    async def take(request: web.Request) -> web.Response:
        at = monotonic()
        stamps[orjson.loads(await request.read())["name"]] = at
        transport = request.transport
        if hangs_s and transport is not None and transport.get_extra_info("sockname")[1] in late:
            await asyncio.sleep(hangs_s)
        return web.Response(body=b'{"id":"4711","status":"ok"}', content_type="application/json")

    async def told(_: web.Request) -> web.Response:
        body = orjson.dumps(stamps)
        stamps.clear()
        return web.Response(body=body)

    async def hang(request: web.Request) -> web.Response:
        nonlocal hangs_s
        hangs_s = float(request.match_info["s"])
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/api/calls", take), web.get("/stamps", told), web.get("/hang/{s}", hang)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    for _ in range(ports):
        await web.TCPSite(runner, "127.0.0.1", 0).start()
    found = [address[1] for address in runner.addresses]
    late = set(found[ports // 2 :])
    print(orjson.dumps(found).decode(), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[1])})
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(int(sys.argv[2])))
