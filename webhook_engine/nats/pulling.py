"""
Pulls from a durable consumer: no more is on its way than was asked for, and no silence lasts.

The client's own `fetch` may wait for seconds where a message is there, and for good after a server went. Here each pull
ends by itself, is asked for anew, and one that nobody answers is noticed.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, Self

import orjson

from webhook_engine.errors import NatsUnavailable

if TYPE_CHECKING:
    from types import TracebackType

    from nats.aio.client import Client
    from nats.aio.msg import Msg

EXPIRES_S: Final = 1.0
"""How long the server keeps a pull; what a lost one costs."""

_LATE_S: Final = 0.5
"""How much later the word that it expired may come."""

SILENT_S: Final = 5.0
"""Without a word for so long, the subscription is dead."""

_MOST_BYTES: Final = 4 * 2**20
_AROUND: Final = 2**16
"""Bytes of a message beside what its publisher wrote: subjects, at the most."""


class Pull:
    """
    Messages of one consumer, while this is entered.
    """

    def __init__(self, client: Client, stream: str, consumer: str) -> None:
        self._client = client
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._inbox = client.new_inbox()
        self._number = self._open = 0
        self._until = 0.0
        self._came: list[Msg] = []
        self._stir = asyncio.Event()
        self._gone = ""

    async def __aenter__(self) -> Self:
        self._heard = time.monotonic()
        self._subscription = await self._client.subscribe(f"{self._inbox}.*", cb=self._hear)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._client.is_closed:
            await self._subscription.unsubscribe()

    async def some(self, most: int) -> list[Msg]:
        """
        What came, *most* messages or a few more; nothing after about a second without any.

        Raises:
            NatsUnavailable: The consumer is gone, or nobody says anything.
        """
        if not self._came:
            if self._open <= 0 or time.monotonic() > self._until:
                await self._ask(most)
            await self._wait()
        if not self._came and self._gone:
            raise NatsUnavailable(address=self._subject, why=self._gone)
        if time.monotonic() - self._heard > SILENT_S:
            raise NatsUnavailable(address=self._subject, why=f"nobody said anything for {SILENT_S:.0f} s")
        return self.left()

    def left(self) -> list[Msg]:
        """
        What came and was not taken yet.
        """
        came, self._came = self._came, []
        return came

    async def _ask(self, most: int) -> None:
        self._number += 1
        self._open, self._until = most, time.monotonic() + EXPIRES_S + _LATE_S
        # A message that does not fit would end every pull, and hide what is behind it for good.
        most_bytes = max(_MOST_BYTES, self._client.max_payload + _AROUND)
        wanted = {"batch": most, "expires": int(EXPIRES_S * 1e9), "max_bytes": most_bytes}
        await self._client.publish(self._subject, orjson.dumps(wanted), reply=f"{self._inbox}.{self._number}")

    async def _wait(self) -> None:
        self._stir.clear()
        try:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + self._until - time.monotonic()):
                await self._stir.wait()
        except TimeoutError:
            self._open = 0

    async def _hear(self, message: Msg) -> None:
        if (status := (message.headers or {}).get("Status")) is None:
            self._heard = time.monotonic()
            self._came.append(message)
            self._open -= 1
        elif status == "503":
            self._gone = "there is no such consumer, or no server that leads it"
        else:
            self._heard = time.monotonic()
            described = (message.headers or {}).get("Description", "")
            if "Deleted" in described:
                self._gone = "the consumer was deleted"
            # 404, 408 or 409: that pull is over, for one reason or another.
            if message.subject == f"{self._inbox}.{self._number}":
                self._open = 0
        self._stir.set()
