"""
Hints to other processes that there is something new in the database: a second way beside the database's own bell.

They hold nothing, may be lost, and may come twice; whoever hears one looks. Whoever was cut off for a while looks, too.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from webhook_engine.errors import NatsUnavailable
from webhook_engine.nats.connecting import stay_connected

if TYPE_CHECKING:
    from collections.abc import Callable

    from nats.aio.client import Client
    from nats.aio.msg import Msg

_BETWEEN_S: Final = 0.01
"""Between two hints on one channel."""

BEAT_S: Final = 1.0
"""Whoever heard nothing for so long says something, to all: so it is about once a second, however many they are."""

_UNHEARD: Final = 3
"""So often without hearing anything then, and the subscription is dead. What was told meanwhile is found by looking,
which whoever waits for it does every second."""

_BEAT: Final = "beat"


class Hints:
    """
    Tells other processes on the same database, and hears them, while `run` runs.
    """

    def __init__(self, address: str, database: str) -> None:
        """
        Args:
            database: Its address; processes may reach it by different hosts.
        """
        self._address = address
        self._subject = f"webhook-engine.{_digest(database)}"
        self._me = secrets.token_hex(8).encode()
        self._heard: dict[str, Callable[[], None]] = {}
        self._to_tell: set[str] = set()
        self._stir = asyncio.Event()
        self._heard_at = 0.0
        self._beats = 0
        """Said since anything was heard."""

    def join(self, channel: str, heard: Callable[[], None]) -> None:
        """
        Have *heard* called when another process told of a channel, and when it may have.
        """
        self._heard[channel] = heard

    def tell(self, channel: str) -> None:
        """
        There is something new; returns at once.
        """
        self._to_tell.add(channel)
        self._stir.set()

    async def run(self) -> None:
        """
        Goes on until it is cancelled.
        """
        await stay_connected(self._address, self._work, wanted_for="hints")

    async def _work(self, client: Client) -> None:
        await client.subscribe(f"{self._subject}.*", cb=self._hear)
        self._heard_at, self._beats = time.monotonic(), 0
        for heard in self._heard.values():
            heard()
        while True:
            # Apart from the others, who need not say anything where this one did.
            late_s = BEAT_S * random.uniform(0, 0.25)  # noqa: S311  # no secret
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, self._due_s()) + late_s):
                    await self._stir.wait()
            self._stir.clear()
            some, self._to_tell = self._to_tell, set()
            for channel in (*some, *self._beat()):
                await client.publish(f"{self._subject}.{channel}", self._me)
            if some:
                await asyncio.sleep(_BETWEEN_S)

    def _due_s(self) -> float:
        """
        Until something is to be said so that something is heard.
        """
        return self._heard_at + BEAT_S * (1 + self._beats) - time.monotonic()

    def _beat(self) -> tuple[str, ...]:
        if self._due_s() > 0:
            return ()
        if self._beats >= _UNHEARD:
            raise NatsUnavailable(address=self._subject, why="what is told is not heard any more")
        self._beats += 1
        return (_BEAT,)

    async def _hear(self, message: Msg) -> None:
        self._heard_at, self._beats = time.monotonic(), 0
        if message.data != self._me and (heard := self._heard.get(message.subject.rpartition(".")[2])):
            heard()


def _digest(database: str) -> str:
    parts = urlsplit(database)
    return hashlib.sha256(f"{parts.path}?{parts.query}".encode()).hexdigest()[:12]
