"""
The delivery queue on PostgreSQL beside procrastinate on the same server: put, claimed and recorded.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from time import perf_counter
from typing import TYPE_CHECKING

import procrastinate
from procrastinate.jobs import Job, Status

from benchmarks.harness import Contender, Pace, compare
from tests.servers.postgresql import PostgresqlServer
from webhook_engine.queue import AttemptRecord, Delivery, Ending, PostgresqlQueue, State

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from benchmarks.harness import Comparison

    Lives = Callable[[int], Awaitable[None]]

BATCH = 100
_BATCHES = 10
"""In one turn."""

_TOGETHER = 20
"""Connections of procrastinate: each takes and ends one job at a time, as its worker does."""

_CALL = {f"VARIABLE_{n}": f"a value of some length, number {n}" for n in range(12)}
_RECORD = AttemptRecord(outcome="ok", status=200, took_s=0.01, detail={"response": "y" * 200})


def run(pace: Pace) -> Iterator[Comparison]:
    """
    Whole lives of deliveries, in batches of 100, each step acknowledged from the disk.
    """
    with PostgresqlServer(waits_for_disk=True) as server, asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            theirs = runner.run(_procrastinate(stack, server.url()))
            ours = runner.run(_ours(stack, server.url()))
            ways = [_contender(runner, "procrastinate", theirs), _contender(runner, "webhook-engine", ours)]
            yield compare("queue on PostgreSQL: put, claim, record", ways, pace.slow())
        finally:
            runner.run(stack.aclose())


def _contender(runner: asyncio.Runner, name: str, lives: Lives) -> Contender:
    turns = iter(range(10**9))

    def turn() -> float:
        first = next(turns) * BATCH * _BATCHES
        start = perf_counter()
        runner.run(lives(first))
        return (perf_counter() - start) / (BATCH * _BATCHES)

    return Contender(name, turn)


async def _ours(stack: AsyncExitStack, url: str) -> Lives:
    queue = await stack.enter_async_context(PostgresqlQueue(url))

    async def lives(first: int) -> None:
        left = BATCH * _BATCHES

        async def put() -> None:
            for start in range(first, first + BATCH * _BATCHES, BATCH):
                await queue.put([_delivery(n) for n in range(start, start + BATCH)])

        async def work() -> None:
            nonlocal left
            while left > 0:
                leases = await queue.claim(BATCH, lease_s=600, wait_s=0.05)
                left -= len(leases)
                errors = await queue.settle([Ending(lease, State.DONE, _RECORD) for lease in leases])
                assert not any(errors)

        await asyncio.gather(put(), work(), work())

    return lives


def _delivery(number: int) -> Delivery:
    target = f"crm{number % 20}.example.com:443"
    return Delivery(event_id=f"{number:012}", webhook="CRM outcome", target=target, reference={"call": _CALL})


async def _procrastinate(stack: AsyncExitStack, url: str) -> Lives:
    connector = procrastinate.PsycopgConnector(conninfo=url, min_size=_TOGETHER, max_size=_TOGETHER)
    app = procrastinate.App(connector=connector)
    await stack.enter_async_context(app.open_async())
    await app.schema_manager.apply_schema_async()
    manager = app.job_manager
    worker = await manager.register_worker()

    async def lives(first: int) -> None:
        left = BATCH * _BATCHES

        async def put() -> None:
            for start in range(first, first + BATCH * _BATCHES, BATCH):
                await manager.batch_defer_jobs_async([_job(n) for n in range(start, start + BATCH)])

        async def work() -> None:
            nonlocal left
            while left > 0:
                job = await manager.fetch_job(queues=None, worker_id=worker)
                if job is None:
                    await asyncio.sleep(0.002)
                    continue
                left -= 1
                await manager.finish_job(job, status=Status.SUCCEEDED, delete_job=False)

        await asyncio.gather(put(), *(work() for _ in range(_TOGETHER - 1)))

    return lives


def _job(number: int) -> Job:
    return Job(
        id=None,
        queue=f"crm{number % 20}.example.com:443",
        lock=None,
        queueing_lock=None,
        task_name="CRM outcome",
        task_kwargs={"event": f"{number:012}", "call": _CALL},
    )
