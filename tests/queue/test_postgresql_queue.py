"""
The queue on PostgreSQL keeps the promises of every delivery queue.
"""

import pytest

from webhook_engine.queue import PostgresqlQueue
from webhook_engine.testing.queue_contract import DeliveryQueueContract


class TestPostgresqlQueue(DeliveryQueueContract):
    """
    The PostgreSQL queue keeps the queue's promises.
    """

    @pytest.fixture
    async def queue(self, url):
        async with PostgresqlQueue(url) as queue:
            yield queue
