"""
What changed, told to whoever works with what the store holds.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from webhook_engine.store import tables

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


class Topic(StrEnum):
    """
    What can change under a worker.
    """

    DEFINITIONS = "definitions"
    VAULT = "vault"
    KEYS = "keys"


class Changes:
    """
    How often each topic changed; the numbers are the store's, so they outlive a process and reach across them.
    """

    def __init__(self) -> None:
        self._numbers = dict.fromkeys(Topic, 0)
        self._next = asyncio.Event()

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

    def tell(self, topic: Topic, number: int) -> None:
        """
        Takes note of a number, and wakes whoever waits for it.
        """
        if self._numbers[topic] < number:
            self._numbers[topic] = number
            woken, self._next = self._next, asyncio.Event()
            woken.set()


async def count_up(connection: AsyncConnection, topic: Topic) -> int:
    """
    The topic's next number, within the transaction that changes it.
    """
    of_topic = tables.change.c.topic == topic.value
    await connection.execute(update(tables.change).where(of_topic).values(number=tables.change.c.number + 1))
    number: int = (await connection.execute(select(tables.change.c.number).where(of_topic))).scalar_one()
    return number


async def numbers(connection: AsyncConnection) -> dict[Topic, int]:
    """
    All of them, as they stand.
    """
    rows = await connection.execute(select(tables.change.c.topic, tables.change.c.number))
    return {Topic(topic): number for topic, number in rows}
