"""
The delivery queue that an address means.
"""

from __future__ import annotations

import asyncio
from os import fspath
from pathlib import Path
from typing import TYPE_CHECKING

from webhook_engine.settings import is_postgresql

if TYPE_CHECKING:
    from os import PathLike

    from webhook_engine.queue.postgresql import PostgresqlQueue
    from webhook_engine.queue.reports import Examination
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


async def examine(where: str | PathLike[str]) -> Examination | None:
    """
    What is in a queue, whoever has it; nothing is written, and nobody waits for it.

    Returns:
        None where there is none yet.

    Raises:
        QueueError: It cannot be used, and why.
    """
    address = fspath(where)
    if is_postgresql(address):
        from webhook_engine.queue.postgresql.examining import examine as examine_database

        return await examine_database(address)
    from webhook_engine.queue.sqlite.examining import examine as examine_file

    return await asyncio.to_thread(examine_file, Path(address))
