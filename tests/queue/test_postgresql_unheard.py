"""
What was committed without anybody hearing of it is found out: no lease lies until it ends, and no count is guessed.
"""

import asyncio
import time
from contextlib import asynccontextmanager

import asyncpg
import pytest

from tests.queue.cutting import Network
from webhook_engine.errors import QueueUnavailable
from webhook_engine.queue import Delivery, PostgresqlQueue, PostgresqlSettings

LONG_S, PATIENCE_S = 60, 60


@pytest.fixture
async def database(url):
    """
    A connection beside the queue's own, which is never the one that a deadlock ends.
    """
    connection = await asyncpg.connect(url, server_settings={"deadlock_timeout": "1min"})
    yield connection
    await connection.close()


@pytest.fixture
async def network(postgresql):
    async with Network(postgresql.port) as network:
        yield network


@asynccontextmanager
async def behind(network, postgresql, url, **settings):
    """
    A queue behind the network.
    """
    address = url.replace(f":{postgresql.port}/", f":{network.port}/")
    async with PostgresqlQueue(address, settings=PostgresqlSettings(**settings)) as queue:
        yield queue


async def waits_for_a_lock(database, count=1):
    """
    Returns when somebody waits for what this connection has locked.
    """
    wanted = "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    async with asyncio.timeout(PATIENCE_S):
        while await database.fetchval(wanted) < count:
            await asyncio.sleep(0.02)


async def keep_from_counting(database, target):
    """
    Whoever claims of that target waits, with the deliveries locked, until this transaction ends.
    """
    await database.execute(
        "INSERT INTO tally SELECT $1, 'leased', s, 0 FROM generate_series(0, 15) s ON CONFLICT DO NOTHING",
        target,
    )


# --- Claims --------------------------------------------------------------------------------------


async def test_a_deadlock_in_the_middle_of_a_claim_leaves_no_lease_lying(url, database):
    """
    A suspect was leased by itself and the others were not: whoever claimed has every lease that there is.
    """
    async with PostgresqlQueue(url, settings=PostgresqlSettings(suspect_s=0.0)) as queue:
        await queue.put([Delivery(event_id="suspect", webhook="w", target="s")])
        await queue.put([Delivery(event_id=f"e{n}", webhook="w", target="t") for n in range(3)])
        await database.execute(
            "UPDATE delivery SET state = 'waiting', crashes = 2, reason = 'suspect' WHERE target = 's'"
        )
        blocking = database.transaction()
        await blocking.start()
        await keep_from_counting(database, "t")

        claiming = asyncio.create_task(queue.claim(10, lease_s=LONG_S, wait_s=PATIENCE_S))
        await waits_for_a_lock(database)
        await database.fetch(
            "SELECT 1 FROM delivery WHERE target = 't' FOR UPDATE"
        )  # a deadlock: the claim ends
        await blocking.rollback()
        leases = await claiming
        leased = await database.fetch(
            "SELECT id || '.' || token AS token FROM delivery WHERE state = 'leased'"
        )

        assert "suspect" in {lease.event_id for lease in leases}
        assert {lease.token for lease in leases} == {row["token"] for row in leased}


async def test_a_lease_that_was_made_after_its_claim_was_given_up_goes_back(
    url, database, network, postgresql
):
    """
    The statement waited for a lock while the network was cut, and was committed when nobody listened any more.
    """
    async with behind(network, postgresql, url, patience_s=0.5) as queue:
        await queue.put([Delivery(event_id="e1", webhook="w", target="t")])
        blocking = database.transaction()
        await blocking.start()
        await keep_from_counting(database, "t")
        claiming = asyncio.create_task(queue.claim(1, lease_s=LONG_S))
        await waits_for_a_lock(database)
        network.stall()
        with pytest.raises(QueueUnavailable):
            await claiming
        network.flow()
        assert () == await queue.claim(1, lease_s=LONG_S)  # it looked, and there was nothing yet
        await blocking.rollback()
        began = time.monotonic()

        (lease,) = await queue.claim(1, lease_s=LONG_S, wait_s=PATIENCE_S)

        assert ("e1", 1, False) == (lease.event_id, lease.attempt, lease.maybe_delivered)
        assert time.monotonic() - began < LONG_S / 3
