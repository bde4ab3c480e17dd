"""
What one process says over NATS, the others look for at once; where nobody hears it, they find it anyway.
"""

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest

from tests.nats.test_intake import until
from webhook_engine.nats import Hints
from webhook_engine.nats.connecting import connected_to_any
from webhook_engine.queue import Delivery
from webhook_engine.queue.postgresql import PostgresqlQueue
from webhook_engine.queue.postgresql.doorbell import Doorbell
from webhook_engine.store import Store, Topic
from webhook_engine.store.changes import CHANNEL, count_up
from webhook_engine.store.postgresql import PostgresqlDatabase

DATABASE = "postgresql://calls@one.example.com/calls?search_path=of_ours"
ELSEWHERE = "postgresql://calls@two.example.com/calls?search_path=of_ours"
ANOTHER = "postgresql://calls@one.example.com/calls?search_path=of_others"


@asynccontextmanager
async def running(*hints):
    tasks = [asyncio.create_task(each.run()) for each in hints]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def counting(url, database):
    hints, heard = Hints(url, database), []
    hints.join("ready", lambda: heard.append("ready"))
    return hints, heard


async def test_a_hint_is_heard_by_the_others_on_the_database_and_by_nobody_else(node):
    """
    By whatever host they reach it; whoever tells has no use for hearing it.
    """
    (one, of_one), (other, of_other), (stranger, of_stranger) = (
        counting(node.url, each) for each in (DATABASE, ELSEWHERE, ANOTHER)
    )
    async with running(one, other, stranger):
        await until(lambda: of_one and of_other and of_stranger)  # each looks once when it is connected
        one.tell("ready")
        await until(lambda: len(of_other) == 2)
        await asyncio.sleep(0.1)

    assert (1, 2, 1) == (len(of_one), len(of_other), len(of_stranger))


async def test_a_dead_subscription_is_noticed_by_what_one_says_oneself(node, monkeypatch, caplog):
    """
    On a connection that works all the same.
    """
    caplog.set_level("INFO", "webhook_engine")
    monkeypatch.setattr("webhook_engine.nats.hints.BEAT_S", 0.2)
    hints, heard = counting(node.url, DATABASE)
    asked = []
    work = hints._work

    async def noted(client):
        asked.append(client)
        await work(client)

    hints._work = noted
    async with running(hints):
        await until(lambda: heard)
        await asked[0]._send_unsubscribe(1)
        await until(lambda: len(heard) == 2)

    assert "not heard any more" in next(each.why for each in caplog.records if each.message == "nats.lost")


@pytest.fixture
def url(postgresql):
    return postgresql.make_schema()


@pytest.fixture
def deaf(monkeypatch):
    """
    Databases that tell nobody.
    """

    async def nothing(*_):
        await asyncio.Event().wait()

    monkeypatch.setattr(Doorbell, "_run", nothing)
    monkeypatch.setattr(PostgresqlDatabase, "_listen", lambda _: asyncio.sleep(0))


async def test_ready_deliveries_wake_a_worker_whose_database_does_not_ring(node, url, deaf):
    """
    The hint is what wakes it, long before it would have looked by itself.
    """
    async with PostgresqlQueue(url) as one, PostgresqlQueue(url) as other:
        pair = Hints(node.url, url), Hints(node.url, url)
        for queue, hints in zip((one, other), pair, strict=True):
            hints.join("ready", queue.relay(partial(hints.tell, "ready")))
        async with running(*pair):
            await asyncio.sleep(0.5)
            took = []
            for number in range(5):
                claim = asyncio.create_task(other.claim(1, lease_s=30, wait_s=10))
                await asyncio.sleep(0.05)
                began = time.monotonic()
                await one.put([Delivery(event_id=f"e{number}", webhook="W", target="t")])
                await claim
                took.append(time.monotonic() - began)

    assert sorted(took)[2] < 0.5, took


async def test_a_change_is_known_to_a_process_whose_database_does_not_tell(node, url, deaf):
    """
    The store's changes and the steps of screens go the same way.
    """
    async with Store.open(url) as one, Store.open(url) as other:
        pair = Hints(node.url, url), Hints(node.url, url)
        for store, hints in zip((one, other), pair, strict=True):
            hints.join(CHANNEL, partial(store.relay(hints.tell), CHANNEL))
        async with running(*pair):
            await asyncio.sleep(0.5)
            took = []
            for number in range(5):
                seen = other.changes.number(Topic.KEYS)
                began = time.monotonic()
                await one.keys.add("Euphoria", f"key {number}", scopes=["events"], by="us")
                await other.changes.after(Topic.KEYS, seen)
                took.append(time.monotonic() - began)

    assert sorted(took)[2] < 0.5, took


async def test_a_change_that_is_not_committed_is_told_to_nobody(url):
    """
    A hint says that there is something to be found.
    """
    told = []

    async def change(error=None):
        async with store._database.write() as connection:
            await count_up(connection, Topic.KEYS)
            if error is not None:
                raise error

    async with Store.open(url) as store:
        store.relay(told.append)
        with pytest.raises(ZeroDivisionError):
            await change(ZeroDivisionError())
        before = list(told)
        await change()

    assert [] == before
    assert [CHANNEL] == told


async def test_many_processes_say_no_more_together_than_one(node, monkeypatch):
    """
    Whoever heard another one knows that it hears.
    """
    monkeypatch.setattr("webhook_engine.nats.hints.BEAT_S", 0.2)
    several = [counting(node.url, DATABASE) for _ in range(6)]
    said = []

    async def note(message):
        said.append(message.data)

    async with connected_to_any(node.url) as client, running(*(each for each, _ in several)):
        await until(lambda: all(heard for _, heard in several))
        await client.subscribe(f"{several[0][0]._subject}.*", cb=note)
        await asyncio.sleep(2)

    assert 3 <= len(said) <= 15, said
    assert all(["ready"] == heard for _, heard in several)
