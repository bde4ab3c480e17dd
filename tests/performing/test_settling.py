"""
Settlements wait for company, as long as nobody waits for them.
"""

import asyncio

import pytest

from tests.performing.work import CRM, PATIENCE_S, delivery
from webhook_engine.performing import settling
from webhook_engine.performing.settle import DONE
from webhook_engine.performing.settling import Settler
from webhook_engine.queue import AttemptRecord, Order, State

OK = AttemptRecord(outcome="ok")
MANY = 40


@pytest.fixture
def settler(queue, monkeypatch):
    """
    One that has just written many together, and now waits for more longer than any test does.
    """
    monkeypatch.setattr(settling, "_OFTEN", 1)
    monkeypatch.setattr(settling, "_LONG_TOGETHER_S", 2 * PATIENCE_S)
    return Settler(queue)


async def busy(queue, settler):
    await queue.put([delivery(f"before-{n}") for n in range(MANY)])
    for lease in await queue.claim(MANY, lease_s=PATIENCE_S):
        settler.add(lease, DONE, OK)
    settler._written_at = asyncio.get_running_loop().time()
    await settler.drain()


async def recorded(settler, count):
    async with asyncio.timeout(PATIENCE_S):
        while settler.counts["done"] < count:
            await asyncio.sleep(0.005)


async def test_many_wait_for_more(queue, settler):
    """
    A commit costs more than what is in it.
    """
    await busy(queue, settler)
    await queue.put([delivery("e1")])
    (lease,) = await queue.claim(1, lease_s=PATIENCE_S)

    settler.add(lease, DONE, OK)
    await asyncio.sleep(0.1)

    assert (MANY, 1) == (settler.counts["done"], settler.open)
    await settler.drain()


@pytest.mark.parametrize("first", [True, False], ids=["the first", "one of several"])
async def test_what_another_one_waits_for_is_written_soon(queue, settler, first):
    """
    The next delivery of the same call does not stand behind the company of this one.
    """
    await busy(queue, settler)
    await queue.put([delivery("e1", call="c", order=Order.STRICT), delivery("other")])
    leases = {each.event_id: each for each in await queue.claim(2, lease_s=PATIENCE_S)}
    await queue.put([delivery("e2", call="c", order=Order.STRICT)])
    if not first:
        settler.add(leases["other"], DONE, OK)

    settler.add(leases["e1"], DONE, OK)
    await recorded(settler, MANY + 1 + (not first))

    (after,) = await queue.claim(1, lease_s=PATIENCE_S)
    assert "e2" == after.event_id


async def test_the_third_of_a_call_waits_no_longer_than_the_second(queue, settler):
    """
    Behind one that was let go, another may wait.
    """
    await busy(queue, settler)
    await queue.put([delivery(f"e{n}", call="c", order=Order.STRICT) for n in range(3)])
    waited_for = []
    for _ in range(2):
        (lease,) = await queue.claim(1, lease_s=PATIENCE_S)
        waited_for.append((lease.event_id, queue.is_waited_for(lease)))
        await queue.done(lease, OK)

    assert [("e0", True), ("e1", True)] == waited_for


async def test_what_waits_for_company_goes_with_what_is_put(queue, settler):
    """
    In the same transaction: it is there as soon as the put is.
    """
    await busy(queue, settler)
    await queue.put([delivery("e1")])
    (lease,) = await queue.claim(1, lease_s=PATIENCE_S)
    settler.add(lease, DONE, OK)
    end = queue.before_writing(settler.write_now)

    await queue.put([delivery("e2")])
    state = (await queue.show(lease.id)).state
    end()
    (other,) = await queue.claim(1, lease_s=PATIENCE_S)
    await settler.drain()
    settler.add(other, DONE, OK)
    await queue.put([delivery("e3")])

    assert State.DONE is state
    assert State.LEASED is (await queue.show(other.id)).state
    await settler.drain()


@pytest.mark.usefixtures("settler")
async def test_the_last_of_many_does_not_wait(queue, performer, worker, settled):
    """
    Where nothing is under way any more, there will be no company.
    """
    async with performer():
        await queue.put([delivery(f"e{n}") for n in range(MANY)])
        await settled.until(MANY)
        worker.held.add(CRM)
        await queue.put([delivery("last")])
        await worker.until_started(MANY + 1)
        await asyncio.sleep(0.1)
        worker.let_go(CRM)

        # Sooner than a heartbeat, with which it would go along.
        async with asyncio.timeout(PATIENCE_S / 2):
            await settled.until(MANY + 1)

    assert "last" == settled.events[-1]


async def test_where_nobody_knows_who_waits_it_is_written_soon_too(queue, settler, monkeypatch):
    """
    As for a queue that other processes put into.
    """
    await busy(queue, settler)
    await queue.put([delivery("e1")])
    (lease,) = await queue.claim(1, lease_s=PATIENCE_S)
    monkeypatch.setattr(queue, "is_waited_for", lambda _: None)

    settler.add(lease, DONE, OK)

    await recorded(settler, MANY + 1)
