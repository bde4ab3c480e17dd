"""
A stop loses nothing: what runs finishes, the rest goes back.
"""

import asyncio
import logging

import pytest

from tests.performing.work import CRM, PATIENCE_S, delivery
from webhook_engine.performing import Done, PerformerSettings, Retry
from webhook_engine.performing.judging import released
from webhook_engine.performing.settle import DONE
from webhook_engine.performing.settling import Settler
from webhook_engine.queue import MAYBE_DELIVERED, AttemptRecord, State, delivery_id


async def test_what_runs_finishes_and_nothing_new_begins(queue, performer, worker, settled):
    """
    What was not started is given back at once, without an attempt.
    """
    worker.held.add(CRM)
    async with asyncio.timeout(PATIENCE_S):
        it = await performer(slots=2).__aenter__()
        await queue.put([delivery(f"e{n}") for n in range(5)])
        await worker.until_started(2)
        stopping = asyncio.create_task(it.stop())
        await queue.put([delivery("late", target="other")])
        assert not stopping.done()
        worker.let_go(CRM)
        await stopping
    states = (await queue.stats()).states

    assert (2, {State.READY: 4, State.DONE: 2}) == (
        len(worker.started),
        {s: n for s, n in states.items() if n},
    )
    assert [Done(), Done()] == [each for each in settled.settlements if each == Done()]


async def test_what_was_claimed_and_not_started_goes_back(queue, performer, worker, settled, clock):
    """
    It stands where it stood, ready for the next process.
    """
    async with performer(slots=1) as it:
        for n in range(40):
            clock.now += 0.01
            await queue.put([delivery(f"warm{n}")])
            await settled.until(n + 1)
        worker.held.add(CRM)
        await queue.put([delivery(f"e{n}") for n in range(5)])
        await worker.until_started(41)
        async with asyncio.timeout(PATIENCE_S):
            while not it.report().waiting:
                clock.now += 0.01
                queue.wake()
                await asyncio.sleep(0.01)
        stopping = asyncio.create_task(it.stop())
        await settled.until(41)
        worker.let_go(CRM)
        await stopping
    report = await queue.show(delivery_id("e4", "CRM outcome"))

    assert (State.READY, 0) == (report.state, report.attempts)
    assert it.report().released >= 1
    assert 0 == (await queue.stats()).states[State.LEASED]


@pytest.mark.parametrize("how", ["the grace is over", "a second call"])
async def test_what_does_not_finish_is_cut_off(queue, performer, worker, settled, how):
    """
    It may have been delivered; it is offered again, and the attempt does not count.
    """
    worker.held.add(CRM)
    grace_s = 0.05 if how == "the grace is over" else PATIENCE_S * 10
    async with asyncio.timeout(PATIENCE_S):
        it = await performer(settings=PerformerSettings(grace_s=grace_s)).__aenter__()
        await queue.put([delivery("e1")])
        await worker.until_started(1)
        stops = [asyncio.create_task(it.stop())]
        if how == "a second call":
            await asyncio.sleep(0)
            stops.append(asyncio.create_task(it.stop()))
        await asyncio.gather(*stops)
    report = await queue.show(delivery_id("e1", "CRM outcome"))

    assert [Retry(0.0, counted=False)] == settled.settlements
    assert (State.READY, 1, 0) == (report.state, report.attempts, report.failures)
    assert [MAYBE_DELIVERED] == [record.outcome for record in report.records]


async def test_an_idle_one_stops_at_once(queue, performer):
    """
    The claim that waits for something to do is let go.
    """
    async with asyncio.timeout(PATIENCE_S):
        async with performer(settings=PerformerSettings(grace_s=PATIENCE_S * 10)):
            await asyncio.sleep(0)

    assert 0 == (await queue.stats()).states[State.LEASED]


async def test_it_stops_where_its_queue_is_closed(queue, performer):
    """
    And does not wait for what can never come.
    """
    async with asyncio.timeout(PATIENCE_S), performer() as stopping:
        await queue.close()

    assert not stopping.report().running


class Stuck:
    """
    A queue on a disk that hangs.
    """

    def __init__(self):
        self.asked = 0

    async def settle(self, endings):
        self.asked += 1
        await asyncio.Event().wait()


async def test_after_giving_up_nothing_is_written(queue, caplog):
    """
    What was being written, what waited for company, and what ends later: each lease is let go, and no task stays.

    Of each the log says what it came to, that it is not written down, why, and what will follow.
    """
    caplog.set_level(logging.INFO, "webhook_engine")
    await queue.put([delivery(f"e{n}") for n in range(3)])
    leases = await queue.claim(3, lease_s=PATIENCE_S)
    queue, ended = Stuck(), []
    settler = Settler(queue, on_end=ended.append)
    others = asyncio.all_tasks()
    back = released()
    settler.add(leases[0], DONE, AttemptRecord(outcome="ok"))
    settler.write_now()
    await asyncio.sleep(0)
    settler.add(leases[1], Retry(1.0), AttemptRecord(outcome="target-failed", status=503))

    settler.give_up()
    settler.add(leases[2], back.settlement, back.record)
    async with asyncio.timeout(PATIENCE_S):
        while settler.open:
            await asyncio.sleep(0.005)

    assert 1 == queue.asked
    assert 3 == len(ended)
    assert others == asyncio.all_tasks()
    told = {each.delivery: each for each in caplog.records if each.message == "settlement.failed"}
    assert [("ok", "done"), ("target-failed", "retried"), ("", "released")] == [
        (told[lease.id].outcome, told[lease.id].unwritten) for lease in leases
    ]
    assert {("CRM outcome", CRM, 1)} == {(each.webhook, each.target, each.attempt) for each in told.values()}
    assert all("the process ended" in each.why for each in told.values())
    assert all("offered again under the same idempotency key" in each.then for each in told.values())
    assert 3 == settler.counts["failed"]
