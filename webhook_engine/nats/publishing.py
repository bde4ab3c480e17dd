"""
Call events into JetStream, for `emit` and for dialers in Python.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from webhook_engine.errors import NatsUnavailable, NatsUnprepared
from webhook_engine.nats.connecting import TROUBLE, connected_to_any, shown
from webhook_engine.nats.names import subject_of
from webhook_engine.nats.preparing import API_S, check

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from nats.js.api import PubAck

_TRIES: Final = 30
"""A second apart: as long as a cluster may take to find new leaders."""

_AGAIN_S: Final = 1.0


class Published(NamedTuple):
    """
    What became of events.
    """

    events: int

    repeated: int
    """How many of them JetStream knew already."""


class Publisher:
    """
    Publishes one tenant's events, each until JetStream has it.
    """

    def __init__(self, address: str, tenant: str) -> None:
        self._address, self._tenant = address, tenant
        self._opened = AsyncExitStack()

    async def open(self) -> None:
        """
        Raises:
            NatsUnavailable: No server answers.
            NatsUnprepared: Nobody would take this tenant's events.
        """
        client = await self._opened.enter_async_context(connected_to_any(self._address))
        if problem := await check(client, self._tenant):
            raise NatsUnprepared(problem=problem)
        self._js = client.jetstream(timeout=API_S)

    async def close(self) -> None:
        await self._opened.aclose()

    async def publish(self, events: Sequence[tuple[str, bytes]]) -> Published:
        """
        Returns when JetStream has all of them; the same again is known by its id for ten minutes, and by the
        database for good.

        Args:
            events: The id of each, and the event as JSON.

        Raises:
            NatsUnavailable: It did not take all of them, for half a minute; publish them again later.
        """
        left, repeated, tries = list(events), 0, 0
        while left:
            found = await asyncio.gather(*(self._one(*each) for each in left), return_exceptions=True)
            failed = [each for each in found if isinstance(each, BaseException)]
            repeated += sum(bool(each.duplicate) for each in found if not isinstance(each, BaseException))
            left = [each for each, one in zip(left, found, strict=True) if isinstance(one, BaseException)]
            if failed:
                tries += 1
                await self._recover(failed[0], is_last=tries >= _TRIES)
        return Published(len(events), repeated)

    async def _one(self, event_id: str, document: bytes) -> PubAck:
        known_by = hashlib.sha256(f"{self._tenant}\0{event_id}".encode()).hexdigest()[:32]
        return await self._js.publish(subject_of(self._tenant), document, headers={"Nats-Msg-Id": known_by})

    async def _recover(self, error: BaseException, *, is_last: bool) -> None:
        if not isinstance(error, TROUBLE):
            raise error
        if is_last:
            why = getattr(error, "description", None) or str(error) or type(error).__name__
            raise NatsUnavailable(address=shown(self._address), why=why) from error
        await asyncio.sleep(_AGAIN_S)
        await self.close()
        try:
            await self.open()
        except NatsUnavailable:
            return  # the next try finds no connection either, and comes back here


@asynccontextmanager
async def open_publisher(address: str, tenant: str) -> AsyncIterator[Publisher]:
    """
    Raises:
        NatsUnavailable: No server answers.
        NatsUnprepared: Nobody would take this tenant's events.
    """
    publisher = Publisher(address, tenant)
    try:
        await publisher.open()
        yield publisher
    finally:
        await publisher.close()
