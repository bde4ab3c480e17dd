"""
Deliveries, records and ends of leases in the words of a database; lengths of time in milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import orjson

from webhook_engine.errors import DeliveryTooLarge, QueueError
from webhook_engine.queue.delivery import Delivery, Order, State, fingerprint
from webhook_engine.queue.lease import AttemptRecord, Ending, Lease
from webhook_engine.queue.times import milliseconds

_LARGEST = 2**20
"""Bytes of one reference, frozen request or record's detail."""


class NewRow(NamedTuple):
    """
    A delivery that is put.
    """

    key: bytes
    event_id: str
    webhook: str
    target: str
    urgency: int
    turn: str | None
    strict: bool
    hold: int
    wait: int
    expires: int | None
    reference: str


class RecordRow(NamedTuple):
    """
    An attempt's record.
    """

    took_s: float
    outcome: str
    status: int | None
    detail: str


class End(NamedTuple):
    """
    The end of a lease.
    """

    lease: Lease
    state: State
    """DONE, DEAD, or WAITING: with no wait it may be claimed at once."""

    record: RecordRow | None = None
    wait: int = 0
    counted: bool = False
    reason: str = ""
    frozen: str | None = None


def new_row(delivery: Delivery) -> NewRow:
    ordered = delivery.order is not Order.NONE and delivery.call
    return NewRow(
        delivery.key,
        delivery.event_id,
        delivery.webhook,
        delivery.target,
        -delivery.priority,
        fingerprint(delivery.call, delivery.webhook, size=8) if ordered else None,
        delivery.order is Order.STRICT,
        milliseconds(delivery.hold_s),
        milliseconds(delivery.wait_s) if delivery.wait_s > 0 else 0,
        None if delivery.expires_s is None else milliseconds(delivery.expires_s),
        as_json(delivery.reference),
    )


def end_row(ending: Ending) -> End:
    record = ending.record
    return End(
        ending.lease,
        ending.state,
        None if record is None else _record(record),
        max(0, milliseconds(ending.wait_s)),
        # What is done is no failure, and what goes back untried was none.
        ending.counted and record is not None and ending.state is not State.DONE,
        ending.reason,
        None if ending.frozen is None else as_json(ending.frozen),
    )


def _record(record: AttemptRecord) -> RecordRow:
    return RecordRow(record.took_s, record.outcome, record.status, as_json(record.detail))


def as_json(document: Mapping[str, object]) -> str:
    try:
        text = orjson.dumps(document)
    except TypeError as error:
        raise QueueError(f"this cannot be kept as JSON: {error}") from error
    if len(text) > _LARGEST:
        raise DeliveryTooLarge(size=len(text), limit=_LARGEST)
    return text.decode()
