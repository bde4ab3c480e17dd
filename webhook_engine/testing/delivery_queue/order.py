"""
The order of deliveries of one call and webhook.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from webhook_engine.queue import (
    Order,
    delivery_id,
)
from webhook_engine.testing.delivery_queue.common import (
    A_WHILE_S,
    FAILED,
    LATER_S,
    LONG_S,
    OK,
    claim_one,
    delivery,
    events,
)

if TYPE_CHECKING:
    from webhook_engine.queue import DeliveryQueue


class OrderContract:
    """
    The order of deliveries of one call and webhook.
    """

    async def test_strict_waits_for_the_one_before(self, queue: DeliveryQueue) -> None:
        """
        One at a time, in the order put, also while one waits for its retry; other calls are not concerned.
        """
        await queue.put([delivery(each, call="c1", order=Order.STRICT) for each in ("e1", "e2", "e3")])
        await queue.put([delivery("other call", call="c2", order=Order.STRICT)])
        await queue.put([delivery("other webhook", webhook="Audit", call="c1", order=Order.STRICT)])

        first, *others = await queue.claim(10, lease_s=LONG_S)
        assert [first.event_id, *events(others)] == ["e1", "other call", "other webhook"]
        await queue.retry(first, FAILED, wait_s=LATER_S)
        assert await queue.claim(10, lease_s=LONG_S) == ()

        got = []
        for _ in range(3):
            lease = await claim_one(queue)
            got.append(lease.event_id)
            assert await queue.claim(10, lease_s=LONG_S) == ()
            await queue.done(lease, OK)
        assert got == ["e1", "e2", "e3"]

    async def test_the_dead_do_not_block(self, queue: DeliveryQueue) -> None:
        """
        When one is given up or dropped the next one goes.
        """
        await queue.put([delivery(each, call="c1", order=Order.STRICT) for each in ("e1", "e2", "e3")])

        await queue.dead(await claim_one(queue), FAILED, reason="gone")
        await queue.drop([delivery_id("e2", "CRM outcome")])

        assert (await claim_one(queue)).event_id == "e3"

    async def test_a_failure_may_be_passed(self, queue: DeliveryQueue) -> None:
        """
        With skip-on-failure the next one waits for the first try only.
        """
        await queue.put([delivery(each, call="c1", order=Order.SKIP_ON_FAILURE) for each in ("e1", "e2")])

        (first,) = await queue.claim(10, lease_s=LONG_S)
        await queue.retry(first, FAILED, wait_s=LONG_S)

        assert (await claim_one(queue)).event_id == "e2"

    async def test_without_order_nothing_waits(self, queue: DeliveryQueue) -> None:
        """
        Deliveries of one call go together where nobody asked for order.
        """
        await queue.put([delivery(each, call="c1") for each in ("e1", "e2")])

        assert len(await queue.claim(10, lease_s=LONG_S)) == 2

    async def test_order_yields_after_the_hold_limit(self, queue: DeliveryQueue) -> None:
        """
        Late in order is worse than out of order: after the hold the next one goes ahead.
        """
        ordered = {"call": "c1", "order": Order.STRICT, "hold_s": LATER_S}
        await queue.put([delivery("e1", **ordered), delivery("e2", **ordered)])

        (first,) = await queue.claim(10, lease_s=LONG_S)

        assert first.event_id == "e1"
        assert (await claim_one(queue)).event_id == "e2"

    async def test_what_is_for_later_holds_nobody_back(self, queue: DeliveryQueue) -> None:
        """
        A delivery takes its place in the order when its time has come, and not before.
        """
        await queue.put([delivery("later", call="c1", order=Order.STRICT, wait_s=LATER_S)])
        await queue.put([delivery("now", call="c1", order=Order.STRICT)])

        (now,) = await queue.claim(10, lease_s=LONG_S)
        await asyncio.sleep(LATER_S + A_WHILE_S)
        assert await queue.claim(10, lease_s=LONG_S) == ()
        await queue.done(now, OK)

        assert (now.event_id, (await claim_one(queue)).event_id) == ("now", "later")
