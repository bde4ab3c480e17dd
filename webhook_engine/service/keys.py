"""
Who may ask for what.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from aiohttp import web

from webhook_engine.service.refusals import Code, Refusal

if TYPE_CHECKING:
    from webhook_engine.store import ApiKeys

KEY = web.RequestKey("webhook_engine.key", str)
"""The name of the key that a request came with, where it is one in force."""

_LONGEST = 512
"""Characters of a key; what is longer is none."""


class Scope(StrEnum):
    """
    What a key may be used for.
    """

    EVENTS = "events"
    """Hand in call events."""

    ASK = "ask"
    """Ask or open webhooks for an agent."""

    STREAM = "stream"
    """Follow any agent's screen, and close what is on it."""

    DELIVERIES = "deliveries"
    """See deliveries with their requests and responses, replay and drop them."""

    METRICS = "metrics"

    ADMIN = "admin"
    """For what an application adds; nothing of the service itself asks for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """
    What is known of a key in force.
    """

    name: str
    allowed: bool
    """Whether it may be used for the scope that was asked about."""


class KeyChecker(Protocol):
    """
    Knows the keys in force. It is asked at every request, so it must not wait for a disk or a network.
    """

    async def check(self, bearer: str, scope: str) -> KeyFacts | None:
        """
        What is known of the key; None where it is none.
        """


class StoreKeys:
    """
    The API keys of a store; one that is removed is refused from the next request on.
    """

    def __init__(self, keys: ApiKeys, *, tenant: str | None = None) -> None:
        """
        Args:
            tenant: Whose keys will do; any tenant's where left out, which only suits a store of one.
        """
        self._keys, self._tenant = keys, tenant

    async def check(self, bearer: str, scope: str) -> KeyFacts | None:
        # The store keeps the digests of all keys in force in memory, and refreshes them as it changes.
        key = self._keys.check(bearer, tenant=self._tenant)
        return None if key is None else KeyFacts(name=key.name, allowed=key.allows(scope))


class GivenKeys:
    """
    A few keys that the application brings itself.
    """

    def __init__(self, keys: Mapping[str, Collection[str]]) -> None:
        """
        Args:
            keys: Each key, and its scopes; everything where there are none.
        """
        self._keys = [(_digest(key), frozenset(scopes)) for key, scopes in keys.items()]

    async def check(self, bearer: str, scope: str) -> KeyFacts | None:
        found = None
        digest = _digest(bearer)
        for number, (known, scopes) in enumerate(self._keys, 1):
            # All of them, so that the time it takes tells nothing.
            if hmac.compare_digest(known, digest):
                found = KeyFacts(name=f"key {number}", allowed=not scopes or scope in scopes)
        return found


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="surrogatepass")).digest()


def bearer_of(request: web.Request) -> str:
    """
    The key that a request names; empty where it names none.
    """
    kind, _, bearer = request.headers.get("Authorization", "").partition(" ")
    return bearer.strip() if kind.lower() == "bearer" else ""


async def admit(request: web.Request, keys: KeyChecker, scope: Scope) -> KeyFacts:
    """
    Lets a request pass whose `Authorization: Bearer` key may be used for the scope.

    Raises:
        Refusal: 401 without such a key, 403 where it is for other things.

    Source:
        RFC 6750, 3: what `WWW-Authenticate` says.
    """
    bearer = bearer_of(request)
    if not bearer:
        raise _refused(Code.UNAUTHORIZED, "send an API key as `Authorization: Bearer KEY`")
    facts = await keys.check(bearer, scope) if len(bearer) <= _LONGEST else None
    if facts is None:
        raise _refused(Code.UNAUTHORIZED, "this API key is not in force", 'error="invalid_token"')
    request[KEY] = facts.name
    if not facts.allowed:
        raise _refused(
            Code.FORBIDDEN,
            f"this API key is not for {scope}: make one with the scope {scope}",
            f'error="insufficient_scope", scope="{scope}"',
        )
    return facts


def _refused(code: Code, message: str, challenge: str = "") -> Refusal:
    told = ", ".join(filter(None, ('Bearer realm="webhook-engine"', challenge)))
    return Refusal(code, message, headers={"WWW-Authenticate": told})
