"""
The delivery queue: what is put here is on the disk, and leaves it only as done or dead.
"""

from typing import TYPE_CHECKING

from webhook_engine.queue.contract import DeliveryQueue
from webhook_engine.queue.delivery import Delivery, Order, Receipt, State, delivery_id
from webhook_engine.queue.lease import MAYBE_DELIVERED, AttemptRecord, AttemptReport, Ending, Lease
from webhook_engine.queue.opening import examine, open_queue
from webhook_engine.queue.reports import Bar, DeliveryPage, DeliveryReport, Examination, Hold, Spread, Stats

if TYPE_CHECKING:
    from webhook_engine.queue.postgresql import PostgresqlQueue, PostgresqlSettings
    from webhook_engine.queue.sqlite import QueueSettings, SqliteQueue

__all__ = [
    "MAYBE_DELIVERED",
    "AttemptRecord",
    "AttemptReport",
    "Bar",
    "Delivery",
    "DeliveryPage",
    "DeliveryQueue",
    "DeliveryReport",
    "Ending",
    "Examination",
    "Hold",
    "Lease",
    "Order",
    "PostgresqlQueue",
    "PostgresqlSettings",
    "QueueSettings",
    "Receipt",
    "Spread",
    "SqliteQueue",
    "State",
    "Stats",
    "delivery_id",
    "examine",
    "open_queue",
]


def __getattr__(name: str) -> object:
    # A database is loaded by whoever opens a queue on it, not by whoever states a delivery.
    if name in {"QueueSettings", "SqliteQueue"}:
        from webhook_engine.queue import sqlite

        return getattr(sqlite, name)
    if name in {"PostgresqlQueue", "PostgresqlSettings"}:
        from webhook_engine.queue import postgresql

        return getattr(postgresql, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
