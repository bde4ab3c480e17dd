"""
Whoever stands still or is cut off keeps the others from nothing for longer than some seconds.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time

import asyncpg
import pytest

from webhook_engine.errors import QueueUnavailable
from webhook_engine.queue import Delivery, PostgresqlQueue, PostgresqlSettings
from webhook_engine.queue.postgresql.connecting import IDLE_S, Link, Server

LONG_S, PATIENCE_S = 60, 60

FROZEN = """
import asyncio, os, signal, sys
from webhook_engine.queue import PostgresqlQueue

async def freeze(db, maybe_done):
    async with db.transaction():
        await db.execute("INSERT INTO tally SELECT 't', 'leased', s, 1 FROM generate_series(0, 15) s ON CONFLICT DO NOTHING")
        if not maybe_done:
            print("frozen", flush=True)
            os.kill(os.getpid(), signal.SIGSTOP)
    return maybe_done

async def main():
    async with PostgresqlQueue(sys.argv[1]) as queue:
        print("done again:", await queue._asking.run(freeze, patience_s=60), flush=True)

asyncio.run(main())
"""


async def test_a_process_that_is_frozen_in_a_transaction_stops_nobody_for_long(url):
    """
    The server undoes what it was doing; when it goes on it does that again, on another connection.
    """
    async with PostgresqlQueue(url) as queue:
        await queue.put([Delivery(event_id="e1", webhook="w", target="t")])
        frozen = subprocess.Popen([sys.executable, "-c", FROZEN, url], stdout=subprocess.PIPE, text=True)
        assert "frozen\n" == await asyncio.to_thread(frozen.stdout.readline)
        began = time.monotonic()

        lease = await asyncio.wait_for(claimed(queue), PATIENCE_S)
        took_s = time.monotonic() - began
        # The counts of the others are there: only the frozen one's were undone.
        await queue.release(lease)
        os.kill(frozen.pid, signal.SIGCONT)
        told = await asyncio.to_thread(frozen.stdout.read)

    frozen.stdout.close()
    await asyncio.to_thread(frozen.wait, PATIENCE_S)
    assert "e1" == lease.event_id
    assert 1 < took_s < 3 * IDLE_S
    assert "done again: True\n" == told


async def claimed(queue):
    while True:
        try:
            (lease,) = await queue.claim(1, lease_s=LONG_S, wait_s=PATIENCE_S)
            return lease
        except QueueUnavailable:
            await asyncio.sleep(0.1)


# --- What others set ---------------------------------------------------------------------------------


@pytest.fixture
async def set_otherwise(url):
    """
    A role whose statements would wait, fail and look otherwise than ours are meant to.
    """
    database = await asyncpg.connect(url)
    name = f"otherwise_{url.rpartition('=')[2]}"
    await database.execute(f"CREATE ROLE {name} SUPERUSER LOGIN")
    for setting in ("default_transaction_isolation = 'serializable'", "lock_timeout = '50ms'"):
        await database.execute(f"ALTER ROLE {name} SET {setting}")
    yield url.replace("postgres@", f"{name}@")
    await database.execute(f"DROP OWNED BY {name} CASCADE")
    await database.execute(f"DROP ROLE {name}")
    await database.close()


async def test_what_the_owner_set_for_a_user_changes_nothing(set_otherwise):
    """
    Statements see what was committed before them, and a lock that was not had in time is asked for again.
    """
    async with PostgresqlQueue(set_otherwise) as queue:
        link = Link(Server(set_otherwise, PostgresqlSettings()))
        other = await asyncpg.connect(set_otherwise)
        await queue.put([Delivery(event_id="e1", webhook="w", target="t")])
        isolation = await link.run(lambda db, _: db.fetchval("SHOW transaction_isolation"), patience_s=5)
        blocking = other.transaction()
        await blocking.start()
        await other.execute("INSERT INTO tally SELECT 't', 'leased', s, 0 FROM generate_series(0, 15) s")

        claiming = asyncio.create_task(queue.claim(1, lease_s=LONG_S, wait_s=PATIENCE_S))
        await asyncio.sleep(0.5)
        await blocking.rollback()
        (lease,) = await claiming
        await link.close()
        await other.close()

    assert ("read committed", "e1") == (isolation, lease.event_id)


async def test_the_server_itself_gives_up_what_takes_too_long(url):
    """
    Also where whoever asked is cut off and cannot call it back.
    """
    link = Link(Server(url, PostgresqlSettings(statement_s=0.3)))

    told = await link.run(lambda db, _: db.fetchval("SHOW statement_timeout"), patience_s=5)
    await link.close()

    assert "300ms" == told
