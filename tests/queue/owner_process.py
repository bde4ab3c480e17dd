"""
A worker in a process of its own, to be killed: `python owner_process.py FILE FIRST [hang|poison]`.

It puts event after event and works them off, and writes down what it was promised:
`+ID` when a put was acknowledged, `>ID` before a delivery is sent, `-ID` when it was done.

What is called *hang…* hangs, and what is called *poison* kills it, where that is asked for.
"""

import asyncio
import os
import signal
import sys

from webhook_engine.queue import AttemptRecord, Delivery, Order, QueueSettings, SqliteQueue


def say(word):
    # Straight to the kernel: what is said survives the kill.
    os.write(1, f"{word}\n".encode())


async def put(queue, first):
    number = first
    while True:
        batch = [
            Delivery(
                event_id=f"e{n}", webhook="w", target=f"t{n % 7}", call=f"c{n % 11}", order=list(Order)[n % 3]
            )
            for n in range(number, number + 5)
        ]
        number += 5
        await queue.put(batch)
        say("\n".join(f"+{each.event_id}" for each in batch))


async def work(queue, room=None):
    while True:
        for lease in await queue.claim(8, lease_s=30, wait_s=30, room=room):
            say(f">{lease.event_id}")
            await asyncio.sleep(0)
            if lease.event_id == "poison":
                os.kill(os.getpid(), signal.SIGKILL)
            if lease.attempt == 1 and lease.event_id.endswith("3"):
                await queue.retry(lease, AttemptRecord(outcome="target-failed"), wait_s=0.01)
            else:
                await queue.done(lease, AttemptRecord(outcome="ok", detail={"event": lease.event_id}))
                say(f"-{lease.event_id}")


async def hang(queue):
    while await queue.claim(8, lease_s=30, wait_s=30, room={"hangs": 8}, per_target=0):
        pass


async def main(path, first, cruel=""):
    # Killed as often as here, a delivery that was in flight each time is no poison.
    settings = None if cruel else QueueSettings(poison_after=1_000, suspect_s=0.1)
    async with SqliteQueue(path, settings=settings) as queue:
        say("open")
        room = {"hangs": 0}
        workers = [work(queue, room) for _ in range(6)]
        if cruel == "hang":
            workers.append(hang(queue))
        await asyncio.gather(*(put(queue, first + 1_000_000 * n) for n in range(3)), *workers)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
