"""
What stands where an engine has the world: names for secrets, a list for the disk.
"""

from __future__ import annotations

from base64 import b64encode
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from webhook_engine.definitions import SecretKind
from webhook_engine.engine import Engine
from webhook_engine.queue import Lease, Receipt
from webhook_engine.ready import Ready
from webhook_engine.testing.rehearsal.calls import BEGINNING
from webhook_engine.versions import Version

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions, SecretRef
    from webhook_engine.queue import Delivery


class StandIns:
    """
    In place of secrets their names: `secret-CRM_KEY` for `{ env = "CRM_KEY" }`, `secret` for one that is
    written out. A user name is no secret.
    """

    def __init__(self, definitions: Definitions) -> None:
        groups = definitions.groups
        holders = [*groups, *(each for group in groups for each in (*group.members, group.oauth2) if each)]
        self._signing = {secret for group in groups for secret in group.signing_secrets}
        self._names = _held(holders, ("username", "client_id"))
        self._names -= _held(holders, ("key", "password", "client_secret", "refresh_token"))

    def resolve(self, reference: SecretRef) -> str:
        """
        What stands for the secret; one to sign with has the form that signing asks for.
        """
        if reference in self._signing:
            return f"whsec_{b64encode(sha256(reference.value.encode()).digest()).decode()}"
        if reference.kind is not SecretKind.LITERAL:
            return f"secret-{reference.value}"
        return reference.value if reference in self._names else "secret"


def _held(holders: Iterable[object], fields: Iterable[str]) -> set[SecretRef]:
    return {
        secret for each in holders for name in fields if (secret := getattr(each, name, None)) is not None
    }


@dataclass(frozen=True, slots=True)
class Scenery:
    """
    What all tests of one set of definitions share.
    """

    ready: Ready
    version: Version

    @classmethod
    def of(cls, definitions: Definitions) -> Scenery:
        """
        Everything about the definitions that no test changes.
        """
        engine = Engine(definitions, secrets=StandIns(definitions))
        return cls(engine.ready(definitions), Version(definitions))


@dataclass(slots=True)
class Book:
    """
    A delivery queue of which nothing is left when the test is over.
    """

    waiting: deque[Delivery] = field(default_factory=deque)
    seen: set[str] = field(default_factory=set)

    async def put(self, deliveries: Sequence[Delivery]) -> list[Receipt]:
        """
        As `DeliveryQueue.put`.
        """
        return [self._put(each) for each in deliveries]

    def _put(self, delivery: Delivery) -> Receipt:
        if delivery.id in self.seen:
            return Receipt.DUPLICATE
        self.seen.add(delivery.id)
        self.waiting.append(delivery)
        return Receipt.ACCEPTED

    async def keep(self, name: str, document: str) -> None:
        """
        Nothing is to be kept: the definitions outlive the test.
        """


def lease_of(delivery: Delivery, number: int, failures: int, frozen: Mapping[str, object] | None) -> Lease:
    """
    The right to try a delivery for the *number*th time.
    """
    return Lease(
        delivery.id,
        delivery.event_id,
        delivery.webhook,
        delivery.target,
        delivery.reference,
        frozen,
        number,
        failures,
        maybe_delivered=False,
        put_at=BEGINNING,
        token="test",  # noqa: S106  # of a lease
    )
