"""
The queue on PostgreSQL keeps the promises of every delivery queue.
"""

import pytest

from webhook_engine.queue import PostgresqlQueue, PostgresqlSettings
from webhook_engine.testing.delivery_queue.common import SOON_S
from webhook_engine.testing.queue_contract import DeliveryQueueContract


class TestPostgresqlQueue(DeliveryQueueContract):
    """
    The PostgreSQL queue keeps the queue's promises.
    """

    @pytest.fixture
    async def queue(self, url):
        async with PostgresqlQueue(url, settings=PostgresqlSettings(suspect_s=SOON_S)) as queue:
            yield queue
