"""
What is accepted is delivered, whatever becomes of a process, the server, or the network between them.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.queue.cutting import Network
from tests.servers.postgresql import PostgresqlServer
from webhook_engine.errors import QueueUnavailable
from webhook_engine.queue import (
    MAYBE_DELIVERED,
    AttemptRecord,
    Delivery,
    Ending,
    PostgresqlQueue,
    PostgresqlSettings,
    Receipt,
    State,
)
from webhook_engine.queue.delivery import OPEN

OK = AttemptRecord(outcome="ok")
LONG_S = 60
PATIENCE_S = 60
KILLS = int(os.environ.get("WEBHOOK_ENGINE_QUEUE_KILLS", "3"))
"""How often a worker is killed; a soak sets hundreds."""

RESTARTS = max(1, KILLS // 5)

PROCESS = Path(__file__).with_name("cluster_process.py")

TOUGH = PostgresqlSettings(poison_after=1_000, suspect_s=0.1)
"""Killed as often as here, a delivery that was in flight each time is no poison."""


class Worker:
    """
    A worker in a process of its own, and what it said.
    """

    def __init__(self, url, first=0, count=0, *how):
        self._process = subprocess.Popen(
            [sys.executable, PROCESS, url, str(first), str(count), *how],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout.readline() == "open\n"

    def wait_for(self, word):
        line = self._process.stdout.readline()
        assert line.startswith(word)
        return line[1:].strip()

    def kill(self):
        """
        What it said until it was killed, as lines.
        """
        self._process.kill()
        return self._end(-signal.SIGKILL)

    def stop(self):
        """
        The same, where it may finish what it does.
        """
        self._process.stdin.close()
        return self._end(0)

    def _end(self, code):
        said = self._process.stdout.read().splitlines()
        assert code == self._process.wait(PATIENCE_S)
        self._process.stdin.close()
        self._process.stdout.close()
        return said


def words(said, mark):
    return [each[1:] for each in said if each.startswith(mark)]


async def drain(queue):
    """
    Works off what is there; the events, as often as they were leased.
    """
    got = []
    async with asyncio.timeout(PATIENCE_S):
        while any(n for state, n in (await queue.stats()).states.items() if state in OPEN):
            leases = await queue.claim(500, lease_s=LONG_S, wait_s=1)
            got += [lease.event_id for lease in leases]
            assert not any(await queue.settle([Ending(lease, State.DONE, OK) for lease in leases]))
    return got


async def test_two_processes_never_share_a_delivery(url):
    """
    Put by two, claimed by two: each delivery is sent by one of them, and once.
    """
    workers = [Worker(url, first, 400, "calm") for first in (0, 1_000)]
    async with PostgresqlQueue(url) as queue:
        async with asyncio.timeout(PATIENCE_S):
            while (await queue.stats()).states[State.DONE] < 800:
                await asyncio.sleep(0.05)
        said = [worker.stop() for worker in workers]
        states = (await queue.stats()).states

    done = Counter(words(said[0], "-") + words(said[1], "-"))
    sent = Counter(words(said[0], ">") + words(said[1], ">"))
    assert {f"e{n}" for n in (*range(400), *range(1_000, 1_400))} == set(done)
    assert {1} == set(done.values())
    # One in ten fails at first.
    assert {1: 720, 2: 80} == dict(Counter(sent.values()))
    assert min(len(words(each, "-")) for each in said) > 0
    assert {State.DONE: 800} == {state: n for state, n in states.items() if n}


async def test_what_a_killed_process_held_is_found_by_another(url):
    """
    When its leases end, under the same ids, with the attempts on record as unknown; nobody else has to end first.
    """
    async with PostgresqlQueue(url) as queue:
        await queue.put([Delivery(event_id=f"e{n}", webhook="w", target="t") for n in range(3)])
        worker = Worker(url, 0, 0, "hold")
        held = {worker.wait_for(">") for _ in range(3)}
        worker.kill()
        killed_at = time.monotonic()

        again = []
        while len(again) < 3:
            again += await queue.claim(3, lease_s=LONG_S, wait_s=PATIENCE_S)

        records = (await queue.show(again[0].id)).records
    assert held == {lease.event_id for lease in again}
    assert {(2, True)} == {(lease.attempt, lease.maybe_delivered) for lease in again}
    assert [MAYBE_DELIVERED] == [each.outcome for each in records]
    assert time.monotonic() - killed_at < 2.0 + 10.0  # the lease, and what a look takes on a busy machine


async def test_kills_lose_nothing(url):
    """
    Of three workers under load one after the other is killed: every acknowledged event is sent, what was done stays done.
    """
    said = []
    workers = [Worker(url, n * 10_000, 100_000) for n in range(3)]
    for n in range(3, 3 + KILLS):
        time.sleep(0.4)
        said += workers.pop(0).kill()
        workers.append(Worker(url, n * 1_000_000, 100_000))
    for worker in workers:
        said += worker.kill()
    async with PostgresqlQueue(url, settings=TOUGH) as queue:
        late = await drain(queue)
        stats = await queue.stats()
        counted = await counts(queue)

    accepted, done = set(words(said, "+")), Counter(words(said, "-"))
    assert accepted
    assert accepted <= set(words(said, ">")) | set(late)
    assert {1} == set(done.values())
    assert set() == set(done) & set(late)
    assert {State.DONE} == {state for state, n in stats.states.items() if n}
    assert counted == {
        (target, state): n for target, states in stats.targets.items() for state, n in states.items()
    }


async def counts(queue):
    """
    Deliveries by target and state, counted one by one.
    """
    rows = await queue._reading[0].run(
        lambda db, _: db.fetch("SELECT target, state, count(*) FROM delivery GROUP BY 1, 2"), patience_s=5
    )
    return {(target, state): n for target, state, n in rows}


async def test_two_processes_put_the_same_at_once(url):
    """
    An event that reaches two processes at the same moment is accepted once, and the others are not hurt.
    """
    async with PostgresqlQueue(url) as one, PostgresqlQueue(url) as other:
        receipts = Counter()
        for turn in range(20):
            batch = [Delivery(event_id=f"e{turn}-{n}", webhook="w", target="t") for n in range(20)]
            found = await asyncio.gather(
                one.put(batch), other.put(list(reversed(batch))), one.put([batch[7]]), other.put([batch[7]])
            )
            receipts.update(each for some in found for each in some)
        states = (await one.stats()).states

    assert {Receipt.ACCEPTED: 400, Receipt.DUPLICATE: 440} == receipts
    assert states[State.READY] == 400


async def test_many_start_at_once_on_an_empty_database(url):
    """
    One of them makes the tables, and the others wait for it.
    """
    queues = [PostgresqlQueue(url) for _ in range(6)]

    await asyncio.gather(*(queue.__aenter__() for queue in queues))

    for n, queue in enumerate(queues):
        assert (Receipt.ACCEPTED,) == await queue.put([Delivery(event_id=f"e{n}", webhook="w", target="t")])
    await asyncio.gather(*(queue.close() for queue in queues))


async def test_a_put_wakes_who_waits_in_another_process(url):
    """
    At once, not at the next look.
    """
    slow = PostgresqlSettings(poll_s=30)
    async with PostgresqlQueue(url, settings=slow) as one, PostgresqlQueue(url, settings=slow) as other:
        waiting = asyncio.create_task(other.claim(1, lease_s=LONG_S, wait_s=PATIENCE_S))
        await asyncio.sleep(0.5)

        await one.put([Delivery(event_id="e1", webhook="w", target="t")])

        (lease,) = await asyncio.wait_for(waiting, 20)
        assert lease.event_id == "e1"


# --- The network ---------------------------------------------------------------------------------


@pytest.fixture
async def network(postgresql):
    async with Network(postgresql.port) as network:
        yield network


@pytest.fixture
async def cut_off(network, postgresql, url):
    """
    A queue behind the network.
    """
    address = url.replace(f":{postgresql.port}/", f":{network.port}/")
    async with PostgresqlQueue(address) as queue:
        yield queue


async def test_a_put_of_whose_commit_nobody_heard_is_no_duplicate(cut_off, network):
    """
    The connection ends between commit and answer: the event is there once, and told as accepted.
    """
    network.cut_after("cut-here")

    receipts = await cut_off.put([Delivery(event_id="cut-here", webhook="w", target="t")])

    assert (1, (Receipt.ACCEPTED,)) == (network.cuts, receipts)
    assert (Receipt.DUPLICATE,) == await cut_off.put([Delivery(event_id="cut-here", webhook="w", target="t")])
    assert (await cut_off.stats()).states[State.READY] == 1


async def test_a_settlement_of_whose_commit_nobody_heard_is_none_lost(cut_off, network):
    """
    The attempt is recorded once, and the holder is not told that it lost its lease.
    """
    await cut_off.put([Delivery(event_id="e1", webhook="w", target="t")])
    (lease,) = await cut_off.claim(1, lease_s=LONG_S)
    network.cut_after("cut-here")

    await cut_off.done(lease, AttemptRecord(outcome="cut-here"))

    report = await cut_off.show(lease.id)
    assert (1, State.DONE) == (network.cuts, report.state)
    assert ["cut-here"] == [each.outcome for each in report.records]


async def test_leases_of_whose_commit_nobody_heard_are_not_left_lying(cut_off, network):
    """
    Whoever claimed has them after all, at the first attempt.
    """
    await cut_off.put([Delivery(event_id=f"e{n}", webhook="w", target="cut-here") for n in range(3)])
    network.cut_after("cut-here")

    leases = await cut_off.claim(3, lease_s=LONG_S)

    assert (1, ["e0", "e1", "e2"]) == (network.cuts, [lease.event_id for lease in leases])
    assert {1} == {lease.attempt for lease in leases}
    for lease in leases:
        await cut_off.done(lease, OK)


async def test_a_network_that_swallows_everything_is_noticed_in_seconds(cut_off, network):
    """
    No connection ends, and nothing arrives: whoever puts or claims is told, and when it flows again all is well.
    """
    await cut_off.put([Delivery(event_id="before", webhook="w", target="t")])
    (lease,) = await cut_off.claim(1, lease_s=LONG_S)
    network.stall()
    began = time.monotonic()

    with pytest.raises(
        QueueUnavailable, match=r"does not answer in time.*; nobody knows whether this was accepted$"
    ):
        await cut_off.put([Delivery(event_id="lost", webhook="w", target="t")])
    with pytest.raises(QueueUnavailable, match=r"; nothing was accepted$"):
        await cut_off.claim(1, lease_s=LONG_S)
    took_s = time.monotonic() - began
    settling = asyncio.create_task(cut_off.done(lease, OK))
    network.flow()
    await asyncio.wait_for(settling, PATIENCE_S)
    receipts = await cut_off.put([Delivery(event_id="after", webhook="w", target="t")])

    assert took_s < 15
    assert (Receipt.ACCEPTED,) == receipts
    assert (await cut_off.show(lease.id)).state is State.DONE


async def test_a_bell_behind_a_black_hole_is_noticed_and_hung_anew(cut_off, network, url, monkeypatch):
    """
    Though this process never rings itself: it is asked now and then whether it still leads somewhere.
    """
    monkeypatch.setattr("webhook_engine.queue.postgresql.doorbell._STILL_THERE_S", 0.2)
    monkeypatch.setattr("webhook_engine.queue.postgresql.doorbell.PROMPT_S", 0.3)
    cut_off._doorbell.serve()
    await asyncio.sleep(0.2)
    network.lose()
    async with asyncio.timeout(PATIENCE_S):
        while cut_off._doorbell.is_well:
            await asyncio.sleep(0.01)
        while not cut_off._doorbell.is_well:
            await asyncio.sleep(0.01)
    heard = asyncio.Event()
    monkeypatch.setattr(cut_off._doorbell, "_heard", lambda _: heard.set())
    async with PostgresqlQueue(url) as other:
        other._doorbell.ring_all()
        await asyncio.wait_for(heard.wait(), PATIENCE_S)
    network.cut()


# --- The server ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server():
    """
    A server of this file's own, to be stopped.
    """
    with PostgresqlServer() as server:
        yield server


async def test_a_server_that_restarts_under_load_loses_nothing(server):
    """
    In order and as if it had crashed, while three processes put and work: every acknowledged event is sent, what was done stays done.
    """
    url = server.url()
    workers = await asyncio.to_thread(lambda: [Worker(url, n * 10_000, 100_000) for n in range(3)])
    for how in (signal.SIGINT, signal.SIGQUIT) * RESTARTS:
        await asyncio.sleep(0.7)
        await asyncio.to_thread(server.stop, how)
        await asyncio.sleep(0.2)
        await asyncio.to_thread(server.start)
    await asyncio.sleep(0.7)
    said = [line for worker in workers for line in await asyncio.to_thread(worker.stop)]
    async with PostgresqlQueue(url, settings=TOUGH) as queue:
        late = await drain(queue)
        states = (await queue.stats()).states

    accepted, done = set(words(said, "+")), Counter(words(said, "-"))
    assert len(accepted) > 100
    assert accepted <= set(words(said, ">")) | set(late)
    assert {1} == set(done.values())
    assert set() == set(done) & set(late)
    assert {State.DONE} == {state for state, n in states.items() if n}


async def test_a_server_that_is_away_is_told_of_and_waited_for(server):
    """
    Who puts or claims hears it after a bounded time; what an attempt came to waits, and is written down.
    """
    async with PostgresqlQueue(server.url(), settings=PostgresqlSettings(patience_s=0.5)) as queue:
        await queue.put([Delivery(event_id="away1", webhook="w", target="t")])
        (lease,) = await queue.claim(1, lease_s=LONG_S)
        await asyncio.to_thread(server.stop)

        with pytest.raises(
            QueueUnavailable, match="cannot be reached: nothing listens there; start PostgreSQL"
        ):
            await queue.put([Delivery(event_id="away2", webhook="w", target="t")])
        with pytest.raises(QueueUnavailable):
            await queue.claim(1, lease_s=LONG_S)
        with pytest.raises(QueueUnavailable):
            await queue.show(lease.id)
        settling = asyncio.create_task(queue.done(lease, OK))
        await asyncio.sleep(0.7)
        assert not settling.done()
        await asyncio.to_thread(server.start)

        await asyncio.wait_for(settling, PATIENCE_S)
        assert (await queue.show(lease.id)).state is State.DONE
        assert (Receipt.ACCEPTED,) == await queue.put([Delivery(event_id="away2", webhook="w", target="t")])
        assert ["away2"] == [
            each.event_id for each in await queue.claim(1, lease_s=LONG_S, wait_s=PATIENCE_S)
        ]
