"""
A model of 10, 100 and 1,000 workers on one PostgreSQL: what they carry, and what breaks first.

    python -m benchmarks.scale_model             the model, with the parts as they were measured
    python -m benchmarks.scale_model --measure   measures the parts here, by processor time, and goes on with them

It simulates half a minute in steps of ten milliseconds: events come by chance, each becomes a delivery, and a share of
them shows agents something. Whatever has no processor left waits. The rate that is told is the highest at which nothing
waits longer at the end than a second.

Assumed, beyond the measured parts: targets, disks and the network are not the limit; a process has one core, and the
database's machine as many as is said; events come to the processes evenly; a process with more than it can do rings, as
often as `doorbell` lets it, and wakes one other that looks, and that one wakes one more; the server signals every
session that listens at each bell; every process takes every step of a screen. `--every-bell` tells what it would be
were every process woken for every event.
Cells have a database and workers each, and so a line of the table for themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from benchmarks.cluster import BATCH, DEFINITIONS, answering
from tests.cluster.workers import Cluster
from tests.faults.process import event, until
from tests.servers.postgresql import PostgresqlServer
from webhook_engine.queue.postgresql.doorbell import _BETWEEN_PEERS_S

if TYPE_CHECKING:
    from collections.abc import Callable

TICK_S = 0.01
SECONDS = 30
SHOWN = 0.3
"""Of all events, those that show an agent something, where there are agents at all."""

MEMORY_OF_A_CONNECTION = 8 * 2**20
"""Bytes, with the statements that it has prepared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """
    Processor time of single steps, in seconds.
    """

    worker_s: float = 0.0005
    """Of a worker, for an event that becomes a delivery, from HTTP to its recorded end."""

    server_s: float = 0.00013
    """Of PostgreSQL, for the same."""

    look_s: float = 0.00016
    """Of PostgreSQL, when one more process is woken and looks."""

    signal_s: float = 0.00003
    """Of PostgreSQL, for each session that listens, at each bell."""

    rings_all: bool = False
    """Whether each event wakes all."""

    step_s: float = 0.001
    """Of each process, when one of them shows an agent something."""

    idle_s: float = 0.002
    """Of PostgreSQL in every second, for a process that has nothing to do."""

    divide_s: float = 0.0006
    """Of PostgreSQL in every second, for a process that asks for its part of a target."""

    connections: int = 10
    """Of a process that works."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """
    What so many workers carry.
    """

    workers: int
    rate: float
    """Events a second."""

    first: str
    """What has no more room at that rate."""

    used: dict[str, float]
    """Resource -> share of it that is in use."""


def simulated(
    rate: float, workers: int, cores: int, parts: Parts, *, share: float, seed: int = 1
) -> tuple[float, dict[str, float]]:
    """
    Returns:
        How many seconds of work wait at the end where most waits, and how much of each resource was used.
    """
    chance = random.Random(seed)
    room = {"database": cores * TICK_S, "each worker": TICK_S}
    waits = dict.fromkeys(room, 0.0)
    used = dict.fromkeys(room, 0.0)
    ticks = int(SECONDS / TICK_S)
    for _ in range(ticks):
        events = _poisson(chance, rate * TICK_S)
        shown = events * share
        steady = workers * (parts.idle_s + parts.divide_s) * TICK_S
        work = {
            "database": events * parts.server_s
            + steady
            + _bells(events, workers, parts, is_busy=waits["each worker"] > 0),
            # What all take is taken by each, beside its own share.
            "each worker": shown * parts.step_s + events / workers * parts.worker_s,
        }
        for name, more in work.items():
            todo = waits[name] + more
            done = min(todo, room[name])
            used[name] += done
            waits[name] = todo - done
    worst = max(waits[name] / (room[name] / TICK_S) for name in room)
    return worst, {name: used[name] / (room[name] * ticks) for name in room}


def _bells(events: int, workers: int, parts: Parts, *, is_busy: bool) -> float:
    """
    What bells cost the database in one step.
    """
    if parts.rings_all:
        return workers * (parts.look_s + parts.signal_s) if events else 0.0
    if not is_busy:
        return 0.0  # whoever took the event performs it
    between_s = max(TICK_S, _BETWEEN_PEERS_S * workers**2)
    rings = min(events, workers) * TICK_S / between_s
    return rings * (workers * parts.signal_s + 2 * parts.look_s)


def carried(workers: int, cores: int, parts: Parts, *, share: float) -> Carried:
    """
    The highest rate that is kept up.
    """
    low, high = 0.0, 2.0 * workers / parts.worker_s
    for _ in range(18):
        middle = (low + high) / 2
        waits_s, _ = simulated(middle, workers, cores, parts, share=share)
        low, high = (middle, high) if waits_s < 1 else (low, middle)
    _, used = simulated(low, workers, cores, parts, share=share)
    return Carried(workers=workers, rate=low, first=max(used, key=lambda name: used[name]), used=used)


def _poisson(chance: random.Random, mean: float) -> int:
    if mean > 50:
        return max(0, round(chance.gauss(mean, mean**0.5)))
    total, count = chance.expovariate(1.0), 0
    while total < mean:
        total += chance.expovariate(1.0)
        count += 1
    return count


def table(parts: Parts, cores: int) -> str:
    """
    The model's results, as they stand in docs/scale.md.
    """
    lines = [
        "| workers | connections | their memory | events a second | used up first | with screens | used up first |",
        "|---|---|---|---|---|---|---|",
    ]
    for workers in (10, 100, 1_000):
        connections = workers * parts.connections
        memory = connections * MEMORY_OF_A_CONNECTION / 2**30
        cells = [f"{workers:,}", f"{connections:,}", f"{memory:.0f} GiB"]
        for share in (0.0, SHOWN):
            found = carried(workers, cores, parts, share=share)
            cells += [f"{found.rate:,.0f}", f"{found.first}, {found.used[found.first]:.0%}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


# --- Measuring ---------------------------------------------------------------------------------------

_TICKS = os.sysconf("SC_CLK_TCK")
_SHOWING = """
[[webhook]]
name = "Page"
type = "browser-window"
url = "{target}/page/{{CALL_SIPID}}"

