"""
Pulls from a durable consumer: no more is on its way than was asked for, and no silence lasts.

The client's own `fetch` may wait for seconds where a message is there, and for good after a server went. Here the
server says four times a second that a pull is known to it. Where it does not, whatever the reason, another subscription
is made beside the first on the same connection, which costs next to nothing where the first one was only slow.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

import orjson

from webhook_engine import log
from webhook_engine.errors import NatsUnavailable
from webhook_engine.nats.connecting import TROUBLE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

EXPIRES_S: Final = 5.0
"""How long the server keeps a pull."""

_BEAT_S: Final = 0.25
"""Between two words of the server on a pull for which there is nothing."""

DEAF_S: Final = 0.7
"""Without a word for so long, the subscription is taken for dead: what waits is taken within a second."""

SILENT_S: Final = 5.0
"""With none on another one either, the connection is dead, too."""

_IDLE_S: Final = 1.0
"""After so long whoever waits is told that there is nothing."""

_FAREWELL_S: Final = 1.0
"""For what is on its way when we stop."""

_TURN_S: Final = 0.1
"""What came while this process was busy is read within so long."""

_AGAIN_S: Final = 0.1
_REFUSED: Final = ("400", "409")

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
        self._subscriptions: list[tuple[float, Subscription]] = []
        """When each was made; the last one is asked on."""
        self._inbox = ""
        self._number = self._open = 0
        self._is_refused = False
        self._until = 0.0
        self._came: list[Msg] = []
        self._stir = asyncio.Event()
        self._gone = ""

    async def __aenter__(self) -> Self:
        self._heard = self._bound = time.monotonic()
        await self._bind()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """
        What was on its way until now is among what is `left`.
        """
        await self._release(*(each for _, each in self._subscriptions))
        self._subscriptions = []

    async def some(self, most: int) -> list[Msg]:
        """
        What came, *most* messages or a few more; nothing after about a second without any.

        Raises:
            NatsUnavailable: The consumer is gone, or nobody says anything.
        """
        if not self._came:
            if self._open <= 0 or time.monotonic() > self._until:
                await self._ask(most)
            await self._wait(most)
        if not self._came and self._gone:
            raise NatsUnavailable(address=self._subject, why=self._gone)
        return self.left()

    def left(self) -> list[Msg]:
        """
        What came and was not taken yet.
        """
        came, self._came = self._came, []
        return came

    @property
    def waiting(self) -> Sequence[Msg]:
        """
        The same, and it stays here.
        """
        return tuple(self._came)

    async def _ask(self, most: int) -> None:
        if self._is_refused:
            # As where too many others wait: it may be refused again at once.
            self._is_refused = False
            await asyncio.sleep(_AGAIN_S)
        self._number += 1
        now = time.monotonic()
        if self._open <= 0:
            # Nobody had anything to say: silence begins now.
            self._heard = self._bound = now
        self._open, self._until = most, now + EXPIRES_S
        # A message that does not fit would end every pull, and hide what is behind it for good.
        most_bytes = max(_MOST_BYTES, self._client.max_payload + _AROUND)
        wanted = {
            "batch": most,
            "expires": int(EXPIRES_S * 1e9),
            "max_bytes": most_bytes,
            "idle_heartbeat": int(_BEAT_S * 1e9),
        }
        await self._client.publish(self._subject, orjson.dumps(wanted), reply=f"{self._inbox}.{self._number}")

    async def _wait(self, most: int) -> None:
        """
        Until something came, the pull is over, or a second went by; through as many subscriptions as it takes.
        """
        began = time.monotonic()
        until = began + _IDLE_S
        self._stir.clear()
        while not self._stir.is_set() and (now := time.monotonic()) < until:
            deaf_at = max(self._heard + DEAF_S, self._bound + DEAF_S, began + _TURN_S)
            if now >= deaf_at:
                await self._bind_anew(most)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(min(until, deaf_at) - now):
                    await self._stir.wait()

    async def _bind(self) -> None:
        self._inbox = self._client.new_inbox()
        made = await self._client.subscribe(f"{self._inbox}.*", cb=self._hear)
        self._subscriptions.append((time.monotonic(), made))

    async def _bind_anew(self, most: int) -> None:
        now = time.monotonic()
        if now - self._heard > SILENT_S:
            raise NatsUnavailable(address=self._subject, why=f"nobody said anything for {SILENT_S:.0f} s")
        # What the earlier ones were only late with is welcome, until there cannot be any more of it.
        for made_at, each in self._subscriptions[:-1]:
            if now - made_at > EXPIRES_S:
                self._subscriptions.remove((made_at, each))
                await self._release(each)
        self._bound = now
        log.event("nats.deaf", wanted_for="events", silent_s=round(now - self._heard, 1))
        await self._bind()
        await self._ask(most)

    async def _release(self, *subscriptions: Subscription) -> None:
        if self._client.is_closed:
            return
        try:
            async with asyncio.timeout(_FAREWELL_S):
                await asyncio.gather(*map(_drained, subscriptions))
        except TROUBLE:
            return  # whatever was on its way comes again

    async def _hear(self, message: Msg) -> None:
        status = (message.headers or {}).get("Status")
        if status == "503":
            self._gone = "there is no such consumer, or no server that leads it"
            self._stir.set()
            return
        self._heard = time.monotonic()
        if status == "100":
            return
        if status is None:
            self._came.append(message)
            self._open -= 1
        else:
            described = (message.headers or {}).get("Description", "")
            if "Deleted" in described:
                self._gone = "the consumer was deleted"
            # 400, 404, 408 or 409: that pull is over, for one reason or another.
            if message.subject == f"{self._inbox}.{self._number}":
                self._open, self._is_refused = 0, status in _REFUSED
        self._stir.set()


async def _drained(subscription: Subscription) -> None:
    await subscription.drain()  # type: ignore[no-untyped-call]  # nats-py leaves its type out
