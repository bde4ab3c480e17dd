"""
Hints to other processes that there is something new in the database: a second way beside the database's own bell.

They hold nothing, may be lost, and may come twice; whoever hears one looks. Whoever was cut off for a while looks, too.
"""

from __future__ import annotations

import asyncio
import hashlib
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

BEAT_S: Final = 5.0
"""Between two hints to oneself: where one is not heard, nothing is, and the subscription is made anew."""

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
        self._beat_at = 0.0

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
        self._beat_at = time.monotonic()
        for heard in self._heard.values():
            heard()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await self._stir.wait()
            self._stir.clear()
            some, self._to_tell = self._to_tell, set()
            for channel in (*some, *([] if some else [_BEAT])):
                await client.publish(f"{self._subject}.{channel}", self._me)
            if time.monotonic() - self._beat_at > 2.5 * BEAT_S:
                raise NatsUnavailable(address=self._subject, why="what is told is not heard any more")
            await asyncio.sleep(_BETWEEN_S)

    async def _hear(self, message: Msg) -> None:
        if message.data == self._me:
            self._beat_at = time.monotonic()
        elif heard := self._heard.get(message.subject.rpartition(".")[2]):
            heard()


def _digest(database: str) -> str:
    parts = urlsplit(database)
    return hashlib.sha256(f"{parts.path}?{parts.query}".encode()).hexdigest()[:12]
