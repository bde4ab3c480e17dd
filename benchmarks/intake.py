"""
Events over HTTP in batches of a hundred, acknowledged when they are on the disk, beside the queue alone.

`python -m benchmarks.intake PORT CORE` is the dialer: it posts what it is told to on its input.
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
from typing import TYPE_CHECKING

import aiohttp
import orjson
import uvloop
from aiohttp import web

from benchmarks.durable import BATCH, DEFINITIONS, events
from benchmarks.harness import Contender, compare, scratch
from webhook_engine.definitions import read_text
from webhook_engine.engine import Engine
from webhook_engine.process.memory import Settled
from webhook_engine.queue import SqliteQueue
from webhook_engine.service import GivenKeys, make_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.harness import Comparison, Pace
    from webhook_engine.queue import Delivery

_SENDERS = 8
_KEY = "a-key-for-everything"


def run(pace: Pace) -> Iterator[Comparison]:
    """
    The same deliveries put into a queue by this process, and made of events that another one posts.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        folder = scratch("intake")
        opened = AsyncExitStack()
        try:
            engine, queue, port = runner.run(_open(opened, folder))
            Settled().settle()  # as the worker does once it is open
            with _dialer(port) as dialer:
                size = max(int(pace.slice_s * 40_000) // BATCH * BATCH, 10 * BATCH)
                numbers = count(0, size)

                def put() -> float:
                    made = runner.run(_made(engine, next(numbers), size))
                    start = pace.clock()
                    runner.run(_put(queue, made))
                    return (pace.clock() - start) / size

                def post() -> float:
                    runner.run(_told(dialer, f"{next(numbers)} {size}"))
                    start = pace.clock()
                    runner.run(_told(dialer, "go"))
                    return (pace.clock() - start) / size

                ways = [Contender("queue alone", put), Contender("events over HTTP", post)]
                yield compare("intake: events in batches of 100", ways, pace)
        finally:
            runner.run(opened.aclose())
            shutil.rmtree(folder)


async def _open(opened: AsyncExitStack, folder: Path) -> tuple[Engine, SqliteQueue, int]:
    definitions = read_text(DEFINITIONS.replace("{port}", "9"))
    engine = await opened.enter_async_context(Engine(definitions, queue=folder / "engine.db"))
    # What is asked here is how fast events come in: nothing is sent meanwhile.
    await engine.stop()
    queue = await opened.enter_async_context(SqliteQueue(folder / "alone.db"))
    app = web.AppRunner(make_app(engine, keys=GivenKeys({_KEY: ()})), access_log=None)
    await app.setup()
    opened.push_async_callback(app.cleanup)
    site = web.TCPSite(app, "127.0.0.1", 0)
    await site.start()
    return engine, queue, app.addresses[0][1]


async def _made(engine: Engine, first: int, size: int) -> list[list[Delivery]]:
    made = events(range(first, first + size))
    taken = _Taken()
    deliveries = await engine._made.put([(event, engine.match(event).starts) for event in made], taken)  # type: ignore[arg-type]  # it only takes
    flat = [delivery for each in deliveries for delivery in each]
    return [flat[start : start + BATCH] for start in range(0, size, BATCH)]


class _Taken:
    """
    A queue that forgets.
    """

    async def keep(self, name: str, document: str) -> None: ...

    async def put(self, deliveries: list[Delivery]) -> list[str]:
        return ["duplicate"] * len(deliveries)


async def _put(queue: SqliteQueue, batches: list[list[Delivery]]) -> None:
    each = iter(batches)

    async def put() -> None:
        for batch in each:
            await queue.put(batch)

    await asyncio.gather(*(put() for _ in range(_SENDERS)))


# --- The dialer ------------------------------------------------------------------------------------


@contextmanager
def _dialer(port: int) -> Iterator[subprocess.Popen[str]]:
    """
    A process on the last core, with this one kept on the first.
    """
    ours = os.sched_getaffinity(0)
    theirs = max(ours)
    os.sched_setaffinity(0, (ours - {theirs}) or ours)
    command = [sys.executable, "-m", "benchmarks.intake", str(port), str(theirs)]
    dialer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield dialer
    finally:
        dialer.communicate()  # closes its input
        os.sched_setaffinity(0, ours)


async def _told(dialer: subprocess.Popen[str], line: str) -> None:
    print(line, file=dialer.stdin, flush=True)
    assert dialer.stdout is not None
    assert await asyncio.get_running_loop().run_in_executor(None, dialer.stdout.readline) == "done\n"


async def _dial(port: int) -> None:
    headers = {"Authorization": f"Bearer {_KEY}", "Content-Type": "application/json"}
    bodies: list[bytes] = []
    async with aiohttp.ClientSession(headers=headers) as session:

        async def post(each: Iterator[bytes]) -> None:
            for body in each:
                async with session.post(f"http://127.0.0.1:{port}/v1/events", data=body) as response:
                    assert response.status == 202, await response.text()
                    await response.read()

        while line := await asyncio.to_thread(sys.stdin.readline):
            if line == "go\n":
                each = iter(bodies)
                await asyncio.gather(*(post(each) for _ in range(_SENDERS)))
            else:
                first, size = map(int, line.split())
                told = [event.to_json() for event in events(range(first, first + size))]
                bodies = [orjson.dumps(told[start : start + BATCH]) for start in range(0, size, BATCH)]
            print("done", flush=True)


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[2])})
    asyncio.run(_dial(int(sys.argv[1])))
