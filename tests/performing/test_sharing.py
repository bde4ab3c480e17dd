"""
Performers of one database ask a target together what one of them would, and know of it what one of them knows.
"""

import asyncio
import time
from contextlib import AsyncExitStack

import pytest

from tests.performing.work import CRM, Settled, Worker, attempt, delivery, performed, request
from webhook_engine.dispatch.allowance import GroupLimit
from webhook_engine.errors import TargetPaused
from webhook_engine.performing import Breakers, BreakerSettings, Live, Performer
from webhook_engine.queue import PostgresqlQueue, PostgresqlSettings

SHORT = BreakerSettings(slots=4, failures=2, moment_s=0.0, open_s=0.6, longest_open_s=0.6)


@pytest.fixture
def url(postgresql):
    return postgresql.make_schema()


class Process:
    """
    What one of them has: a queue, a performer, and breakers that agents' lookups go by as well.
    """

    def __init__(self, url, worker, *, settings=SHORT, groups=None):
        self.settled = Settled()
        self.queue = PostgresqlQueue(url, settings=PostgresqlSettings(patience_s=1.0))
        self.breakers = Breakers(settings)
        self.performer = Performer(
            self.queue, worker, breakers=self.breakers, on_settled=self.settled, groups=groups
        )

    async def __aenter__(self):
        self._opened = AsyncExitStack()
        await self._opened.enter_async_context(self.queue)
        await self._opened.enter_async_context(self.performer)
        return self

    async def __aexit__(self, *_):
        await self._opened.aclose()


async def until(fact, patience_s=20.0):
    async with asyncio.timeout(patience_s):
        while not (found := fact()):  # nobody tells
            await asyncio.sleep(0.01)
        return found


async def test_together_they_ask_no_more_than_one_may(url):
    """
    Each has its part at work, and the parts are what is granted.
    """
    worker = Worker(held={CRM})
    async with Process(url, worker) as one, Process(url, worker) as other:
        await one.queue.put([delivery(f"e{n}") for n in range(40)])
        await worker.until_started(4)
        await asyncio.sleep(0.5)
        held = worker.running[CRM]
        worker.let_go(CRM)
        await until(lambda: len(one.settled.all) + len(other.settled.all) >= 40)

    assert (4, 4) == (held, worker.most[CRM])


async def test_who_comes_later_has_its_part_in_seconds(url):
    """
    Work goes on at both, and never above what is granted.
    """
    worker = Worker()

    async def some_time(lease):
        await asyncio.sleep(0.02)
        return await worker(lease)

    async with AsyncExitStack() as opened:
        one = await opened.enter_async_context(Process(url, some_time))
        await one.queue.put([delivery(f"e{n}") for n in range(400)])
        await worker.until_started(20)
        other = await opened.enter_async_context(Process(url, some_time))
        began = time.monotonic()
        await until(lambda: len(other.settled.all) >= 20)
        took_s = time.monotonic() - began

    assert took_s < 5
    assert worker.most[CRM] <= 4


async def test_what_ends_leaves_its_part_to_the_other(url):
    """
    At once where it ended in order.
    """
    worker = Worker(held={CRM})
    async with Process(url, worker) as other:
        async with Process(url, worker) as one:
            await one.queue.put([delivery(f"e{n}") for n in range(20)])
            await worker.until_started(4)
            worker.let_go(CRM)
        await until(lambda: len(one.settled.all) + len(other.settled.all) >= 20)

    assert worker.most[CRM] <= 4


async def test_what_one_finds_out_the_other_knows(url):
    """
    A target that fails at one is left alone by both, and asked again by one of them, with one request.
    """
    worker = Worker(answers={CRM: performed(503)})
    async with Process(url, worker) as one, Process(url, worker) as other:
        await one.queue.put([delivery(f"e{n}") for n in range(200)])
        await until(lambda: one.breakers.of(CRM).recovering and other.breakers.of(CRM).recovering)
        await asyncio.sleep(0.2)
        worker.started.clear()
        worker.most.clear()
        began = time.monotonic()
        await asyncio.sleep(2.0)
        looks = len(worker.started)
        most = worker.most[CRM]

    # Once in 0.6 s and what it takes to claim, by one of them.
    assert 1 <= looks <= (time.monotonic() - began) / 0.6 + 1
    assert 1 == most


async def test_both_work_again_when_one_saw_that_it_works(url):
    """
    Nobody waits for failures to be forgotten.
    """
    worker = Worker(answers={CRM: performed(503)})
    async with Process(url, worker) as one, Process(url, worker) as other:
        await one.queue.put([delivery(f"e{n}", hold_s=1) for n in range(60)])
        await until(lambda: one.breakers.of(CRM).recovering and other.breakers.of(CRM).recovering)
        worker.answers[CRM] = performed()
        await until(lambda: not one.breakers.of(CRM).recovering and not other.breakers.of(CRM).recovering)


