"""
What changed, told to whoever works with what the store holds.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select, update

from webhook_engine.store import tables

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from webhook_engine.store.database import Database


CHANNEL: Final = "webhook_engine_changes"
"""Where PostgreSQL tells other processes that something changed."""


SAID: Final = "webhook_engine_said"
"""Option of a connection in a transaction: the channels on which it says something."""


class Topic(StrEnum):
    """
    What can change under a worker.
    """

    DEFINITIONS = "definitions"
    VAULT = "vault"
    KEYS = "keys"
    USERS = "users"


class Changes:
    """
    How often each topic changed; the numbers are the store's, so they outlive a process and reach across them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers = dict.fromkeys(Topic, -1)
        self._next = asyncio.Event()
        self._refresh: dict[Topic, list[Callable[[], Awaitable[None]]]] = {topic: [] for topic in Topic}

    def follow(self, topic: Topic, refresh: Callable[[], Awaitable[None]]) -> None:
        """
        Have *refresh* called whenever the topic changed, before anybody is told so; in the order in which they follow.
        """
        self._refresh[topic].append(refresh)

    async def catch_up(self) -> None:
        """
        Take note of what changed in the store since this was last called, whoever changed it.
        """
        async with self._database.read() as connection:
            rows = (await connection.execute(select(tables.change.c.topic, tables.change.c.number))).all()
        for name, number in rows:
            topic = Topic(name)
            if self._numbers[topic] < number:
                for refresh in self._refresh[topic]:
                    await refresh()
                self._tell(topic, number)

    def number(self, topic: Topic) -> int:
        """
        How often the topic has changed, as far as this process knows.
        """
        return self._numbers[topic]

    async def after(self, topic: Topic, seen: int) -> int:
        """
        Waits until the topic's number is another than *seen*.
        """
        while self._numbers[topic] == seen:
            await self._next.wait()
        return self._numbers[topic]

    def _tell(self, topic: Topic, number: int) -> None:
        # Another task may have caught up further meanwhile.
        if self._numbers[topic] < number:
            self._numbers[topic] = number
            woken, self._next = self._next, asyncio.Event()
            woken.set()


async def count_up(connection: AsyncConnection, *topics: Topic) -> None:
    """
    Count a change of each topic, within the transaction that makes it; `Changes.catch_up` follows it.
    """
    await connection.execute(
        update(tables.change)
        .where(tables.change.c.topic.in_([topic.value for topic in topics]))
        .values(number=tables.change.c.number + 1)
    )
    await say(connection, CHANNEL)


async def say(connection: AsyncConnection, channel: str) -> None:
    """
    Have other processes told on a channel when the transaction is committed, where there are any.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_notify(channel, "")))
        connection.sync_connection.get_execution_options()[SAID].add(channel)  # type: ignore[union-attr]  # it is open
