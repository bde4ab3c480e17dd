"""
Whose work a process does, and whose keys and secrets count for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook_engine.definitions import SecretKind
from webhook_engine.errors import SecretMissing
from webhook_engine.service import GivenKeys, KeyFacts, Scope, StoreKeys
from webhook_engine.store import secret_references, vault_names

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions, SecretRef
    from webhook_engine.dispatch import SecretStore
    from webhook_engine.process.editions import Edition
    from webhook_engine.store import Store


class Tenancy:
    """
    The tenant of a process; before there are definitions it may have no name yet.

    It knows secrets (`SecretStore`) and keys (`KeyChecker`) for the engine and the service.
    """

    def __init__(self, store: Store, edition: Edition, *, own_key: str) -> None:
        """
        Args:
            own_key: What commands on this machine ask the process with.
        """
        self._store = store
        self._own = GivenKeys({own_key: ()})
        self.follow(edition)

    def follow(self, edition: Edition) -> None:
        """
        Let the tenant of *edition*, and the folder of its files, count from now on.
        """
        self.name = edition.tenant
        self._secrets: SecretStore = self._store.secrets(edition.tenant, folder=edition.definitions.folder)
        self._keys = StoreKeys(self._store.keys, tenant=edition.tenant)

    def resolve(self, reference: SecretRef) -> str:
        """
        As `StoreSecrets`.
        """
        return self._secrets.resolve(reference)

    async def is_own(self, bearer: str) -> bool:
        """
        Whether this is the key of commands on this machine.
        """
        return await self._own.check(bearer, Scope.ADMIN) is not None

    async def check(self, bearer: str, scope: str) -> KeyFacts | None:
        """
        As `StoreKeys`.
        """
        if await self.is_own(bearer):
            return KeyFacts(name="commands on this machine", allowed=True)
        return await self._keys.check(bearer, scope)


def missing_secrets(store: Store, tenant: str, definitions: Definitions) -> tuple[str, ...]:
    """
    What keeps requests from their secrets, and what to do about it: one line for each.
    """
    return (
        *_missing_in_the_vault(store, tenant, definitions),
        *_missing_elsewhere(store, tenant, definitions),
    )


def _missing_in_the_vault(store: Store, tenant: str, definitions: Definitions) -> tuple[str, ...]:
    wanted = vault_names(definitions)
    if not wanted:
        return ()
    if not store.vault.has_key:
        what = f"{len(wanted)} secrets are in the vault, and there is no key that opens it"
        return (
            f"{what}: set WEBHOOK_ENGINE_KEY or --key-file and start again. Requests that need them wait.",
        )
    known = store.vault.names(tenant)
    return tuple(
        f"The secret {name} is not in the vault: webhook-engine vault set {name}"
        for name in wanted
        if name not in known
    )


def _missing_elsewhere(store: Store, tenant: str, definitions: Definitions) -> tuple[str, ...]:
    """
    Those of the environment and of files.
    """
    secrets = store.secrets(tenant, folder=definitions.folder)
    found: list[str] = []
    for reference in secret_references(definitions):
        if reference.kind in (SecretKind.ENV, SecretKind.FILE):
            try:
                secrets.resolve(reference)
            except SecretMissing as error:
                to_do = "put it there" if reference.kind is SecretKind.FILE else "set it and start again"
                found.append(
                    f"A secret is missing: {error}: {to_do}. Until then deliveries that need it wait."
                )
    return tuple(found)
