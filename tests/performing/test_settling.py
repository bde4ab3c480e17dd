"""
Settlements wait for company, as long as nobody waits for them; what cannot be written is told.
"""

import asyncio
import logging
from itertools import count

import pytest

from tests.performing.work import CRM, PATIENCE_S, delivery, performed
from webhook_engine.errors import QueueUnavailable
from webhook_engine.performing import settling
from webhook_engine.performing.settle import DONE, Retry
from webhook_engine.performing.settling import Settler
from webhook_engine.queue import AttemptRecord, Order, State, delivery_id

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


async def recorded(settler, most):
    async with asyncio.timeout(PATIENCE_S):
        while settler.counts["done"] < most:
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


@pytest.fixture
async def leases(queue):
    await queue.put([delivery(f"e{n}") for n in range(2)])
    return await queue.claim(2, lease_s=PATIENCE_S)


async def test_what_cannot_be_kept_of_an_attempt_is_left_out(queue, settler, leases):
    """
    Half a character, or far too much: the delivery ends all the same, or it would be sent again without end.
    """
    settler.add(leases[0], DONE, AttemptRecord(outcome="ok", status=200, detail={"sentence": "\ud800"}))
    settler.add(leases[1], Retry(60.0), AttemptRecord(outcome="refused", detail={"body": "x" * 2**20}))
    await settler.drain()

    reports = [await queue.show(lease.id) for lease in leases]
    assert [State.DONE, State.WAITING] == [report.state for report in reports]
    assert [("ok", 200), ("refused", None)] == [
        (record.outcome, record.status) for report in reports for record in report.records
    ]
    for report in reports:
        assert "could not be kept" in report.records[0].detail["sentence"]
    assert 0 == settler.counts["failed"]


async def test_what_a_response_leads_to_and_cannot_be_kept_holds_up_nothing(queue, leases, caplog):
    """
    It is told and left out; what led to it has its end, and what else it led to is there.
    """
    caplog.set_level(logging.INFO, "webhook_engine")
    settler = Settler(queue)
    large = delivery("e0", webhook="Large", reference={"value": "x" * 2**20})
    settler.add(leases[0], DONE, OK, performed=performed(follow=(large, delivery("e0", webhook="Small"))))
    await settler.drain()

    (told,) = [each for each in caplog.records if each.message == "follower.refused"]
    assert (leases[0].id, "Large") == (told.delivery, told.webhook)
    assert State.DONE is (await queue.show(leases[0].id)).state
    assert State.READY is (await queue.show(delivery_id("e0", "Small"))).state


async def test_the_disk_fills_up_between_two_steps(queue, settler, leases, monkeypatch):
    """
    What was written before is not taken for lost when the rest is tried again.
    """
    settle, times = queue.settle, count()

    async def filling(endings):
        if next(times) == 1:
            raise QueueUnavailable(path="queue.db", why="no room on the disk")
        return await settle(endings)

    monkeypatch.setattr(queue, "settle", filling)
    settler.add(leases[0], DONE, OK)
    settler.add(leases[1], DONE, AttemptRecord(outcome="ok", detail={"sentence": "\ud800"}))
    await settler.drain()

    assert {"done": 2} == dict(settler.counts)


async def test_a_defect_is_told_as_one(queue, leases, monkeypatch, caplog):
    """
    Without what it says, which may hold what the call said; the leases run out like any other.
    """
    caplog.set_level(logging.INFO, "webhook_engine")

    async def broken(_):
        raise ZeroDivisionError("+27 82 123 4567")

    monkeypatch.setattr(queue, "settle", broken)
    settler = Settler(queue)
    settler.add(leases[0], DONE, OK)
    await settler.drain()

    (told,) = [each for each in caplog.records if each.message == "settlement.failed"]
    assert (0, 1, "a defect: ZeroDivisionError") == (settler.open, settler.counts["failed"], told.why)


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
