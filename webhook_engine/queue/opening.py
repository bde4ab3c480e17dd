"""
The delivery queue that an address means.
"""

from __future__ import annotations

from os import fspath
from typing import TYPE_CHECKING

from webhook_engine.settings import is_postgresql

if TYPE_CHECKING:
    from os import PathLike

    from webhook_engine.queue.postgresql import PostgresqlQueue
    from webhook_engine.queue.sqlite import SqliteQueue


def open_queue(where: str | PathLike[str]) -> SqliteQueue | PostgresqlQueue:
    """
    A queue to enter: in a PostgreSQL database (`postgresql://…`), or in a file.
    """
    address = fspath(where)
    if is_postgresql(address):
        from webhook_engine.queue.postgresql import PostgresqlQueue

        return PostgresqlQueue(address)
    from webhook_engine.queue.sqlite import SqliteQueue

    return SqliteQueue(address)
