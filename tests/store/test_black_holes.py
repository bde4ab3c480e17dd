"""
Nobody waits for good for a store in PostgreSQL: a network may swallow what is sent, and end no connection.
"""

import asyncio
import socket
import time
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from tests.queue.cutting import Network
from webhook_engine.errors import StoreUnavailable, StoreUncertain
from webhook_engine.store import Store, Topic, connecting
from webhook_engine.store import postgresql as room
from webhook_engine.testing.store.common import BY, KEY, TENANT

WITHIN_S = 5
"""Of a test, where the limits are short."""


@pytest.fixture
def url(postgresql):
    return postgresql.make_schema()


@pytest.fixture
def short(monkeypatch):
    """
    Limits that a test can wait for.
    """
    monkeypatch.setattr(connecting, "CONNECT_S", 0.5)
    monkeypatch.setattr(connecting, "PROMPT_S", 0.5)
    monkeypatch.setattr(connecting, "STATEMENT_S", 0.6)
    monkeypatch.setattr(connecting, "LATE_S", 0.4)


@asynccontextmanager
async def behind(url):
    """
    A network to the server, and a store that is open behind it.
    """
    parts = urlsplit(url)
    async with Network(parts.port) as network:
        place = parts.netloc.replace(str(parts.port), str(network.port))
        async with Store.open(parts._replace(netloc=place).geturl(), (KEY,)) as store:
            yield network, store


async def test_whoever_asks_a_store_behind_a_black_hole_is_told_in_time(url, short):
    """
    Who reads, and who writes, on connections that were made before; nothing was changed, and later everything works.
    """
    async with behind(url) as (network, store):
        await store.keys.add(TENANT, "before", by=BY)
        network.stall()
        async with asyncio.timeout(WITHIN_S):
            with pytest.raises(
                StoreUnavailable, match=r"does not answer in time.*nothing was changed|no answer in time"
            ):
                await store.keys.list(TENANT)
        async with asyncio.timeout(WITHIN_S):
            with pytest.raises(StoreUnavailable):
                await store.keys.add(TENANT, "during", by=BY)
        network.flow()
        await store.keys.add(TENANT, "after", by=BY)
        found = [each.name for each in await store.keys.list(TENANT)]

    assert ["before", "after"] == found


async def test_a_store_behind_a_black_hole_opens_and_closes_in_time(url, short):
    """
    A process starts with a sentence, and ends, whatever the network does.
    """
    async with behind(url) as (network, store):
        await store.keys.add(TENANT, "before", by=BY)
        network.stall()
        other = Store.open(store._database._url, (KEY,))
        async with asyncio.timeout(WITHIN_S):
            with pytest.raises(StoreUnavailable):
                await other.__aenter__()
        began = time.monotonic()

    assert time.monotonic() - began < WITHIN_S


async def test_a_network_that_begins_to_swallow_in_the_middle_is_noticed(url, short):
    """
    Between two statements of one change, too: it was not made.
    """
    async with behind(url) as (network, store), asyncio.timeout(2 * WITHIN_S):

        async def change():
            async with store._database.write() as connection:
                await connection.execute(text("CREATE TABLE half (n int)"))
                network.stall()
                await connection.execute(text("SELECT 1"))

        with pytest.raises(StoreUnavailable, match="does not answer in time"):
            await change()
        network.flow()
        async with store._database.read() as connection:
            there = (await connection.execute(text("SELECT to_regclass('half')"))).scalar_one()

    assert there is None


@pytest.mark.parametrize(
    "happens", [Network.stall, lambda network: network.cut_after("COMMIT")], ids=["silence", "an end"]
)
async def test_of_a_change_whose_keeping_was_not_answered_nobody_knows(url, short, happens):
    """
    It says so, and what to do: the server may have kept it, or never heard that it should.
    """
    async with behind(url) as (network, store), asyncio.timeout(2 * WITHIN_S):

        async def change():
            async with store._database.write() as connection:
                await connection.execute(text("CREATE TABLE whole (n int)"))
                happens(network)

        with pytest.raises(
            StoreUncertain, match="nobody knows whether it was made: look whether it is there"
        ):
            await change()


async def test_a_caller_who_goes_away_is_not_kept_by_a_black_hole(url, short):
    """
    Cancelled in the middle of a statement it is gone within moments.
    """
    async with behind(url) as (network, store):
        network.stall()
        reading = asyncio.create_task(store.keys.list(TENANT))
        await asyncio.sleep(0.1)
        reading.cancel()
        done, _ = await asyncio.wait({reading}, timeout=WITHIN_S)

    assert {reading} == done


async def test_a_statement_that_takes_too_long_is_ended_and_one_at_leisure_is_not(url, short):
    """
    By the server, so that it holds nothing any more; what goes over whole tables says that it may.
    """
    slow = text("SELECT pg_sleep(1.5)")
    async with Store.open(url, (KEY,)) as store:
        with pytest.raises(StoreUnavailable, match="statement timeout"):
            async with store._database.write() as connection:
                await connection.execute(slow)
        async with store._database.write(at_leisure=True) as connection:
            await connection.execute(slow)


async def test_after_one_look_no_connection_from_before_is_tried_again(url, short):
    """
    Where all that are kept lead nowhere, one wait finds out; a connection that is made anew is used at once.
    """
    async with behind(url) as (network, store):
        uses = [store._database.read() for _ in range(connecting.CONNECTIONS)]
        for each in uses:
            await each.__aenter__()
        for each in uses:
            await each.__aexit__(None, None, None)
        network.lose()
        began = time.monotonic()
        for _ in range(connecting.CONNECTIONS):
            await store.keys.list(TENANT)
        took_s = time.monotonic() - began

    # One wait and what it takes to find one of them after the other closed would be four seconds.
    assert took_s < 2 * connecting.PROMPT_S + 0.5, took_s


async def test_a_listening_connection_that_leads_nowhere_is_noticed_and_made_anew(url, short, monkeypatch):
    """
    Nothing is asked on it, so it is looked at now and then; meanwhile what others changed is found by looking.
    """
    monkeypatch.setattr(room, "_STILL_THERE_S", 0.2)
    async with behind(url) as (network, store), Store.open(url, (KEY,)) as other:
        seen = store.changes.number(Topic.KEYS)
        await other.keys.add(TENANT, "one", by=BY)
        await store.changes.after(Topic.KEYS, seen)
        before = store._database._listening
        network.lose()
        async with asyncio.timeout(WITHIN_S):
            while store._database._listening in {before, None}:
                await asyncio.sleep(0.05)

    assert before.is_closed()


async def test_a_connection_is_watched_by_the_system_too(url):
    """
    For what has no limit of its own, a migration for one: packets that nobody acknowledges end it.
    """
    async with Store.open(url, (KEY,)) as store, store._database.write(at_leisure=True) as connection:
        db = (await connection.get_raw_connection()).driver_connection
        found = db._transport.get_extra_info("socket")
        is_watched = found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)

    assert is_watched
