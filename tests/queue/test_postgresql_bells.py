"""
A bell wakes one process that can take something, and never all of them.
"""

import asyncio
from contextlib import AsyncExitStack

import pytest

from webhook_engine.queue import AttemptRecord, Delivery, Ending, PostgresqlQueue, PostgresqlSettings, State
from webhook_engine.queue.postgresql.desk import Desk
from webhook_engine.queue.postgresql.doorbell import Doorbell

OK = AttemptRecord(outcome="ok")
LONG_S, PATIENCE_S = 60, 20
NEVER_POLLS = PostgresqlSettings(poll_s=60)


@pytest.fixture
async def queues(url):
    async with AsyncExitStack() as opened:
        made = [PostgresqlQueue(url, settings=NEVER_POLLS, worker=f"w{n}") for n in range(6)]
        for queue in made:
            await opened.enter_async_context(queue)
        yield made


@pytest.fixture
def looks(monkeypatch):
    """
    The holders that looked for something, each time that one did.
    """
    seen = []
    claim = Desk._claim

    async def noted(self, *arguments):
        seen.append(self._holder)
        return await claim(self, *arguments)

    monkeypatch.setattr(Desk, "_claim", noted)
    return seen


@pytest.fixture
def rung(monkeypatch):
    """
    Who rang.
    """
    seen = []
    ring = Doorbell.ring

    def noted(self):
        seen.append(self._me)
        ring(self)

    monkeypatch.setattr(Doorbell, "ring", noted)
    return seen


def put(queue, count, *, start=0):
    return queue.put(
        [Delivery(event_id=f"e{n}", webhook="w", target="t") for n in range(start, start + count)]
    )


async def waiting(queues, limit=1):
    """
    Claims that wait, one in each queue.
    """
    claims = [asyncio.create_task(queue.claim(limit, lease_s=LONG_S, wait_s=PATIENCE_S)) for queue in queues]
    # Their bells are known to the others after that.
    await asyncio.sleep(2.5)
    return claims


async def test_who_takes_it_itself_wakes_nobody(queues, looks, rung):
    """
    An event that comes where there is room costs no other process anything.
    """
    one, *others = queues
    claims = await waiting(queues)
    looks.clear()
    rung.clear()

    await put(one, 1)
    (lease,) = await claims[0]
    await asyncio.sleep(0.3)

    assert "e0" == lease.event_id
    assert [] == rung
    assert {one._holder} == set(looks)
    assert not any(claim.done() for claim in claims[1:])
    for queue in others:
        queue.wake()


async def test_what_nobody_here_takes_wakes_one_other(queues, looks):
    """
    Five wait, one is woken for one delivery; it wakes one more, who finds nothing.
    """
    one, *others = queues
    claims = await waiting(others)
    looks.clear()

    await put(one, 1)
    done, _ = await asyncio.wait(claims, timeout=PATIENCE_S / 2, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.sleep(0.3)

    assert 1 == len(done)
    assert 1 <= len(looks) <= 2
    for queue in others:
        queue.wake()


async def test_a_heap_wakes_as_many_as_it_takes(queues):
    """
    Each that found something wakes the next one, until there is nothing left or nobody.
    """
    one, *others = queues
    claims = await waiting(others, limit=3)

    await put(one, 15)

    leases = [lease for some in await asyncio.wait_for(asyncio.gather(*claims), 10) for lease in some]
    assert {f"e{n}" for n in range(15)} == {lease.event_id for lease in leases}


async def test_a_bell_for_somebody_who_is_busy_goes_on_to_another(queues):
    """
    Who claims nothing now is passed over.
    """
    one, busy, free, *_ = queues
    for queue in (busy, free):
        await queue.claim(1, lease_s=LONG_S)
    (claim,) = await waiting([free])

    for n in range(5):
        await put(one, 1, start=n)
        (lease,) = await asyncio.wait_for(claim, 10)
        await free.settle([Ending(lease, State.DONE, OK)])
        claim = asyncio.create_task(free.claim(1, lease_s=LONG_S, wait_s=PATIENCE_S))
        await asyncio.sleep(0.05)
    free.wake()


async def test_what_an_operator_lets_go_is_for_everybody(queues):
    """
    A heap that comes at once wakes all of them.
    """
    one, *others = queues
    await put(one, 5)
    leases = await one.claim(5, lease_s=LONG_S)
    await one.settle([Ending(lease, State.DEAD, OK, reason="refused") for lease in leases])
    claims = await waiting(others)

    await one.revive([lease.id for lease in leases])

    found = await asyncio.wait_for(asyncio.gather(*claims), 10)
    assert {lease.id for lease in leases} == {lease.id for (lease,) in found}
