"""
A lease is made longer for as long as somebody works on it.
"""

import asyncio
from datetime import UTC, datetime

import pytest

from tests.performing.work import PATIENCE_S
from webhook_engine.errors import LeaseLost, QueueUnavailable
from webhook_engine.performing.heartbeat import Heartbeat
from webhook_engine.queue import Lease


class Extended:
    """
    Notes what is extended, and refuses as told.
    """

    def __init__(self, *errors):
        self.extended = []
        self.errors = list(errors)
        self._changed = asyncio.Event()

    async def extend(self, lease, lease_s):
        self.extended.append((lease.id, lease_s))
        self._changed.set()
        if self.errors:
            raise self.errors.pop(0)

    async def until(self, count):
        async with asyncio.timeout(PATIENCE_S):
            while len(self.extended) < count:
                self._changed.clear()
                await self._changed.wait()


def a_lease(name):
    now = datetime.now(UTC)
    return Lease(name, "e", "CRM outcome", "crm", {}, None, 1, 0, False, now, token=f"token of {name}")


async def test_it_is_extended_again_and_again():
    """
    After each third of its time, by all of it.
    """
    queue = Extended()
    heartbeat = Heartbeat(queue, lease_s=0.03)
    heartbeat.add(a_lease("d1"))

    await queue.until(3)

    assert [("d1", 0.03)] * 3 == queue.extended[:3]
    heartbeat.close()


async def test_what_is_settled_is_not_extended():
    """
    One timer looks after all; what has ended in the meantime costs nothing.
    """
    queue = Extended()
    heartbeat = Heartbeat(queue, lease_s=0.03)
    ended, running = a_lease("ended"), a_lease("running")
    heartbeat.add(ended)
    heartbeat.add(running)
    heartbeat.remove(ended)

    await queue.until(2)

    assert {"running"} == {name for name, _ in queue.extended}
    heartbeat.close()


@pytest.mark.parametrize("error", [QueueUnavailable(path="q", why="no room")], ids=["no room"])
async def test_a_queue_that_cannot_write_is_asked_again(error):
    """
    Two thirds of the lease are left for that.
    """
    queue = Extended(error)
    heartbeat = Heartbeat(queue, lease_s=0.03)
    heartbeat.add(a_lease("d1"))

    await queue.until(2)

    heartbeat.close()


async def test_what_is_lost_is_let_go():
    """
    Somebody else has it; asking again would not bring it back.
    """
    queue = Extended(LeaseLost(delivery="lost", attempt=1))
    heartbeat = Heartbeat(queue, lease_s=0.03)
    heartbeat.add(a_lease("lost"))
    await queue.until(1)
    heartbeat.add(a_lease("held"))

    await queue.until(4)

    assert 1 == [name for name, _ in queue.extended].count("lost")
    heartbeat.close()
