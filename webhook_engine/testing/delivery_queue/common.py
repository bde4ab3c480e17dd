"""
What the parts of the contract share.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from webhook_engine.queue import (
    AttemptRecord,
    Delivery,
    State,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook_engine.queue import DeliveryQueue, Lease

OK = AttemptRecord(outcome="ok", status=200, took_s=0.1, detail={"request": {"method": "POST"}})
FAILED = AttemptRecord(outcome="target-failed", status=503, took_s=0.2, detail={"response": "busy"})

LONG_S = 60.0
"""A lease that does not end during a test."""

SOON_S = 0.05
"""A time that comes during a test."""

LATER_S = 0.5
"""A time that comes during a test, and has not come yet when the test's next line runs on a busy machine."""

PATIENCE_S = 60.0
"""How long a test waits for what must come; only a failure takes so long."""

A_WHILE_S = 0.15
"""How long a test waits to see that something does not come."""


def delivery(event: str, **facts: object) -> Delivery:
    """
    A delivery of an event; what a test does not care about is filled in.
    """
    made: dict[str, object] = {"webhook": "CRM outcome", "target": "crm.example.com:443", **facts}
    return Delivery(event_id=event, **made)  # type: ignore[arg-type]


async def claim_one(queue: DeliveryQueue, *, lease_s: float = LONG_S) -> Lease:
    """
    The next delivery, waited for.
    """
    (lease,) = await queue.claim(1, lease_s=lease_s, wait_s=PATIENCE_S)
    return lease


def events(leases: Sequence[Lease]) -> list[str]:
    """
    Whose deliveries they are.
    """
    return [lease.event_id for lease in leases]


async def until(queue: DeliveryQueue, state: State, count: int) -> None:
    """
    Waits for so many deliveries in that state.
    """
    async with asyncio.timeout(PATIENCE_S):
        while (await queue.stats()).states[state] != count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def settle(queue: DeliveryQueue, lease: Lease, how: str) -> None:
    """
    One of the ways to use a lease: done, retry, dead, release, extend or freeze.
    """
    match how:
        case "done":
            await queue.done(lease, OK)
        case "retry":
            await queue.retry(lease, FAILED, wait_s=0)
        case "dead":
            await queue.dead(lease, FAILED, reason="gone")
        case "release":
            await queue.release(lease)
        case "extend":
            await queue.extend(lease, LONG_S)
        case _:
            await queue.freeze(lease, {"body": "late"})
