"""
The queue on SQLite keeps the promises of every delivery queue.
"""

import pytest

from webhook_engine.queue import SqliteQueue
from webhook_engine.testing.queue_contract import DeliveryQueueContract


class TestSqliteQueue(DeliveryQueueContract):
    """
    The SQLite queue keeps the queue's promises.
    """

    @pytest.fixture
    async def queue(self, tmp_path):
        async with SqliteQueue(tmp_path / "queue.db") as queue:
            yield queue
