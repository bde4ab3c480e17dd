"""
The delivery queue: durable throughput, and what a million waiting deliveries change.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.harness import Contender, Pace, compare, scratch
from webhook_engine.queue import AttemptRecord, Delivery, QueueSettings, SqliteQueue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.harness import Comparison

WAITING = 1_000_000

_CALL = {f"VARIABLE_{n}": f"a value of some length, number {n}" for n in range(12)}
_RECORD = AttemptRecord(
    outcome="ok", status=200, took_s=0.01, detail={"request": {"body": "x" * 400}, "response": "y" * 200}
)
_TURN = 2_000
"""Deliveries in one turn."""

_IN_FLIGHT = 64


def run(pace: Pace) -> Iterator[Comparison]:
    """
    Put, claimed, recorded; on an empty queue and on one with a million waiting, a tenth of that in a quick look.
    """
    waiting = WAITING if pace.rounds > 5 else WAITING // 10
    with asyncio.Runner() as runner:
        folder = scratch("queue")
        try:
            runner.run(_fill(folder / "full.db", waiting))
            yield _throughput(runner, folder, pace)
            yield _processes("opened and closed", "start", folder, "s")
            yield _processes("memory of a worker", "memory", folder, "B")
        finally:
            shutil.rmtree(folder)


def _throughput(runner: asyncio.Runner, folder: Path, pace: Pace) -> Comparison:
    """
    Whole lives of deliveries, each step acknowledged from the disk.
    """
    queues = {
        "empty queue": SqliteQueue(folder / "empty.db"),
        "full queue": SqliteQueue(folder / "full.db"),
    }
    for queue in queues.values():
        runner.run(queue.__aenter__())
    numbers = iter(range(10**9))

    def contender(name: str, queue: SqliteQueue) -> Contender:
        def turn() -> float:
            first = next(numbers) * _TURN
            start = perf_counter()
            runner.run(_lives(queue, first))
            return (perf_counter() - start) / _TURN

        return Contender(name, turn)

    try:
        return compare(
            "queue: put, claim, record", [contender(*each) for each in queues.items()], pace.slow()
        )
    finally:
        for queue in queues.values():
            runner.run(queue.close())


async def _lives(queue: SqliteQueue, first: int) -> None:
    """
    Events come in one by one, and as many deliveries go out.
    """
    left = _TURN

    async def put(lane: int) -> None:
        for number in range(first + lane, first + _TURN, _IN_FLIGHT):
            await queue.put([_delivery(f"{2 * WAITING + number:012}")])

    async def work() -> None:
        nonlocal left
        while left > 0:
            leases = await queue.claim(min(_IN_FLIGHT, left), lease_s=600, wait_s=0.05)
            left -= len(leases)
            await asyncio.gather(*(queue.done(lease, _RECORD) for lease in leases))

    await asyncio.gather(*(put(lane) for lane in range(_IN_FLIGHT)), work(), work())


async def _fill(path: Path, waiting: int) -> None:
    async with SqliteQueue(path, settings=QueueSettings(synchronous="NORMAL")) as queue:
        for first in range(0, waiting, 5_000):
            await queue.put([_delivery(f"{n:012}") for n in range(first, first + 5_000)])


def _delivery(event: str) -> Delivery:
    """
    Of an event whose id grows with time, as those of telephone systems do.
    """
    target = f"crm{hash(event) % 20}.example.com:443"
    return Delivery(event_id=event, webhook="CRM outcome", target=target, reference={"call": _CALL})


def _processes(name: str, what: str, folder: Path, unit: str) -> Comparison:
    """
    Fresh processes, so that nothing of another queue is in their memory.
    """

    def contender(label: str, file: str) -> Contender:
        command = (sys.executable, "-m", "benchmarks.queue", what, str(folder / file))
        return Contender(
            label, lambda: float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        )

    ways = [contender("empty queue", "empty.db"), contender("full queue", "full.db")]
    return compare(f"queue: {name}", ways, Pace(rounds=5, slice_s=0), unit=unit)


async def _start(path: Path) -> float:
    start = perf_counter()
    async with SqliteQueue(path):
        return perf_counter() - start


async def _memory(path: Path) -> float:
    """
    The most that the process ever had, after a thousand deliveries.
    """
    async with SqliteQueue(path) as queue:
        for _ in range(16):
            leases = await queue.claim(_IN_FLIGHT, lease_s=600)
            await asyncio.gather(*(queue.release(lease) for lease in leases))
        await queue.stats()
    return most_memory()


def most_memory() -> float:
    """
    Bytes that this process had in memory at the most.
    """
    # `ru_maxrss` also counts what the parent had when it began this process.
    status = Path("/proc/self/status").read_text()
    (line,) = [each for each in status.splitlines() if each.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024.0


if __name__ == "__main__":
    print(asyncio.run({"start": _start, "memory": _memory}[sys.argv[1]](Path(sys.argv[2]))))
