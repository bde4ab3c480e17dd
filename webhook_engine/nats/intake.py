"""
Call events out of JetStream: acknowledged when their deliveries are committed, and not before.

    EVENTS --pull--> messages --read--> events --notify--> [database] --> acknowledged
                        |                  |
                  no event: set aside   the database is away: given back
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from webhook_engine import log
from webhook_engine.errors import (
    DeliveryTooLarge,
    NatsUnprepared,
    QueueUnavailable,
    StoreUnavailable,
    StoreUncertain,
)
from webhook_engine.nats.connecting import TROUBLE, heed, stay_connected
from webhook_engine.nats.names import EVENTS, consumer_of
from webhook_engine.nats.preparing import ACK_WAIT_S, check
from webhook_engine.nats.pulling import Pull
from webhook_engine.nats.reading import NoEvent, Told, read
from webhook_engine.nats.refusing import give_back, refuse
from webhook_engine.nats.trying import LATELY_S, Tries

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from nats.aio.client import Client
    from nats.aio.msg import Msg

    from webhook_engine.variables import CallEvent

AT_ONCE: Final = 256
"""Messages that are asked for: those are on their way or in hand, and no more."""

_LATER_S: Final = 1.0
"""Until what the database did not take is given out again."""

_AFTER_S: Final = 0.1
"""By so much later than that the server has it ready."""

_CHECK_S: Final = 60.0
"""Between two looks at whether streams and consumers are still as they must be."""

_LAST_S: Final = 5.0
"""How long an end waits for a database that has events in hand and takes nothing."""

_LONGEST_LATER_S: Final = 60.0

_AWAY: Final = (QueueUnavailable, StoreUnavailable, StoreUncertain)
"""What says nothing about the events: what was kept after all is known by its id when it comes again."""

_CLAIMED_EVERY_S: Final = ACK_WAIT_S / 4
_LONGEST_IN_HAND_S: Final = 120.0
"""Whoever has messages in hand for longer hangs, and another worker is given them."""


class NatsIntake:
    """
    Takes one tenant's events in, for as long as `run` runs.
    """

    def __init__(
        self,
        address: str,
        notify: Callable[[Sequence[CallEvent]], Awaitable[object]],
        *,
        tenant: Callable[[], str],
        on_refused: Callable[[], None] = lambda: None,
    ) -> None:
        """
        Args:
            address: `nats://HOST:4222`, with commas between several servers.

            notify: Takes all events or none, and returns when what they start is on the disk.

            tenant: Whose events, as it is then.
        """
        self._address, self._notify, self._tenant, self._on_refused = address, notify, tenant, on_refused
        self._taken_at = -LATELY_S
        self._tries = Tries()

    async def run(self) -> None:
        """
        Goes on until it is cancelled; what is in hand then is finished, and what came besides is given back.
        """
        await stay_connected(self._address, self._work, wanted_for="events")

    async def _work(self, client: Client) -> None:
        tenant = self._tenant()
        await _checked(client, tenant)
        log.event("nats.taking", tenant=tenant)
        pull = Pull(client, EVENTS, consumer_of(tenant))
        try:
            async with pull:
                looked = time.monotonic()
                while self._tenant() == tenant:
                    if messages := await pull.some(AT_ONCE):
                        async with _in_hand(messages, pull):
                            await _finished(self._take(client, tenant, messages))
                    if time.monotonic() - looked > _CHECK_S:
                        looked = time.monotonic()
                        await _checked(client, tenant)
        finally:
            for message in pull.left():
                await give_back(message)

    async def _take(self, client: Client, tenant: str, messages: Sequence[Msg]) -> None:
        told: list[Told] = []
        for number, message in enumerate(messages, 1):
            try:
                told.append(read(message))
            except NoEvent as none:
                await self._refuse(client, tenant, message, none)
            if number % 100 == 0:
                await asyncio.sleep(0)
        often = [each for each in told if self._tries.is_suspect(each)]
        rest = [each for each in told if each not in often] if often else told
        if not rest or await self._hand_in(client, tenant, rest):
            # Whatever an event does that was given out so often, it does it to itself alone.
            await asyncio.gather(*(self._hand_in(client, tenant, [each]) for each in often))
            return
        await self._give_back(often)
        # What was given back comes before what is new, once its time has come: so a call's events keep their order.
        await asyncio.sleep(_LATER_S + _AFTER_S)

    async def _hand_in(self, client: Client, tenant: str, told: Sequence[Told]) -> bool:
        """
        Whether the database can be reached.
        """
        try:
            await self._notify([each.event for each in told])
        except _AWAY as error:
            log.event("events.given_back", count=len(told), why=str(error))
            await self._give_back(told)
            return False
        except Exception as error:
            if len(told) == 1:
                await self._fail(client, tenant, told[0], error)
                return True
            # One of them cannot be taken; the others must not suffer for it.
            half = len(told) // 2
            parts = [await self._hand_in(client, tenant, part) for part in (told[:half], told[half:])]
            return all(parts)
        self._taken_at = time.monotonic()
        self._tries.forget(told)
        for each in told:
            await _acknowledge(each.message)
        return True

    async def _give_back(self, told: Sequence[Told]) -> None:
        self._tries.returned(told)
        for each in told:
            await give_back(each.message, delay_s=_LATER_S)

    async def _fail(self, client: Client, tenant: str, told: Told, error: Exception) -> None:
        times = self._tries.failed(told, taken_at=self._taken_at, now=time.monotonic())
        if isinstance(error, DeliveryTooLarge) or self._tries.is_hopeless(told):
            none = NoEvent(f"{type(error).__name__}: {error}", where=type(error).__name__)
            await self._refuse(client, tenant, told.message, none)
            return
        logging.getLogger(log.NAME).warning("event.failed", exc_info=error)
        await give_back(told.message, delay_s=min(2.0**times, _LONGEST_LATER_S))

    async def _refuse(self, client: Client, tenant: str, message: Msg, none: NoEvent) -> None:
        if await refuse(client, tenant, message, why=none.why, where=none.where):
            self._on_refused()


async def _checked(client: Client, tenant: str) -> None:
    problem = await check(client, tenant)
    heed()
    if problem:
        raise NatsUnprepared(problem=problem)


@asynccontextmanager
async def _in_hand(messages: Sequence[Msg], pull: Pull) -> AsyncIterator[None]:
    """
    Within this no other worker is given these messages, nor what came behind them, however long committing takes.
    """
    claiming = asyncio.create_task(_claimed(messages, pull))
    try:
        yield
    finally:
        claiming.cancel()
        await asyncio.wait({claiming})


async def _claimed(messages: Sequence[Msg], pull: Pull) -> None:
    for _ in range(round(_LONGEST_IN_HAND_S / _CLAIMED_EVERY_S)):
        await asyncio.sleep(_CLAIMED_EVERY_S)
        for message in (*messages, *pull.waiting):
            if not message.is_acked:
                with suppress(*TROUBLE):
                    await message.in_progress()


async def _finished(work: Awaitable[None]) -> None:
    """
    Awaits *work* to its end, also where we are to stop meanwhile; then for no longer than a database may take.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=_LAST_S)
        if not task.done():
            # The database may have them, or not: what is not acknowledged comes again, and is known by its id.
            task.cancel()
        elif not task.cancelled():
            task.exception()  # what is not acknowledged comes again
        raise


async def _acknowledge(message: Msg) -> None:
    try:
        await message.ack()
    except TROUBLE:
        return  # it comes again, and the database knows it
