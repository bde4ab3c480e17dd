"""
A queue's tables looked into from outside, whoever works on them: nothing is written.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from webhook_engine.errors import QueueError
from webhook_engine.queue.postgresql import holding, telling
from webhook_engine.queue.postgresql.connecting import Server
from webhook_engine.queue.postgresql.schema import STEPS, number_of, too_new
from webhook_engine.queue.postgresql.settings import PostgresqlSettings
from webhook_engine.queue.reports import Examination, Stats

if TYPE_CHECKING:
    from webhook_engine.queue.delivery import State
    from webhook_engine.queue.postgresql.connecting import Connection


async def examine(url: str) -> Examination | None:
    """
    What is in the queue of the database at *url*; its files are the server's to check.

    Returns:
        None where no process made the tables yet.

    Raises:
        QueueError: A newer version wrote it, or a statement failed.
        QueueUnavailable: The server cannot be reached.
    """
    server = Server(url, PostgresqlSettings())
    try:
        db = await server.connect()
        try:
            return await _examined(db, server)
        finally:
            await db.close(timeout=1.0)
    except server.errors as error:
        raise server.refusal(error) from error


async def _examined(db: Connection, server: Server) -> Examination | None:
    number = await number_of(db, server.schema)
    if not number:
        return None
    if number > len(STEPS):
        raise QueueError(too_new(server.shown, number))
    targets, oldest_s, size = await telling.counts(db)
    states: Counter[State] = Counter()
    for each in targets.values():
        states.update(each)
    stats = Stats(states=states, targets=targets, oldest_ready_s=oldest_s, file_bytes=size)
    return Examination(schema=number, stats=stats, holds=await holding.read(db), damage=None, is_whole=False)
