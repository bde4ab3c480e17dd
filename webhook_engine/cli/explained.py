"""
The explanation of a delivery: asked of the running process, or out of the deliveries' file.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from webhook_engine.cli.asking import AskedStore, AskingFailed
from webhook_engine.cli.inputs import BadInput
from webhook_engine.cli.opening import open_store_or_service, owning_or_asking, tenant_of
from webhook_engine.errors import NotFound, QueueError
from webhook_engine.process.running import Running

if TYPE_CHECKING:
    from webhook_engine.cli.asking import Client
    from webhook_engine.cli.opening import Administered
    from webhook_engine.definitions import Definitions
    from webhook_engine.dispatch import SecretStore
    from webhook_engine.settings import Settings


async def explained(settings: Settings, delivery: str, definitions: Definitions | None) -> dict[str, Any]:
    """
    As `GET /v1/deliveries/{id}/explanation` answers.

    Args:
        definitions: Whose rules are asked; those in force where left out.

    Raises:
        NotFound: There is no such delivery.
        QueueError: There are no deliveries here.
        StoreOwned: Another process has them and cannot be asked; it is named.
        BadInput: The store holds no definitions, and none are given; or they are of a running process.
    """
    from webhook_engine.explaining import explain_delivery
    from webhook_engine.queue import open_queue
    from webhook_engine.service.explaining import document_of

    if not settings.is_shared and not settings.deliveries_path.exists():
        raise QueueError(
            f"there are no deliveries here: {settings.deliveries_path} is not there; `webhook-engine up` makes it"
        )
    async with owning_or_asking(settings, makes=True) as (store, client):
        # A process that runs the XML API alone has the store and not the deliveries.
        if client is not None and client.running.has_service:
            if definitions is not None:
                raise BadInput("a process is running and explains by its own definitions: leave out FILE")
            return await _asked(client, delivery)
        async with open_queue(settings.deliveries) as queue:
            report = await queue.show(delivery)
            held = definitions or await _in_force(store if client is None else AskedStore(client), settings)
            secrets = await _secrets(store, settings, held)
            return document_of(await explain_delivery(report, held, queue.kept, secrets=secrets))


async def recalled(settings: Settings, event: str, definitions: Definitions | None) -> dict[str, Any]:
    """
    The same of a recorded event.

    Args:
        definitions: By which it is told; those in force where left out.

    Raises:
        NotFound: No event of that id is recorded.
        BadInput: There are no definitions in force, or the process that runs works by a file.
    """
    from webhook_engine.explaining import explain_recorded
    from webhook_engine.service.explaining import document_of

    async with open_store_or_service(settings) as store:
        document = await store.recordings.of_event(await tenant_of(store, settings), event)
        if document is None:
            raise NotFound("recorded event", event)
        if definitions is None:
            running = Running.read(settings) if isinstance(store, AskedStore) else None
            if running is not None and running.definitions:
                raise BadInput(f"process {running.pid} works by {running.definitions}: name that as FILE")
            definitions = await _in_force(store, settings)
        secrets = await _secrets(store, settings, definitions)
        found = await asyncio.to_thread(explain_recorded, document, definitions, secrets=secrets)
        return document_of(found)


async def _asked(client: Client, delivery: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = await client.get(f"/v1/deliveries/{quote(delivery, safe='')}/explanation")
    except AskingFailed as error:
        if error.status == 404:
            raise NotFound("delivery", delivery) from error
        raise
    return found


async def _secrets(store: Administered | None, settings: Settings, definitions: Definitions) -> SecretStore:
    """
    Those that this command can read: a process that has the store gives nobody the secrets of its vault.
    """
    from webhook_engine.dispatch import LocalSecrets
    from webhook_engine.store import Store

    if isinstance(store, Store):
        return store.secrets(await tenant_of(store, settings), folder=definitions.folder)
    return LocalSecrets(folder=definitions.folder)


async def _in_force(store: Administered | None, settings: Settings) -> Definitions:
    assert store is not None  # noqa: S101  # it is opened, or asked of who has it
    tenant = await tenant_of(store, settings)
    try:
        return (await store.definitions.load(tenant)).definitions
    except NotFound as error:
        raise BadInput(
            "the store holds no definitions, so name the FILE that the process runs with"
        ) from error
