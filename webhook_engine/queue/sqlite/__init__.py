"""
The delivery queue of one process, in one SQLite file.
"""

from webhook_engine.queue.sqlite.clock import Clock
from webhook_engine.queue.sqlite.queue import SqliteQueue
from webhook_engine.queue.sqlite.settings import QueueSettings

__all__ = ["Clock", "QueueSettings", "SqliteQueue"]
