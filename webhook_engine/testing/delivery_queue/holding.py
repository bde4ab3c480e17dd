"""
What is kept back of a webhook, and let go again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook_engine.queue import Order, State
from webhook_engine.testing.delivery_queue.common import (
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

GONE = "webhook-gone"


class HoldingContract:
    """
    What is kept back of a webhook, and let go again.
    """

    async def _kept_back(self, queue: DeliveryQueue, count: int, **facts: object) -> None:
        await queue.put([delivery(f"e{n}", **facts) for n in range(1, count + 1)])
        for lease in await queue.claim(count, lease_s=LONG_S):
            await queue.release(lease, wait_s=LONG_S, reason=GONE)

    async def test_a_hold_is_told_of(self, queue: DeliveryQueue) -> None:
        """
        Which webhook, why, at which revision of its definition, and since when.
        """
        await queue.hold("CRM outcome", reason=GONE, revision="r1")
        await queue.hold("CRM outcome", reason=GONE, revision="r1")

        (hold,) = await queue.holds()
        assert (hold.webhook, hold.reason, hold.revision, hold.ended) == ("CRM outcome", GONE, "r1", None)

    async def test_what_was_kept_back_goes_again(self, queue: DeliveryQueue) -> None:
        """
        All of it, as if it had never been claimed, and nothing of another webhook.
        """
        await queue.put([delivery("other", webhook="Another")])
        await queue.release(await claim_one(queue), wait_s=LONG_S, reason=GONE)
        await self._kept_back(queue, 3)

        count = await queue.resume("CRM outcome", reasons=[GONE])

        leases = await queue.claim(9, lease_s=LONG_S)
        assert (count, events(leases)) == (3, ["e1", "e2", "e3"])
        assert [lease.attempt for lease in leases] == [1, 1, 1]

    async def test_what_waits_for_its_retry_goes_on_waiting(self, queue: DeliveryQueue) -> None:
        """
        Letting go is for what was kept back, not for what failed.
        """
        await queue.put([delivery("e1")])
        await queue.retry(await claim_one(queue), FAILED, wait_s=LONG_S)

        assert await queue.resume("CRM outcome", reasons=[GONE]) == 0
        assert (await queue.stats()).states[State.WAITING] == 1

    async def test_what_is_let_go_keeps_its_order(self, queue: DeliveryQueue) -> None:
        """
        Of one call the second waits for the first, although both are let go together.
        """
        await queue.put(
            [delivery(each, call="c1", order=Order.STRICT, hold_s=LATER_S) for each in ("e1", "e2")]
        )
        for _ in range(2):
            await queue.release(await claim_one(queue), wait_s=LONG_S, reason=GONE)
        await queue.resume("CRM outcome", reasons=[GONE])

        (first,) = await queue.claim(9, lease_s=LONG_S)
        await queue.done(first, OK)

        assert first.event_id == "e1"
        assert (await claim_one(queue)).event_id == "e2"

    async def test_an_ended_hold_is_remembered_unless_it_is_to_be_forgotten(
        self, queue: DeliveryQueue
    ) -> None:
        """
        An edit ends a hold and leaves word of it; an operator who knows better leaves none.
        """
        await queue.hold("Edited", reason=GONE, revision="r1")
        await queue.hold("Forgotten", reason=GONE, revision="r1")
        await queue.resume("Edited", reasons=[GONE])
        await queue.resume("Forgotten", reasons=[GONE], forget=True)

        (hold,) = await queue.holds()
        assert hold.webhook == "Edited"
        assert hold.ended is not None

    async def test_a_hold_that_never_was_is_remembered(self, queue: DeliveryQueue) -> None:
        """
        As one that ended; what is held meanwhile stays so, and a hold that is there is not ended by it.
        """
        await queue.hold("CRM outcome", reason=GONE, revision="r2")
        for revision in ("r1", "r1", "r2"):
            await queue.hold("CRM outcome", reason=GONE, revision=revision, ended=True)

        found = {each.revision: each.ended is not None for each in await queue.holds()}

        assert found == {"r1": True, "r2": False}

    async def test_a_great_many_are_let_go(self, queue: DeliveryQueue) -> None:
        """
        However many wait besides, each is found.
        """
        await queue.put([delivery(f"w{n}", webhook="Another", wait_s=LONG_S) for n in range(3_000)])
        await self._kept_back(queue, 30)
        await queue.put([delivery(f"x{n}", webhook="Another", wait_s=2 * LONG_S) for n in range(3_000)])

        assert await queue.resume("CRM outcome", reasons=[GONE]) == 30
