"""
How commands get at the store.
"""

from __future__ import annotations

import getpass
import os
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from webhook_engine.cli.asking import AskedStore, asking
from webhook_engine.cli.inputs import BadInput
from webhook_engine.errors import StoreError, StoreOwned
from webhook_engine.process.running import Running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Collection, Mapping, Sequence

    from webhook_engine.cli.asking import Client
    from webhook_engine.definitions import Definitions
    from webhook_engine.settings import Settings
    from webhook_engine.store import (
        ApiKey,
        Campaign,
        NewApiKey,
        RecordedPage,
        Revision,
        Role,
        Saved,
        Store,
        User,
        VaultEntry,
    )


class KeptDefinitions(Protocol):
    """
    What commands need of the definitions in a store.
    """

    def save(self, tenant: str, definitions: Definitions, *, by: str, note: str = "") -> Awaitable[Saved]:
        """
        As `Revisions.save`.
        """

    def load(self, tenant: str, number: int | None = None) -> Awaitable[Revision]:
        """
        As `Revisions.load`.
        """


class KeptSecrets(Protocol):
    """
    What commands need of a vault.
    """

    def set(self, tenant: str, name: str, secret: str, *, by: str) -> Awaitable[None]:
        """
        As `Vault.set`.
        """

    def list(self, tenant: str) -> Awaitable[tuple[VaultEntry, ...]]:
        """
        As `Vault.list`.
        """

    def remove(self, tenant: str, name: str) -> Awaitable[None]:
        """
        As `Vault.remove`.
        """

    def rotate(self) -> Awaitable[int]:
        """
        As `Vault.rotate`.
        """


class KeptKeys(Protocol):
    """
    What commands need of API keys.
    """

    def add(self, tenant: str, name: str, *, scopes: Collection[str] = (), by: str) -> Awaitable[NewApiKey]:
        """
        As `ApiKeys.add`.
        """

    def list(self, tenant: str, *, removed: bool = False) -> Awaitable[tuple[ApiKey, ...]]:
        """
        As `ApiKeys.list`.
        """

    def remove(self, tenant: str, name: str, *, by: str) -> Awaitable[ApiKey]:
        """
        As `ApiKeys.remove`.
        """


class KeptUsers(Protocol):
    """
    What commands need of the users of the Integration Centre.
    """

    def add(
        self, tenant: str, email: str, password: str, *, role: Role, extension: str = "", by: str
    ) -> Awaitable[User]:
        """
        As `Users.add`.
        """

    def list(self, tenant: str) -> Awaitable[tuple[User, ...]]:
        """
        As `Users.list`.
        """

    def set_password(self, tenant: str, email: str, password: str) -> Awaitable[None]:
        """
        As `Users.set_password`.
        """

    def remove(self, tenant: str, email: str) -> Awaitable[None]:
        """
        As `Users.remove`.
        """


class KeptCampaigns(Protocol):
    """
    What commands need of campaigns.
    """

    def add(
        self,
        tenant: str,
        name: str,
        *,
        lists: Sequence[str] = (),
        labels: Sequence[str] = (),
        agents: Sequence[str] = (),
        by: str,
    ) -> Awaitable[Campaign]:
        """
        As `Campaigns.add`.
        """

    def add_list(self, tenant: str, campaign: str, name: str) -> Awaitable[None]:
        """
        As `Campaigns.add_list`.
        """

    def assign(self, tenant: str, campaign: str, extension: str) -> Awaitable[None]:
        """
        As `Campaigns.assign`.
        """

    def unassign(self, tenant: str, campaign: str, extension: str) -> Awaitable[None]:
        """
        As `Campaigns.unassign`.
        """

    def list(self, tenant: str) -> Awaitable[tuple[Campaign, ...]]:
        """
        As `Campaigns.list`.
        """


class KeptCalls(Protocol):
    """
    What commands need of recorded calls.
    """

    def page(self, tenant: str, *, limit: int = 100, before: int | None = None) -> Awaitable[RecordedPage]:
        """
        As `Recordings.page`.
        """

    def of_event(self, tenant: str, event_id: str) -> Awaitable[Mapping[str, object] | None]:
        """
        As `Recordings.of_event`.
        """

    def forget(self, tenant: str) -> Awaitable[int]:
        """
        As `Recordings.forget`.
        """


class Administered(Protocol):
    """
    What commands need of a store, whoever holds it.
    """

    @property
    def definitions(self) -> KeptDefinitions:
        """
        The definitions of all tenants.
        """

    @property
    def vault(self) -> KeptSecrets:
        """
        The secrets of all tenants.
        """

    @property
    def keys(self) -> KeptKeys:
        """
        The API keys of all tenants.
        """

    @property
    def users(self) -> KeptUsers:
        """
        The users of all tenants.
        """

    @property
    def campaigns(self) -> KeptCampaigns:
        """
        The campaigns of all tenants.
        """

    @property
    def recordings(self) -> KeptCalls:
        """
        The recorded calls of all tenants.
        """

    async def tenants(self) -> tuple[str, ...]:
        """
        The names of the tenants that a command may mean.
        """


@asynccontextmanager
async def open_store_or_service(settings: Settings, *, makes: bool = False) -> AsyncIterator[Administered]:
    """
    The store that the settings name: opened by this command, or asked of the running process that has it.

    Args:
        makes: Whether a store that is not there is made.

    Raises:
        StoreOwned: Another process has it and cannot be asked; it is named.
        StoreError: It cannot be used, or is not there.
    """
    async with owning_or_asking(settings, makes=makes) as (store, client):
        if client is not None:
            yield AskedStore(client)
        elif store is not None:
            yield store


@asynccontextmanager
async def owning_or_asking(
    settings: Settings, *, makes: bool = False
) -> AsyncIterator[tuple[Store | None, Client | None]]:
    """
    The store, where nobody has it and this command may; else the running process that has it. The other is None.

    As long as this command has the store, no process starts.

    Raises:
        StoreError: As `open_store_or_service`.
    """
    from webhook_engine.store import Store

    if not makes and not settings.is_shared and not settings.database_path.exists():
        raise StoreError(f"there is no store {settings.database_path} yet; `webhook-engine import` makes it")
    async with AsyncExitStack() as opened:
        try:
            store = await opened.enter_async_context(Store.from_settings(settings))
        except StoreOwned:
            if (running := Running.read(settings)) is None:
                raise
        else:
            yield store, None
            return
        yield None, await opened.enter_async_context(asking(running))


async def tenant_of(store: Administered, settings: Settings) -> str:
    """
    The tenant a command means: the one the settings name, or the only one there is.

    Raises:
        BadInput: There are several.
    """
    if settings.tenant is not None:
        return settings.tenant
    tenants = await store.tenants()
    if len(tenants) > 1:
        raise BadInput(f"the store has the tenants {', '.join(map(repr, tenants))}: say which with --tenant")
    return tenants[0] if tenants else ""


def whoever() -> str:
    """
    Who runs this command, for the history.
    """
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container's user often has a number and no name.
        return f"user {os.getuid()}"