async def test_an_agents_lookup_is_spared_what_another_process_found_out(url):
    """
    Where nothing durable goes to that target from here, it is known all the same.
    """
    worker = Worker(answers={CRM: performed(503)})
    asked = []

    async def send(prepared, **_):
        asked.append(prepared)
        return attempt(prepared=prepared)

    settings = BreakerSettings(slots=4, failures=2, moment_s=0.0, open_s=30.0)
    idle = Worker()
    async with Process(url, worker, settings=settings) as one:
        await one.queue.put([delivery(f"e{n}") for n in range(20)])
        await until(lambda: one.breakers.of(CRM).recovering)
        async with Process(url, idle, settings=settings) as other:
            await until(lambda: other.breakers.of(CRM).recovering)
            answer = await Live(send, breakers=other.breakers).ask(request("GET"))

    assert isinstance(answer.attempt.error, TargetPaused)
    assert [] == asked == idle.started


async def test_a_pause_that_a_target_asked_of_one_is_heeded_by_all(url):
    """
    `Retry-After` is for whoever asks.
    """
    worker = Worker(answers={CRM: performed(503, headers=[("Retry-After", "30")])})
    async with Process(url, worker) as one, Process(url, worker) as other:
        await one.queue.put([delivery(f"e{n}") for n in range(20)])
        await until(lambda: all(20 < each.breakers.of(CRM).wait(time.monotonic()) for each in (one, other)))


async def test_without_the_database_nothing_new_begins_for_long(url, server_of_its_own):
    """
    What was not given anew in time is not used: others may have it.
    """
    server = server_of_its_own
    worker = Worker(held={CRM})
    async with Process(server.url(), worker) as one:
        await one.queue.put([delivery(f"e{n}") for n in range(4)])
        await worker.until_started(4)
        held = one.breakers.of(CRM).allowance.is_held(time.monotonic())
        await asyncio.to_thread(server.stop)
        await until(lambda: not one.breakers.of(CRM).allowance.is_held(time.monotonic()))
        room = one.breakers.of(CRM).room(time.monotonic())
        await asyncio.to_thread(server.start)
        await until(lambda: one.breakers.of(CRM).allowance.is_held(time.monotonic()))
        worker.let_go(CRM)
        await one.settled.until(4)

    assert (True, 0) == (held, room)


@pytest.fixture
def server_of_its_own():
    from tests.servers.postgresql import PostgresqlServer

    with PostgresqlServer() as server:
        yield server


async def test_a_group_with_two_targets_has_its_limit_once(url):
    """
    What its targets may have together is divided as well, and what is not limited is not.
    """

    def groups(target):
        return (GroupLimit("CRM", "Euphoria", 3, None),) if target in {"a:1", "b:1"} else ()

    worker = Worker(held={"a:1", "b:1"})
    async with Process(url, worker, groups=groups) as one, Process(url, worker, groups=groups) as other:
        await one.queue.put([delivery(f"e{n}", target=("a:1", "b:1")[n % 2]) for n in range(20)])
        await until(lambda: one.performer.allowances.of_group("CRM").slots)
        await until(lambda: other.performer.allowances.of_group("CRM").slots)
        parts = [each.performer.allowances.of_group("CRM").slots for each in (one, other)]
        worker.let_go("a:1")
        worker.let_go("b:1")
        await until(lambda: len(one.settled.all) + len(other.settled.all) >= 20)

    assert [1, 2] == sorted(parts)


async def test_very_many_targets_that_fail_cost_no_more_than_some(url):
    """
    They are asked for in turn; each is asked again when there is something for it.
    """
    targets = [f"t{n}:443" for n in range(80)]
    worker = Worker(answers=dict.fromkeys(targets, performed(503)))
    asked = []

    async with Process(url, worker) as one:
        divide = one.queue.divide

        async def counted(asks, length_s):
            asked.append(len(asks))
            return await divide(asks, length_s)

        one.queue.divide = counted
        await one.queue.put(
            [delivery(f"{target} {n}", target=target) for target in targets for n in range(2)]
        )
        await until(lambda: len(one.breakers.shut()) == 80, 60)
        await until(lambda: not one.performer.report().running, 60)
        asked.clear()
        await asyncio.sleep(2.5)
        rounds = list(asked)
        worker.answers.clear()
        await one.queue.put([delivery("late", target="t79:443")])
        await until(lambda: "late" in one.settled.events, 60)

    # Those that are just asked again have something in hand besides.
    assert 0 < sum(rounds) / len(rounds) < 64
