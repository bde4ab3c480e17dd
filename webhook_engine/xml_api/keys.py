"""
Who may ask: the keys of tenants.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

SCOPE: Final = "xml"
"""The scope of an API key that is for every action; the name of an action is for that one."""

LONGEST: Final = 512
"""Characters of a tenant's name or a key; what is longer is none."""


class KeyFacts(Protocol):
    """
    What is known of a key in force.
    """

    @property
    def name(self) -> str:
        """
        What the tenant calls it.
        """

    def allows(self, scope: str) -> bool:
        """
        Whether it may be used for this.
        """


class KeyBook(Protocol):
    """
    The keys of all tenants, such as a store's `keys`.
    """

    def check(self, presented: str, *, tenant: str) -> KeyFacts | None:
        """
        The tenant's key in force that this is; None where it is none.

        Another tenant's key takes as long and comes to the same as one that does not exist.
        """


@dataclass(frozen=True, slots=True)
class GivenKey:
    """
    A key that the application brings itself.
    """

    name: str
    digest: bytes
    scopes: frozenset[str]

    def allows(self, scope: str) -> bool:
        """
        Whether it may be used for this; without scopes for everything.
        """
        return not self.scopes or scope in self.scopes


class GivenKeys:
    """
    A few keys that the application brings itself.
    """

    def __init__(
        self, keys: Mapping[str, Mapping[str, str]], *, scopes: Mapping[str, Collection[str]] | None = None
    ) -> None:
        """
        Args:
            keys: Tenant -> name -> key.

            scopes: Name -> the actions it is for; every action where it is left out.
        """
        self._keys = {
            tenant: tuple(
                GivenKey(name, _digest(key), frozenset((scopes or {}).get(name, ())))
                for name, key in named.items()
            )
            for tenant, named in keys.items()
        }
        self._all = tuple(key for named in self._keys.values() for key in named)

    def check(self, presented: str, *, tenant: str) -> GivenKey | None:
        """
        As `KeyBook.check`.
        """
        found = None
        digest = _digest(presented)
        theirs = self._keys.get(tenant, ())
        for key in self._all:
            # All of every tenant's, so that the time it takes tells nothing.
            is_right = hmac.compare_digest(key.digest, digest)
            if is_right & (key in theirs):
                found = key
        return found


def allows(key: KeyFacts, action: str) -> bool:
    """
    Whether a key may be used for an action: it is for that one, or for all.
    """
    return key.allows(action) or key.allows(SCOPE)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="surrogatepass")).digest()
