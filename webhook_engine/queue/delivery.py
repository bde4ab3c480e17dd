"""
A delivery: one webhook to perform for one event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b

from webhook_engine.quick import quick


class Order(StrEnum):
    """
    What a delivery waits for among those of the same call and webhook.
    """

    STRICT = "strict"
    """For every earlier one to be done or dead."""

    SKIP_ON_FAILURE = "skip-on-failure"
    """For every earlier one that has not failed yet; one that waits for a retry is passed."""

    NONE = "none"


class State(StrEnum):
    """
    Where a delivery is in its life.
    """

    READY = "ready"
    """May be claimed, and was never tried."""

    AGAIN = "again"
    """May be claimed for another try; stands behind those that are READY."""

    WAITING = "waiting"
    """For its time."""

    HELD = "held"
    """For an earlier delivery of the same call and webhook."""

    LEASED = "leased"
    DONE = "done"
    DEAD = "dead"
    """Not delivered, and not tried again unless it is revived."""


OPEN = (State.READY, State.AGAIN, State.WAITING, State.HELD, State.LEASED)
"""The states that come to an end by themselves."""

CLOSED = (State.DONE, State.DEAD)


class Receipt(StrEnum):
    """
    What became of a delivery that was put.
    """

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    """One of the same event and webhook is here already; that one counts."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """
    One webhook to perform for one event, as it is put into the queue.
    """

    event_id: str

    webhook: str

    target: str
    """What shares a capacity, such as `crm.example.com:443`; targets are served in turn."""

    reference: Mapping[str, object] = field(default_factory=dict)
    """What the worker needs to prepare the request: JSON-able, opaque to the queue, and never a secret."""

    call: str = ""
    """Deliveries of one call and webhook keep their order; empty where there is no call."""

    order: Order = Order.NONE

    hold_s: float = 60.0
    """Longest wait for earlier deliveries of the call, then it goes ahead of them."""

    wait_s: float = 0.0
    """It is not claimed before; its place in the order is taken when this is over."""

    expires_s: float | None = None
    """After that it is dead rather than sent."""

    priority: int = 0
    """Among those of one target that are READY, the higher goes first."""

    _key: bytes = field(default=b"", init=False, repr=False, compare=False)

    @property
    def key(self) -> bytes:
        """
        The id as the queue keeps it.
        """
        if not self._key:
            object.__setattr__(self, "_key", _digest(self.event_id, self.webhook, 16))
        return self._key

    @property
    def id(self) -> str:
        """
        The idempotency key: 56 hexadecimal digits made of the event's id and the webhook.
        """
        return self.key.hex()


_BEGINNING = 12
"""Bytes: enough for a time in seconds, or for that of a UUID of version 7."""


def delivery_id(event_id: str, webhook: str) -> str:
    """
    The id that every delivery of this event to this webhook has, here and after a restart.
    """
    return fingerprint(event_id, webhook, size=16)


def fingerprint(name: str, webhook: str, *, size: int) -> str:
    """
    Both as hexadecimal digits: the beginning of the name, then a digest of *size* bytes.

    The beginning keeps names together that were given one after the other, as
    those with a time in front are. Then new entries of a large index go to the
    few pages where the last ones went, and not each to a page of its own.
    """
    return _digest(name, webhook, size).hex()


def _digest(name: str, webhook: str, size: int) -> bytes:
    start = name.encode("utf-8", "surrogatepass")[:_BEGINNING].ljust(_BEGINNING, b"\0")
    # The length first: ("ab", "c") and ("a", "bc") are not the same.
    text = f"{len(name)}:{name}{webhook}".encode("utf-8", "surrogatepass")
    return start + blake2b(text, digest_size=size).digest()
