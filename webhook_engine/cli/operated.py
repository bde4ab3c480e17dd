"""
The deliveries that `deliveries` works on: of a running process, or in the file itself.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import quote

from webhook_engine.cli.asking import AskingFailed
from webhook_engine.cli.opening import owning_or_asking, tenant_of
from webhook_engine.errors import DefinitionError, NotFound, QueueError
from webhook_engine.queue import AttemptReport, DeliveryPage, DeliveryReport, Hold, State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from webhook_engine.cli.asking import Client
    from webhook_engine.dispatch import SecretStore
    from webhook_engine.queue import DeliveryQueue
    from webhook_engine.settings import Settings
    from webhook_engine.store import Store


class Operated(Protocol):
    """
    What an operator needs of a `DeliveryQueue`.
    """

    async def list(
        self,
        *,
        state: State | None = None,
        webhook: str | None = None,
        target: str | None = None,
        event_id: str | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> DeliveryPage:
        """
        As `DeliveryQueue.list`.
        """

    async def show(self, delivery: str) -> DeliveryReport:
        """
        As `DeliveryQueue.show`.
        """

    async def revive(self, ids: Collection[str], *, expires_s: float | None = None) -> int:
        """
        As `DeliveryQueue.revive`.
        """

    async def drop(self, ids: Collection[str], *, reason: str = "dropped") -> int:
        """
        As `DeliveryQueue.drop`.
        """

    async def holds(self) -> tuple[Hold, ...]:
        """
        As `DeliveryQueue.holds`.
        """

    async def resume(self, webhook: str, *, reasons: Collection[str], forget: bool = False) -> int:
        """
        As `DeliveryQueue.resume`.
        """


@asynccontextmanager
async def operated(settings: Settings) -> AsyncIterator[Operated]:
    """
    Deliveries as they stand: asked of the running process, or out of the file or the database.

    Raises:
        QueueError: There are none.
        StoreOwned: Another process has them and cannot be asked; it is named.
    """
    if not settings.is_shared and not settings.deliveries_path.exists():
        raise QueueError(
            f"there are no deliveries here: {settings.deliveries_path} is not there; `webhook-engine up` makes it"
        )
    async with owning_or_asking(settings, makes=True) as (store, client):
        # A process that runs the XML API alone has the store and not the deliveries.
        if client is not None and client.running.has_service:
            yield AskedDeliveries(client)
            return
        from webhook_engine.queue import open_queue

        async with open_queue(settings.deliveries) as queue:
            # Whatever else is asked of it, the queue itself answers.
            yield cast("Operated", OwnDeliveries(queue, store, settings))


class OwnDeliveries:
    """
    Those in the file or the database itself; one is shown without the secrets of its definitions.
    """

    def __init__(self, queue: DeliveryQueue, store: Store | None, settings: Settings) -> None:
        self._queue, self._store, self._settings = queue, store, settings

    def __getattr__(self, name: str) -> object:
        return getattr(self._queue, name)

    async def show(self, delivery: str) -> DeliveryReport:
        """
        As `Operated.show`; secrets that this command cannot read stay where they are.
        """
        from webhook_engine.definitions import read_text
        from webhook_engine.dispatch import LocalSecrets
        from webhook_engine.explaining import shown_report

        report = await self._queue.show(delivery)
        document = await self._queue.kept(str(report.reference.get("version", "")))
        if document is None:
            return report
        try:
            definitions = await asyncio.to_thread(read_text, document)
        except DefinitionError:  # of an older program
            return report
        secrets: SecretStore = LocalSecrets()
        if self._store is not None:
            secrets = self._store.secrets(await tenant_of(self._store, self._settings))
        return await asyncio.to_thread(shown_report, report, secrets, definitions)


class AskedDeliveries:
    """
    Those of a running process.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    async def list(
        self,
        *,
        state: State | None = None,
        webhook: str | None = None,
        target: str | None = None,
        event_id: str | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> DeliveryPage:
        """
        As `Operated.list`.
        """
        stated = {
            "state": state,
            "webhook": webhook,
            "target": target,
            "event": event_id,
            "limit": str(limit),
            "after": after,
        }
        query = {name: str(value) for name, value in stated.items() if value is not None}
        found = await self._client.get("/v1/deliveries", **query)
        return DeliveryPage(tuple(_report(each) for each in found["deliveries"]), found["after"])

    async def show(self, delivery: str) -> DeliveryReport:
        """
        As `Operated.show`.
        """
        try:
            return _report(await self._client.get(f"/v1/deliveries/{quote(delivery, safe='')}"))
        except AskingFailed as error:
            if error.status == 404:
                raise NotFound("delivery", delivery) from error
            raise

    async def revive(self, ids: Collection[str], *, expires_s: float | None = None) -> int:
        """
        As `Operated.revive`.
        """
        document: dict[str, object] = {"ids": [*ids]}
        if expires_s is not None:
            document["expires_s"] = expires_s
        return int((await self._client.post("/v1/deliveries/replay", document))["replayed"])

    async def drop(self, ids: Collection[str], *, reason: str = "dropped") -> int:
        """
        As `Operated.drop`.
        """
        document = {"ids": [*ids], "reason": reason}
        return int((await self._client.post("/v1/deliveries/drop", document))["dropped"])

    async def holds(self) -> tuple[Hold, ...]:
        """
        As `Operated.holds`, without the revisions.
        """
        found = await self._client.get("/v1/holds")
        return tuple(
            Hold(
                webhook=each["webhook"],
                reason=each["reason"],
                revision="",
                since=datetime.fromisoformat(each["since"]),
            )
            for each in found["holds"]
        )

    async def resume(self, webhook: str, *, reasons: Collection[str], forget: bool = False) -> int:  # noqa: ARG002
        """
        As `Operated.resume`; the process knows the reasons.
        """
        return int((await self._client.post(f"/v1/webhooks/{quote(webhook, safe='')}/resume", {}))["resumed"])


def _report(document: dict[str, Any]) -> DeliveryReport:
    event = {name: document[name] for name in ("moment", "at", "call") if name in document}
    return DeliveryReport(
        id=document["id"],
        event_id=document["event"],
        webhook=document["webhook"],
        target=document["target"],
        state=State(document["state"]),
        put_at=datetime.fromisoformat(document["put_at"]),
        until=None if document["until"] is None else datetime.fromisoformat(document["until"]),
        attempts=document["attempts"],
        failures=document["failures"],
        reason=document["reason"],
        reference={"event": event} if event else {},
        records=tuple(
            AttemptReport(**each | {"at": datetime.fromisoformat(each["at"])})
            for each in document.get("records", ())
        ),
    )