[[rule]]
name = "Show every call"
on = ["ringing"]
webhooks = ["Page"]
"""


def measured() -> Parts:
    """
    The parts, on this machine: three workers on a server whose commits are not waited for.
    """
    definitions = DEFINITIONS.replace("IN_FLIGHT", "20") + _SHOWING
    with (
        tempfile.TemporaryDirectory() as folder,
        PostgresqlServer() as server,
        answering(0.0) as target,
        Cluster(Path(folder), server.make_schema(), target, deadline_s=5, definitions=definitions) as cluster,
    ):
        (one,) = cluster.start("one")
        postmaster = int((server.data / "postmaster.pid").read_text().split()[0])

        def deliver(first: int, most: int) -> Callable[[], None]:
            def work() -> None:
                wanted = target.count + most
                for start in range(first, first + most, BATCH):
                    one.send(*(event(f"m{n}") for n in range(start, start + BATCH)))
                until(lambda: target.count >= wanted)

            return work

        deliver(0, 500)()
        worker_s, alone_s = _spent(deliver(1_000, 3_000), [one.pid], _family(postmaster))
        connections = asyncio.run(_connections(server.url()))
        cluster.start("two", "three")
        time.sleep(2)
        _, idle_s = _spent(lambda: time.sleep(5), [one.pid], _family(postmaster))
        began = time.monotonic()
        _, three_s = _spent(deliver(5_000, 3_000), [one.pid], _family(postmaster))
        looks = (time.monotonic() - began) / TICK_S

        def show() -> None:
            for n in range(500):
                one.send(event(f"s{n}", "ringing"))

        others = [each.pid for each in cluster._workers[1:]]
        step_s, _ = _spent(show, others, [])
    return replace(
        Parts(),
        worker_s=worker_s / 3_000,
        server_s=alone_s / 3_000,
        look_s=max(0.0, three_s - alone_s - idle_s / 5 * looks * TICK_S) / 2 / looks,
        step_s=step_s / 500 / len(others),
        idle_s=idle_s / 5 / 3,
        connections=connections,
    )


def _spent(work: Callable[[], None], ours: list[int], theirs: list[int]) -> tuple[float, float]:
    """
    Processor seconds that two groups of processes spent meanwhile.
    """
    before = sum(map(_seconds, ours)), sum(map(_seconds, theirs))
    work()
    return sum(map(_seconds, ours)) - before[0], sum(map(_seconds, theirs)) - before[1]


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


async def _connections(url: str) -> int:
    database = await asyncpg.connect(url)
    try:
        names = "application_name LIKE 'webhook-engine%'"
        return int(await database.fetchval(f"SELECT count(*) FROM pg_stat_activity WHERE {names}"))
    finally:
        await database.close()


def main() -> None:
    """
    Prints the parts and the table.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale_model", description=__doc__.partition("\n\n")[0]
    )
    parser.add_argument("--measure", action="store_true", help="measure the parts here first")
    parser.add_argument("--cores", type=int, default=16, help="of the database's machine")
    parser.add_argument("--every-bell", action="store_true", help="as if each event woke every process")
    options = parser.parse_args()
    parts = replace(measured() if options.measure else Parts(), rings_all=options.every_bell)
    print(
        f"{parts}\n\nThe database has {options.cores} cores; with screens, {SHOWN:.0%} of the events show something.\n"
    )
    print(table(parts, options.cores))


if __name__ == "__main__":
    main()
