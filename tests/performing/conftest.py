"""
A queue on disk, and somebody who performs what is in it.
"""

import pytest

from tests.performing.work import Clock, Settled, Worker
from webhook_engine.performing import Breakers, BreakerSettings, Performer
from webhook_engine.queue import QueueSettings, SqliteQueue


@pytest.fixture
async def queue(tmp_path):
    async with SqliteQueue(tmp_path / "queue.db", settings=QueueSettings(suspect_s=0.01)) as queue:
        yield queue


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def worker():
    return Worker()


@pytest.fixture
async def settled():
    return Settled()


@pytest.fixture
def performer(queue, worker, settled, clock):
    """
    Makes a performer whose waits are the longest and whose breakers go by the test's clock.
    """

    def make(*, slots=10, on=queue, **facts):
        breakers = Breakers(BreakerSettings(slots=slots), clock=clock)
        facts.setdefault("roll", lambda: 1.0)
        return Performer(on, worker, breakers=breakers, on_settled=settled, **facts)

    return make
