"""
Real processes: a worker on PostgreSQL beside the same worker on a file, and two workers beside one.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import shutil
import time
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import TYPE_CHECKING

from aiohttp import web

from benchmarks.harness import Contender, Pace, compare, scratch
from tests.cluster.workers import Cluster
from tests.faults.process import Process, event
from tests.servers.postgresql import PostgresqlServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.sharedctypes import Synchronized
    from pathlib import Path

    from benchmarks.harness import Comparison

BATCH = 100
_PATIENCE_S = 120.0

SLOW_S = 0.05
IN_FLIGHT = 20
"""Of each worker at the slow target: far from what a core can do, so that the target's time is what counts."""

DEFINITIONS = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

[[group]]
name = "CRM"
max_in_flight = IN_FLIGHT

[[webhook]]
name = "Report"
group = "CRM"
type = "ajax-post"
url = "{target}/calls/{{CALL_SIPID}}"
content_type = "json"
delivery = "durable"
deadline_s = {deadline_s}
body = '''{{"notes": "{{CALL_NOTES}}"}}'''

[[rule]]
name = "Report every call"
on = ["disposed"]
webhooks = ["Report"]
"""


class Target:
    """
    A target system in a process of its own, that counts what it was sent.
    """

    def __init__(self, url: str, count: Synchronized[int]) -> None:
        self.url = url
        self._count = count

    @property
    def count(self) -> int:
        return self._count.value


@contextmanager
def answering(after_s: float) -> Iterator[Target]:
    """
    A target that answers after so many seconds.
    """
    method = multiprocessing.get_context("spawn")
    port, seen = method.Value("i", 0), method.Value("i", 0)
    process = method.Process(target=_serve, args=(port, seen, after_s), daemon=True)
    process.start()
    try:
        until = time.monotonic() + _PATIENCE_S
        while not port.value:
            assert time.monotonic() < until
            time.sleep(0.01)
        yield Target(f"http://127.0.0.1:{port.value}", seen)
    finally:
        process.terminate()
        process.join()


def _serve(port: Synchronized[int], seen: Synchronized[int], after_s: float) -> None:
    async def take(request: web.Request) -> web.Response:
        await request.read()
        if after_s:
            await asyncio.sleep(after_s)
        seen.value += 1
        return web.json_response({})

    async def serve() -> None:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port.value = runner.addresses[0][1]
        await asyncio.Event().wait()

    asyncio.run(serve())


def run(pace: Pace) -> Iterator[Comparison]:
    """
    From events over HTTP to the last request at the target, wall time: what others use of the machine counts.
    """
    numbers = count()
    folder = scratch("cluster")
    try:
        with PostgresqlServer(waits_for_disk=True) as server:
            with answering(0.0) as target, ExitStack() as stack:
                made = DEFINITIONS.replace("IN_FLIGHT", "10")
                own = stack.enter_context(_embedded(folder / "embedded", target, made))
                (one,) = stack.enter_context(_workers(folder / "one", server, target, made, "one"))
                yield compare(
                    "cluster: event to request, one worker",
                    [
                        _contender("on SQLite", [own], target, numbers, 1_000),
                        _contender("on PostgreSQL", [one], target, numbers, 1_000),
                    ],
                    pace.slow(),
                )
            with answering(SLOW_S) as target, ExitStack() as stack:
                made = DEFINITIONS.replace("IN_FLIGHT", str(IN_FLIGHT))
                (one,) = stack.enter_context(_workers(folder / "first", server, target, made, "one"))
                two = stack.enter_context(_workers(folder / "second", server, target, made, "one", "other"))
                yield compare(
                    "cluster: a target that takes 50 ms",
                    [
                        _contender("one worker", [one], target, numbers, 800),
                        _contender("two workers", two, target, numbers, 800),
                    ],
                    pace.slow(),
                )
    finally:
        shutil.rmtree(folder)


@contextmanager
def _embedded(folder: Path, target: Target, definitions: str) -> Iterator[Process]:
    folder.mkdir()
    (folder / "integration.toml").write_text(definitions.format(target=target.url, deadline_s=5))
    with Process(folder, definitions_at="integration.toml") as process:
        yield process


@contextmanager
def _workers(
    folder: Path, server: PostgresqlServer, target: Target, definitions: str, *names: str
) -> Iterator[Sequence[Process]]:
    folder.mkdir()
    with Cluster(folder, server.make_schema(), target, deadline_s=5, definitions=definitions) as cluster:
        yield cluster.start(*names)


def _contender(
    name: str, workers: Sequence[Process], target: Target, numbers: Iterator[int], events: int
) -> Contender:
    turn = _turn(workers, target, numbers, events)
    turn()  # connections are open from here on
    return Contender(name, turn)


def _turn(
    workers: Sequence[Process], target: Target, numbers: Iterator[int], events: int
) -> Callable[[], float]:
    def turn() -> float:
        wanted = target.count + events
        batches = [[event(f"b{next(numbers)}") for _ in range(BATCH)] for _ in range(events // BATCH)]
        start = time.perf_counter()
        for place, batch in enumerate(batches):
            workers[place % len(workers)].send(*batch)
        until = time.monotonic() + _PATIENCE_S
        while target.count < wanted:
            assert time.monotonic() < until, f"{wanted - target.count} of {events} did not arrive"
            time.sleep(0.002)
        return (time.perf_counter() - start) / events

    return turn
