"""
Where `emit` hands events in: to a running process, into the delivery queue itself, or to NATS.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from webhook_engine.cli.asking import AskingFailed
from webhook_engine.cli.inputs import BadInput, load
from webhook_engine.cli.lines import WrongLine
from webhook_engine.cli.opening import owning_or_asking, tenant_of
from webhook_engine.errors import DeliveryTooLarge, NotFound

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from webhook_engine.cli.asking import Client
    from webhook_engine.cli.lines import Told
    from webhook_engine.definitions import Definitions
    from webhook_engine.deliveries import Deliveries
    from webhook_engine.nats import Publisher
    from webhook_engine.queue import DeliveryQueue
    from webhook_engine.rules import RuleSet
    from webhook_engine.settings import Settings
    from webhook_engine.store import Store

_TRIES: Final = 30
"""With a busy process, a second or two apart."""

_WRONG: Final = frozenset({413, 422})
_LATER: Final = frozenset({429, 503})


@dataclass(slots=True)
class Taken:
    """
    What came of events that were handed in.
    """

    events: int = 0
    deliveries: int = 0
    wrong: list[WrongLine] = field(default_factory=list)


class Intake(Protocol):
    """
    Takes events in.
    """

    async def take(self, told: Sequence[Told]) -> Taken:
        """
        Returns when they are on the disk.

        Raises:
            WebhookEngineError: It takes no events at present; those of before are safe.
        """


@asynccontextmanager
async def intake(settings: Settings, definitions: Path | None) -> AsyncIterator[Intake]:
    """
    The running process that has the store, or else the delivery queue, opened by this command.

    Args:
        definitions: For the queue; the store's where left out.

    Raises:
        StoreOwned: Another process has the store and cannot be asked.
        SettingsError: The deliveries there are another tenant's.
        BadInput: There are no definitions, or the process that has the store takes no events.
    """
    async with owning_or_asking(settings, makes=True) as (store, client):
        if client is not None:
            if not client.running.has_service:
                raise BadInput(
                    f"process {client.running.pid} has the store and runs the XML API alone, which takes no events: "
                    "end it and start `webhook-engine up`, which does both"
                )
            yield AskedIntake(client)
            return
        assert store is not None  # noqa: S101  # one or the other
        from webhook_engine.deliveries import Deliveries
        from webhook_engine.line import Lines
        from webhook_engine.performing import Holds
        from webhook_engine.process.owning import claim
        from webhook_engine.queue import open_queue
        from webhook_engine.rules import RuleSet
        from webhook_engine.versions import Versions

        found = load(definitions) if definitions is not None else await _in_force(store, settings)
        tenant = found.tenant.name or settings.tenant or ""
        rules = RuleSet(found)
        secrets = store.secrets(tenant, folder=found.folder)
        deliveries = Deliveries(Lines(found, secrets), rules, Holds(), Versions(secrets))
        async with open_queue(settings.deliveries) as queue:
            await claim(queue, tenant, where=settings.database_name)
            yield OwnIntake(queue, rules, deliveries)


async def _in_force(store: Store, settings: Settings) -> Definitions:
    try:
        return (await store.definitions.load(await tenant_of(store, settings))).definitions
    except NotFound as error:
        raise BadInput(
            "no process runs here and the store has no definitions, so nobody knows what events start: "
            "start one with `webhook-engine up FILE`, or name the definitions with --definitions FILE"
        ) from error


class AskedIntake:
    """
    A running process.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    async def take(self, told: Sequence[Told]) -> Taken:
        """
        As `Intake.take`. Where one event is refused the others are handed in all the same.
        """
        body = b"\n".join(each.text for each in told)
        try:
            document = await self._sent(body)
        except AskingFailed as error:
            if error.status not in _WRONG:
                raise
            if len(told) > 1:
                half = len(told) // 2
                return _together(await self.take(told[:half]), await self.take(told[half:]))
            return Taken(wrong=[WrongLine(told[0].line, _why(error))])
        accepted = document["accepted"]
        return Taken(events=len(accepted), deliveries=sum(len(each["deliveries"]) for each in accepted))

    async def _sent(self, body: bytes) -> dict[str, list[dict[str, list[object]]]]:
        tries = 0
        while True:
            tries += 1
            try:
                found: dict[str, list[dict[str, list[object]]]] = await self._client.ask(
                    "POST", "/v1/events", body=body, content_type="application/x-ndjson"
                )
            except AskingFailed as error:
                if error.status not in _LATER or tries >= _TRIES:
                    raise
                await asyncio.sleep(max(error.after_s, 0.2))
            else:
                return found


def _together(one: Taken, other: Taken) -> Taken:
    return Taken(one.events + other.events, one.deliveries + other.deliveries, one.wrong + other.wrong)


def _why(error: AskingFailed) -> str:
    problems = error.document["error"]["problems"] if isinstance(error.document, dict) else []
    return "; ".join(f"{each['path']}: {each['message']}" for each in problems) or str(error)


class OwnIntake:
    """
    The delivery queue itself: what is durable is written down. Nobody looks at a screen, so nothing is shown.
    """

    def __init__(self, queue: DeliveryQueue, rules: RuleSet, deliveries: Deliveries) -> None:
        self._queue, self._rules, self._deliveries = queue, rules, deliveries

    async def take(self, told: Sequence[Told]) -> Taken:
        """
        As `Intake.take`.
        """
        started = [(each.event, self._rules.starts(each.event)) for each in told]
        try:
            made = await self._deliveries.put(started, self._queue)
        except DeliveryTooLarge as error:
            if len(told) > 1:
                half = len(told) // 2
                return _together(await self.take(told[:half]), await self.take(told[half:]))
            return Taken(wrong=[WrongLine(told[0].line, str(error))])
        return Taken(events=len(told), deliveries=sum(map(len, made)))


@asynccontextmanager
async def published(address: str, settings: Settings) -> AsyncIterator[Intake]:
    """
    JetStream, from which processes take them.

    Raises:
        NatsUnavailable: No server answers.
        NatsUnprepared: Nobody would take this tenant's events.
    """
    from webhook_engine.nats import open_publisher

    async with open_publisher(address, settings.tenant or "") as publisher:
        yield PublishedIntake(publisher)


class PublishedIntake:
    """
    What the events start, only the process knows that takes them.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    async def take(self, told: Sequence[Told]) -> Taken:
        """
        As `Intake.take`: JetStream has them.
        """
        await self._publisher.publish([(each.event.id, each.text) for each in told])
        return Taken(events=len(told))
