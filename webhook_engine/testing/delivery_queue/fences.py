"""
One holder at a time, and no claim without an end.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from webhook_engine.errors import LeaseLost
from webhook_engine.queue import (
    MAYBE_DELIVERED,
    Order,
    State,
    delivery_id,
)
from webhook_engine.testing.delivery_queue.common import (
    A_WHILE_S,
    FAILED,
    LATER_S,
    LONG_S,
    OK,
    PATIENCE_S,
    SOON_S,
    claim_one,
    delivery,
    events,
    settle,
)

if TYPE_CHECKING:
    from webhook_engine.queue import DeliveryQueue


class FencesContract:
    """
    One holder at a time, and no claim without an end.
    """

    async def test_a_token_is_never_the_same(self, queue: DeliveryQueue) -> None:
        """
        Each claim has another one, long enough that nobody guesses it, and a lease does not show it.
        """
        await queue.put([delivery("e1")])

        first = await claim_one(queue)
        await queue.release(first)
        second = await claim_one(queue)

        assert first.token != second.token
        assert len(second.token) >= 32
        assert second.token not in repr(second)

    @pytest.mark.parametrize("how", ["done", "retry", "dead", "release", "extend", "freeze"])
    async def test_a_lost_lease_settles_nothing(self, queue: DeliveryQueue, how: str) -> None:
        """
        When somebody else has the delivery, the first holder is told, and changes nothing.
        """
        await queue.put([delivery("e1")])
        lost = await claim_one(queue, lease_s=SOON_S)
        held = await claim_one(queue)

        with pytest.raises(LeaseLost):
            await settle(queue, lost, how)

        await queue.done(held, OK)
        report = await queue.show(held.id)
        assert (report.state, [each.outcome for each in report.records]) == (
            State.DONE,
            [MAYBE_DELIVERED, "ok"],
        )
        assert (await queue.stats()).leases_lost == 1

    @pytest.mark.parametrize("how", ["done", "retry", "dead", "release", "extend", "freeze"])
    async def test_a_lease_is_settled_once(self, queue: DeliveryQueue, how: str) -> None:
        """
        What was settled is settled, even by the holder.
        """
        await queue.put([delivery("e1")])
        lease = await claim_one(queue)
        await queue.done(lease, OK)

        with pytest.raises(LeaseLost):
            await settle(queue, lease, how)

    async def test_of_two_settlements_at_once_one_counts(self, queue: DeliveryQueue) -> None:
        """
        Together they are no better than one after the other.
        """
        await queue.put([delivery("e1")])
        lease = await claim_one(queue)

        results = await asyncio.gather(
            queue.done(lease, OK), queue.dead(lease, FAILED, reason="gone"), return_exceptions=True
        )

        assert [LeaseLost] == [type(each) for each in results if each is not None]
        assert len((await queue.show(lease.id)).records) == 1

    async def test_a_lease_that_ends_is_given_to_another(self, queue: DeliveryQueue) -> None:
        """
        A claim without a word is tried again, under the same id, and known as maybe delivered.
        """
        await queue.put([delivery("e1")])

        first = await claim_one(queue, lease_s=SOON_S)
        second = await claim_one(queue)

        assert (second.id, second.attempt, second.failures) == (first.id, 2, 0)
        assert (first.maybe_delivered, second.maybe_delivered) == (False, True)

    async def test_a_lease_can_be_made_longer(self, queue: DeliveryQueue) -> None:
        """
        Whoever still works keeps the delivery.
        """
        await queue.put([delivery("e1")])
        lease = await claim_one(queue, lease_s=LATER_S)

        await queue.extend(lease, LONG_S)
        await asyncio.sleep(LATER_S + A_WHILE_S)

        assert await queue.claim(1, lease_s=LONG_S) == ()
        await queue.done(lease, OK)

    async def test_poison_is_put_away(self, queue: DeliveryQueue) -> None:
        """
        After three claims that ended without a word nobody touches it again, and its call goes on.
        """
        await queue.put([delivery(each, call="c1", order=Order.STRICT) for each in ("poison", "next")])

        for _ in range(3):
            assert (await claim_one(queue, lease_s=SOON_S)).event_id == "poison"

        assert (await claim_one(queue)).event_id == "next"
        report = await queue.show(delivery_id("poison", "CRM outcome"))
        assert (report.state, report.reason) == (State.DEAD, "poison")
        assert [each.outcome for each in report.records] == [MAYBE_DELIVERED] * 3

    async def test_who_was_only_near_is_no_poison(self, queue: DeliveryQueue) -> None:
        """
        What was in hand at two crashes in a row is claimed alone, so that the third takes nobody along.
        """
        await queue.put([delivery(each) for each in ("near", "poison", "far")])
        for _ in range(2):
            crashed = await queue.claim(3, lease_s=SOON_S)
            assert sorted(events(crashed)) == ["far", "near", "poison"]
            await asyncio.sleep(SOON_S + A_WHILE_S)

        alone: list[str] = []
        while leases := await queue.claim(3, lease_s=LATER_S, wait_s=LATER_S * 2):
            alone += events(leases)
            for lease in leases:
                if lease.event_id != "poison":
                    await queue.done(lease, OK)

        assert sorted(alone) == ["far", "near", "poison"]
        states = {each.event_id: (each.state, each.reason) for each in (await queue.list()).deliveries}
        assert states == {
            "near": (State.DONE, ""),
            "poison": (State.DEAD, "poison"),
            "far": (State.DONE, ""),
        }

    async def test_a_suspect_keeps_nobody_waiting_for_long(self, queue: DeliveryQueue) -> None:
        """
        One that takes its time is joined by the others soon; no other suspect of its target is among them.
        """
        await queue.put([delivery(each) for each in ("slow", "slower")])
        for _ in range(2):
            await queue.claim(2, lease_s=SOON_S)
            await asyncio.sleep(SOON_S + A_WHILE_S)
        (suspect,) = await queue.claim(3, lease_s=LONG_S)
        await queue.put([delivery("fresh")])

        assert await queue.claim(3, lease_s=LONG_S) == ()
        (fresh,) = await queue.claim(3, lease_s=LONG_S, wait_s=PATIENCE_S)

        assert fresh.event_id == "fresh"
        await queue.done(suspect, OK)
        assert (await claim_one(queue)).event_id in {"slow", "slower"}

    async def test_a_suspect_that_joins_others_is_claimed_once(self, queue: DeliveryQueue) -> None:
        """
        Together with whatever else its target has.
        """
        await queue.put([delivery(each, target=each) for each in ("one", "two")])
        for _ in range(2):
            await queue.claim(2, lease_s=SOON_S)
            await asyncio.sleep(SOON_S + A_WHILE_S)
        (alone,) = await queue.claim(5, lease_s=LONG_S)
        (other,) = {"one", "two"} - {alone.event_id}

        joined = await queue.claim(5, lease_s=LONG_S, wait_s=PATIENCE_S)

        assert events(joined) == [other]
        assert (await queue.stats()).states[State.LEASED] == 2

    async def test_a_word_in_between_is_no_poison(self, queue: DeliveryQueue) -> None:
        """
        Only crashes in a row count.
        """
        await queue.put([delivery("e1")])

        for _ in range(3):
            await claim_one(queue, lease_s=SOON_S)
            await queue.release(await claim_one(queue))

        assert (await claim_one(queue)).event_id == "e1"
