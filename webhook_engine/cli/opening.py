"""
How commands get at the store.
"""

from __future__ import annotations

import getpass
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from webhook_engine.cli.inputs import BadInput
from webhook_engine.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from webhook_engine.settings import Settings
    from webhook_engine.store import ApiKeys, Revisions, Users, Vault


class Administered(Protocol):
    """
    What commands need of a store, whoever holds it.
    """

    @property
    def definitions(self) -> Revisions:
        """
        The definitions of all tenants.
        """

    @property
    def vault(self) -> Vault:
        """
        The secrets of all tenants.
        """

    @property
    def keys(self) -> ApiKeys:
        """
        The API keys of all tenants.
        """

    @property
    def users(self) -> Users:
        """
        The users of all tenants.
        """

    async def tenants(self) -> tuple[str, ...]:
        """
        The names of all tenants.
        """


@asynccontextmanager
async def open_store_or_service(settings: Settings, *, makes: bool = False) -> AsyncIterator[Administered]:
    """
    The store that the settings name, opened by this command alone.

    Args:
        makes: Whether a store that is not there is made.

    Raises:
        StoreOwned: A running process has it; it is named.
        StoreError: It cannot be used, or is not there.
    """
    from webhook_engine.store import Store

    path = settings.database_path
    if not makes and not path.exists():
        raise StoreError(f"there is no store {path} yet; `webhook-engine import` makes it")
    async with Store.from_settings(settings) as store:
        yield store


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
