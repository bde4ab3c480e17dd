"""
A queue with a great many deliveries in it is as light as an empty one.
"""

import os
import subprocess
import sys

from webhook_engine.queue import Delivery, QueueSettings, SqliteQueue

WAITING = int(os.environ.get("WEBHOOK_ENGINE_QUEUE_WAITING", "20000"))
"""Deliveries that wait; a soak sets a million."""

WORKER = """
import asyncio, resource, sys, time
from webhook_engine.queue import SqliteQueue

async def main():
    start = time.process_time()
    async with SqliteQueue(sys.argv[1]) as queue:
        opened_s = time.process_time() - start
        for _ in range(10):
            for lease in await queue.claim(64, lease_s=600):
                await queue.release(lease)
        await queue.stats()
        await queue.list(limit=100)
    print(opened_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)

asyncio.run(main())
"""


async def fill(path, count):
    settings = QueueSettings(synchronous="NORMAL")
    async with SqliteQueue(path, settings=settings) as queue:
        for first in range(0, count, 5_000):
            await queue.put(
                [
                    Delivery(
                        event_id=f"e{n}", webhook="w", target=f"t{n % 9}", reference={"notes": "x" * 300}
                    )
                    for n in range(first, min(first + 5_000, count))
                ]
            )


def worker(path):
    """
    A fresh process: seconds of the processor to open the queue, and the most MiB it ever had.
    """
    told = subprocess.run(
        [sys.executable, "-c", WORKER, str(path)], check=True, capture_output=True, text=True
    )
    opened_s, mebibytes = map(float, told.stdout.split())
    return opened_s, mebibytes


async def test_what_waits_costs_no_memory_and_no_start(tmp_path):
    """
    Within 64 MiB and one second of the processor of a worker that has a thousand.
    """
    await fill(tmp_path / "few.db", 1_000)
    await fill(tmp_path / "many.db", WAITING)

    few_s, few = worker(tmp_path / "few.db")
    many_s, many = worker(tmp_path / "many.db")

    assert many_s < few_s + 1
    assert many < few + 64
