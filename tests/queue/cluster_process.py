"""
One of several workers, to be killed: `python cluster_process.py URL FIRST COUNT [calm|hold]`.

It puts COUNT events from FIRST on and works off what it gets, whoever put it, and writes down what it was
promised: `+ID` when a put was acknowledged, `>ID` before a delivery is sent, `-ID` when it was done. With `calm`
no lease ends while it works, however busy the machine is; with `hold` it claims and keeps what it has until it is
killed. It ends by itself when its standard input does.
"""

import asyncio
import os
import sys

from webhook_engine.errors import LeaseLost, QueueUnavailable
from webhook_engine.queue import AttemptRecord, Delivery, Order, PostgresqlQueue, PostgresqlSettings

OK = AttemptRecord(outcome="ok")
LEASE_S = 2.0


def say(word):
    # Straight to the kernel: what is said survives the kill.
    os.write(1, f"{word}\n".encode())


def events(first, count):
    return [
        Delivery(
            event_id=f"e{n}",
            webhook="w",
            target=f"t{n % 7}",
            call=f"c{n // 6}",
            order=list(Order)[n % 3],
            hold_s=600,
        )
        for n in range(first, first + count)
    ]


async def put(queue, first, count):
    for start in range(first, first + count, 5):
        batch = events(start, min(5, first + count - start))
        while True:
            try:
                await queue.put(batch)
                break
            except QueueUnavailable:
                await asyncio.sleep(0.1)
        say("\n".join(f"+{each.event_id}" for each in batch))
        await asyncio.sleep(0.005)  # the others want the processor, too


async def work(queue, lease_s):
    while True:
        try:
            leases = await queue.claim(8, lease_s=lease_s, wait_s=1)
        except QueueUnavailable:
            await asyncio.sleep(0.1)
            continue
        for lease in leases:
            say(f">{lease.event_id}")
        for lease in leases:
            try:
                if lease.attempt == 1 and lease.event_id.endswith("3"):
                    await queue.retry(lease, AttemptRecord(outcome="target-failed"), wait_s=0.01)
                else:
                    await queue.done(lease, OK)
                    say(f"-{lease.event_id}")
            except LeaseLost:
                say(f"?{lease.event_id}")


async def hold(queue):
    for lease in await queue.claim(8, lease_s=LEASE_S, wait_s=30):
        say(f">{lease.event_id}")
    await asyncio.sleep(600)


async def main(url, first, count, how="work"):
    settings = PostgresqlSettings(poison_after=1_000, suspect_s=0.1)
    async with PostgresqlQueue(url, settings=settings) as queue:
        say("open")
        doing = (
            [hold(queue)]
            if how == "hold"
            else [work(queue, 60 if how == "calm" else LEASE_S) for _ in range(3)]
        )
        tasks = [asyncio.ensure_future(each) for each in (put(queue, first, count), *doing)]
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        for task in tasks:
            task.cancel()
        for end in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(end, Exception):
                raise end


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]))
