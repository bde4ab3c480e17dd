"""
A document stays as long as a delivery may name it.
"""

import asyncio

import pytest

from webhook_engine.queue import AttemptRecord, Delivery, QueueSettings, SqliteQueue, State

PATIENCE_S = 20
OK = AttemptRecord(outcome="ok", status=200)


def delivery(event):
    return Delivery(event_id=event, webhook="Note", target="crm.example.com:443")


async def test_a_document_that_nothing_can_name_is_forgotten(tmp_path):
    """
    With the last delivery from before the next one came.
    """
    path = tmp_path / "queue.db"
    async with SqliteQueue(path) as queue:
        await queue.keep("v1", "as it was")
        await queue.put([delivery("e1")])
        (lease,) = await queue.claim(1, lease_s=60)
        await queue.done(lease, OK)
    async with SqliteQueue(path) as queue:
        await queue.keep("v2", "as it is")
        await queue.put([delivery("e2")])
        before = await queue.kept("v1")
    async with SqliteQueue(path, settings=QueueSettings(keep_done_s=0)) as queue:
        async with asyncio.timeout(PATIENCE_S):
            while len((await queue.list()).deliveries) > 1:
                await asyncio.sleep(0.01)

    async with SqliteQueue(path) as queue:
        found = [await queue.kept(name) for name in ("v1", "v2")]

    assert ("as it was", [None, "as it is"]) == (before, found)


async def test_a_document_in_use_outlives_younger_ones(tmp_path):
    """
    Several who put deliveries may each name one of their own, in any order.
    """
    path = tmp_path / "queue.db"
    async with SqliteQueue(path) as queue:
        await queue.keep("mine", "mine")
        await queue.keep("yours", "yours")
        await queue.put([delivery("e1")])

    for _ in range(2):
        async with SqliteQueue(path) as queue:
            found = await queue.kept("mine")

    assert "mine" == found


@pytest.mark.parametrize(
    "older",
    [
        "DROP TABLE document; DROP INDEX delivery_dead; PRAGMA user_version = 1",
        "DROP INDEX delivery_dead; PRAGMA user_version = 2",
    ],
    ids=["1", "2"],
)
async def test_a_queue_of_an_earlier_version_is_opened(tmp_path, older):
    """
    Its deliveries are there, documents can be kept, and dead letters are found.
    """
    import apsw

    path = tmp_path / "queue.db"
    async with SqliteQueue(path) as queue:
        await queue.put([delivery("e1")])
    db = apsw.Connection(str(path))
    db.execute(older)
    db.close()

    async with SqliteQueue(path) as queue:
        await queue.keep("v1", "as it was")
        found = (await queue.kept("v1"), len((await queue.list()).deliveries))
        dead = await queue.list(state=State.DEAD, webhook="hook")

    assert ("as it was", 1) == found
    assert () == dead.deliveries
