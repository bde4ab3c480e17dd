"""
Secrets for dispatch: out of the vault, the environment or files, as their references say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook_engine.definitions import SecretKind

if TYPE_CHECKING:
    from webhook_engine.definitions import SecretRef
    from webhook_engine.dispatch import SecretStore
    from webhook_engine.store.vault import Vault


class StoreSecrets:
    """
    One tenant's secrets, always as the store has them now.
    """

    def __init__(self, vault: Vault, tenant: str, *, elsewhere: SecretStore) -> None:
        """
        Args:
            elsewhere: Asked for what is not in the vault.
        """
        self._vault = vault
        self._tenant = tenant
        self._elsewhere = elsewhere

    def __repr__(self) -> str:
        return f"StoreSecrets({self._tenant!r})"

    def resolve(self, reference: SecretRef) -> str:
        """
        The secret itself.

        Raises:
            SecretMissing: It is not where the reference says, or no key opens it.
        """
        if reference.kind is SecretKind.VAULT:
            return self._vault.reveal(self._tenant, reference.value)
        return self._elsewhere.resolve(reference)
