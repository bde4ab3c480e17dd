"""
What goes into a delivery queue, and when it may come out.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from webhook_engine.queue import (
    Receipt,
    State,
    delivery_id,
)
from webhook_engine.testing.delivery_queue.common import (
    A_WHILE_S,
    FAILED,
    LATER_S,
    LONG_S,
    OK,
    SOON_S,
    claim_one,
    delivery,
    until,
)

if TYPE_CHECKING:
    from webhook_engine.queue import DeliveryQueue


class PuttingContract:
    """
    What goes into a delivery queue, and when it may come out.
    """

    async def test_what_is_put_is_claimed_as_it_was(self, queue: DeliveryQueue) -> None:
        """
        The worker gets the reference that was put, under the delivery's own id.
        """
        reference = {
            "call": {"CALL_NOTES": 'said "no", {CALLERID}\n\u2603'},
            "rule": 7,
            "at": None,
            "big": 2**53,
        }

        receipts = await queue.put([delivery("e1", reference=reference)])
        lease = await claim_one(queue)

        assert receipts == (Receipt.ACCEPTED,)
        assert lease.reference == reference
        assert lease.id == delivery_id("e1", "CRM outcome")
        assert (lease.event_id, lease.webhook, lease.target) == ("e1", "CRM outcome", "crm.example.com:443")
        assert (lease.attempt, lease.failures, lease.frozen, lease.maybe_delivered) == (1, 0, None, False)

    async def test_a_document_is_kept_beside_deliveries(self, queue: DeliveryQueue) -> None:
        """
        What references name is there before they are; the same twice is one.
        """
        await queue.keep("v1", "as it was")
        await queue.keep("v2", "as it is")
        await queue.keep("v1", "as it was")
        await queue.put([delivery("e1", reference={"version": "v1"})])

        assert ["as it was", "as it is", None] == [await queue.kept(name) for name in ("v1", "v2", "v3")]

    async def test_an_event_starts_a_webhook_once(self, queue: DeliveryQueue) -> None:
        """
        The same event and webhook again is a duplicate, whatever else differs.
        """
        first = await queue.put([delivery("e1"), delivery("e1", webhook="Audit")])
        again = await queue.put([delivery("e2"), delivery("e1", target="other"), delivery("e2")])

        leases = await queue.claim(10, lease_s=LONG_S)

        assert first == (Receipt.ACCEPTED, Receipt.ACCEPTED)
        assert again == (Receipt.ACCEPTED, Receipt.DUPLICATE, Receipt.DUPLICATE)
        assert sorted((lease.event_id, lease.webhook) for lease in leases) == [
            ("e1", "Audit"),
            ("e1", "CRM outcome"),
            ("e2", "CRM outcome"),
        ]

    async def test_a_duplicate_stays_one_after_delivery(self, queue: DeliveryQueue) -> None:
        """
        An event that was delivered is not delivered again because somebody sends it again.
        """
        await queue.put([delivery("e1")])
        await queue.done(await claim_one(queue), OK)

        assert await queue.put([delivery("e1")]) == (Receipt.DUPLICATE,)
        assert await queue.claim(1, lease_s=LONG_S) == ()

    async def test_many_put_at_once_are_all_there(self, queue: DeliveryQueue) -> None:
        """
        Puts that run together do not lose or double anything.
        """
        batches = [[delivery(f"e{n}"), delivery(f"shared{n % 5}")] for n in range(100)]

        receipts = await asyncio.gather(*(queue.put(batch) for batch in batches))

        assert Counter(each for batch in receipts for each in batch)[Receipt.ACCEPTED] == 105
        assert len(await queue.claim(1_000, lease_s=LONG_S)) == 105

    async def test_nothing_is_sent_before_its_time(self, queue: DeliveryQueue) -> None:
        """
        A delivery with a wait cannot be claimed before, and wakes who waits for it.
        """
        await queue.put([delivery("e1", wait_s=LATER_S)])

        assert await queue.claim(1, lease_s=LONG_S) == ()
        assert (await claim_one(queue)).event_id == "e1"

    async def test_what_expired_is_not_sent(self, queue: DeliveryQueue) -> None:
        """
        After its expiry a delivery is dead, and says why.
        """
        await queue.put([delivery("e1", expires_s=SOON_S)])
        await asyncio.sleep(A_WHILE_S)

        assert await queue.claim(1, lease_s=LONG_S) == ()
        report = await queue.show(delivery_id("e1", "CRM outcome"))
        assert (report.state, report.reason) == (State.DEAD, "expired")

    async def test_a_retry_does_not_outlive_the_expiry(self, queue: DeliveryQueue) -> None:
        """
        What would be tried after its expiry dies at its expiry.
        """
        await queue.put([delivery("e1", expires_s=LATER_S)])
        await queue.retry(await claim_one(queue), FAILED, wait_s=LONG_S)

        await until(queue, State.DEAD, 1)

        assert (await queue.show(delivery_id("e1", "CRM outcome"))).reason == "expired"
