"""
The delivery queue of many processes, in one PostgreSQL database.
"""

from webhook_engine.queue.postgresql.queue import PostgresqlQueue
from webhook_engine.queue.postgresql.settings import PostgresqlSettings

__all__ = ["PostgresqlQueue", "PostgresqlSettings"]
