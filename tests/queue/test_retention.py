"""
What is over goes in time; what is not over never does.
"""

import asyncio

import apsw
import pytest

from webhook_engine.errors import NotFound
from webhook_engine.queue import AttemptRecord, Delivery, QueueSettings, Receipt, SqliteQueue, State

OK = AttemptRecord(outcome="ok", detail={"response": "x" * 1_000})

PATIENCE_S = 60.0
"""How long a test waits for what must come; only a failure takes so long."""


async def finish(queue, count, *, first=0, dead=False):
    """
    So many deliveries, put and ended; their ids.
    """
    await queue.put([Delivery(event_id=f"e{first + n}", webhook="w", target="t") for n in range(count)])
    leases = await queue.claim(count, lease_s=60)
    for lease in leases:
        if not dead:
            await queue.retry(lease, OK, wait_s=0)
    if not dead:
        leases = await queue.claim(count, lease_s=60)
    ends = (queue.dead(each, OK, reason="gone") if dead else queue.done(each, OK) for each in leases)
    await asyncio.gather(*ends)
    return [lease.id for lease in leases]


async def eventually(queue, state, count):
    async with asyncio.timeout(PATIENCE_S):
        while (await queue.stats()).states[state] > count:
            await asyncio.sleep(0.05)


async def test_what_was_done_is_forgotten_when_it_is_old(tmp_path):
    """
    With its attempts, in more than one chunk; what is dead has its own time, and what waits stays.
    """
    settings = QueueSettings(keep_done_s=0.5, keep_dead_s=None)
    async with SqliteQueue(tmp_path / "q.db", settings=settings) as queue:
        done = await finish(queue, 600)
        dead = await finish(queue, 3, first=1_000, dead=True)
        await queue.put([Delivery(event_id="waits", webhook="w", target="t")])

        await eventually(queue, State.DONE, 0)

        with pytest.raises(NotFound):
            await queue.show(done[0])
        assert (await queue.show(dead[0])).records
        states = (await queue.stats()).states
        assert (states[State.DEAD], states[State.READY]) == (3, 1)
        assert await queue.put([Delivery(event_id="e0", webhook="w", target="t")]) == (Receipt.ACCEPTED,)
    db = apsw.Connection(str(tmp_path / "q.db"))
    assert db.execute("SELECT count(*) FROM attempt").get == 3
    db.close()


async def test_too_much_is_forgotten_from_its_oldest_end(tmp_path):
    """
    Beyond the bytes to keep the oldest go whatever their age, and the disk gets its room back.
    """
    settings = QueueSettings(keep_bytes=1_000_000)
    async with SqliteQueue(tmp_path / "q.db", settings=settings) as queue:
        first = await finish(queue, 500)
        last = await finish(queue, 100, first=500)
        await asyncio.sleep(0)

        await eventually(queue, State.DONE, 599)
        async with asyncio.timeout(PATIENCE_S):
            while (await queue.stats()).file_bytes > 3_500_000:
                await asyncio.sleep(0.05)

        with pytest.raises(NotFound):
            await queue.show(first[0])
        assert await queue.show(last[-1])


async def test_what_waits_is_never_too_much(tmp_path):
    """
    Retention takes no delivery that is not over.
    """
    settings = QueueSettings(keep_bytes=1, keep_done_s=0, keep_dead_s=0)
    async with SqliteQueue(tmp_path / "q.db", settings=settings) as queue:
        await queue.put([Delivery(event_id=f"e{n}", webhook="w", target="t") for n in range(50)])
        await asyncio.sleep(1.5)

        assert len(await queue.claim(100, lease_s=60)) == 50
