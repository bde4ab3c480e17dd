"""
The whole worker with a million deliveries waiting for a target that is down, beside one without.

`python -m benchmarks.waiting start|memory|throughput FILE PORT` is one of them, in a process of its own.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import uvloop

from benchmarks.durable import BATCH, DEFINITIONS, _done, _recorded, events
from benchmarks.harness import Contender, Pace, compare, scratch
from benchmarks.queue import WAITING, most_memory
from benchmarks.target import serving
from webhook_engine.definitions import read_text
from webhook_engine.engine import Engine
from webhook_engine.queue import QueueSettings, SqliteQueue
from webhook_engine.variables import CallEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.harness import Comparison
    from webhook_engine.definitions import Definitions

_MADE = 4_000
"""Deliveries made in one turn."""

_HEAD, _, _REST = DEFINITIONS.partition("[[webhook]]")
_WEBHOOK, _, _RULE = _REST.partition("[[rule]]")
_DOWN = f"[[webhook]]{_WEBHOOK}[[rule]]{_RULE}"
for _old, _new in (("Log the call", "Log where nobody is"), ("{port}", "9"), ("Log every call", "To nobody")):
    _DOWN = _DOWN.replace(_old, _new)
_DOWN = _DOWN.replace('["disposed"]', '["ended"]')


def run(pace: Pace) -> Iterator[Comparison]:
    """
    A tenth of the million in a quick look.
    """
    waiting = WAITING if pace.rounds > 5 else WAITING // 10
    folder = scratch("waiting")
    try:
        with serving() as port, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_fill(folder / "full.db", waiting, port))
            yield _processes("event to recorded POST", "throughput", folder, port, "s")
            yield _processes("opened, and the first event through", "start", folder, port, "s")
            yield _processes("memory", "memory", folder, port, "B")
    finally:
        shutil.rmtree(folder)


def _definitions(port: int) -> Definitions:
    return read_text(DEFINITIONS.replace("{port}", str(port)) + _DOWN)


async def _fill(path: Path, waiting: int, port: int) -> None:
    async with SqliteQueue(path, settings=QueueSettings(synchronous="NORMAL")) as queue:
        # It is not entered, so nothing is sent.
        engine = Engine(_definitions(port), queue=queue)
        for first in range(10**9, 10**9 + waiting, 5_000):
            made = events(range(first, first + 5_000))
            await engine.notify_all([CallEvent("ended", each.call, id=each.id) for each in made])  # type: ignore[arg-type]  # as a program writes it


def _processes(name: str, what: str, folder: Path, port: int, unit: str) -> Comparison:
    def contender(label: str, file: str) -> Contender:
        command = (sys.executable, "-m", "benchmarks.waiting", what, str(folder / file), str(port))
        return Contender(
            label, lambda: float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        )

    ways = [contender("nothing waiting", "empty.db"), contender("1,000,000 waiting", "full.db")]
    return compare(f"waiting: {name}", ways, Pace(rounds=5, slice_s=0), unit=unit)


async def _start(path: Path, port: int) -> float:
    definitions = _definitions(port)
    start = perf_counter()
    async with Engine(definitions, queue=path) as engine:
        await engine.notify(events([_fresh()])[0])
        await _recorded(engine, 1)
        return perf_counter() - start


async def _throughput(path: Path, port: int) -> float:
    async with Engine(_definitions(port), queue=path) as engine:
        made = events(range(_fresh(), _fresh() + _MADE))
        await engine.notify_all(made[:BATCH])
        await _recorded(engine, BATCH)
        start, before = perf_counter(), _done(engine)
        for first in range(BATCH, _MADE, BATCH):
            await engine.notify_all(made[first : first + BATCH])
        await _recorded(engine, before + _MADE - BATCH)
        return (perf_counter() - start) / (_MADE - BATCH)


async def _memory(path: Path, port: int) -> float:
    await _throughput(path, port)
    return most_memory()


def _fresh() -> int:
    """
    A number that no turn before had.
    """
    return int(perf_counter() * 10) * _MADE


if __name__ == "__main__":
    _WORK = {"start": _start, "memory": _memory, "throughput": _throughput}[sys.argv[1]]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as _runner:
        print(_runner.run(_WORK(Path(sys.argv[2]), int(sys.argv[3]))))
