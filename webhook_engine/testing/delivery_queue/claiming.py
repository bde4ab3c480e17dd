"""
Who gets what, and in which turn.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from webhook_engine.queue import Order, State
from webhook_engine.testing.delivery_queue.common import (
    FAILED,
    LONG_S,
    PATIENCE_S,
    SOON_S,
    claim_one,
    delivery,
    events,
    until,
)

if TYPE_CHECKING:
    from webhook_engine.queue import DeliveryQueue


class ClaimingContract:
    """
    Who gets what, and in which turn.
    """

    async def test_nobody_else_gets_what_is_leased(self, queue: DeliveryQueue) -> None:
        """
        Claims that run together share out, and never share.
        """
        await queue.put([delivery(f"e{n}") for n in range(50)])

        claims = await asyncio.gather(*(queue.claim(10, lease_s=LONG_S) for _ in range(8)))

        got = [event for leases in claims for event in events(leases)]
        assert sorted(got) == sorted({f"e{n}" for n in range(50)})

    async def test_a_claim_waits_for_a_put(self, queue: DeliveryQueue) -> None:
        """
        Who waits is woken by what comes in, without asking again.
        """
        waiting = asyncio.create_task(queue.claim(5, lease_s=LONG_S, wait_s=PATIENCE_S))
        await asyncio.sleep(SOON_S)

        await queue.put([delivery("e1")])

        assert events(await waiting) == ["e1"]

    async def test_a_claim_does_not_wait_for_ever(self, queue: DeliveryQueue) -> None:
        """
        Nothing comes of a wait in which nothing came.
        """
        assert await queue.claim(1, lease_s=LONG_S, wait_s=SOON_S) == ()

    async def test_a_waiting_claim_can_be_let_go(self, queue: DeliveryQueue) -> None:
        """
        `wake` ends the wait, so that the claim is made anew with the room there is now.
        """
        waiting = asyncio.create_task(queue.claim(1, lease_s=LONG_S, wait_s=PATIENCE_S))
        await asyncio.sleep(SOON_S)

        queue.wake()

        assert await asyncio.wait_for(waiting, PATIENCE_S / 2) == ()

    async def test_a_cancelled_claim_takes_nothing_along(self, queue: DeliveryQueue) -> None:
        """
        Whoever stops waiting leaves the deliveries to the others, uncounted.
        """
        for n in range(20):
            waiting = asyncio.create_task(queue.claim(1, lease_s=LONG_S, wait_s=PATIENCE_S))
            put = asyncio.create_task(queue.put([delivery(f"e{n}")]))
            await asyncio.sleep(0)
            waiting.cancel()
            await put
            lease = await claim_one(queue)
            assert (lease.event_id, lease.attempt) == (f"e{n}", 1)

    async def test_targets_are_served_in_turn(self, queue: DeliveryQueue) -> None:
        """
        The backlog of one target does not keep the others waiting.
        """
        await queue.put([delivery(f"big{n}", target="big") for n in range(100)])
        await queue.put([delivery(f"small{n}", target="small") for n in range(2)])
        await queue.put([delivery("tiny", target="tiny")])

        first = await queue.claim(9, lease_s=LONG_S)
        rest = await queue.claim(9, lease_s=LONG_S)

        assert Counter(lease.target for lease in first) == {"big": 6, "small": 2, "tiny": 1}
        assert Counter(lease.target for lease in rest) == {"big": 9}

    async def test_a_short_claim_goes_on_where_the_last_one_ended(self, queue: DeliveryQueue) -> None:
        """
        One at a time is as fair as many at once.
        """
        for target in ("a", "b", "c"):
            await queue.put([delivery(f"{target}{n}", target=target) for n in range(10)])

        got = [(await claim_one(queue)).target for _ in range(9)]

        assert Counter(got) == {"a": 3, "b": 3, "c": 3}
        assert all(before != after for before, after in pairwise(got))

    async def test_a_target_gets_no_more_than_it_has_room_for(self, queue: DeliveryQueue) -> None:
        """
        What is at its limit is left alone; what nobody named has the room of everybody.
        """
        for target in ("full", "some", "free"):
            await queue.put([delivery(f"{target}{n}", target=target) for n in range(20)])

        leases = await queue.claim(50, lease_s=LONG_S, room={"full": 0, "some": 3}, per_target=5)

        assert Counter(lease.target for lease in leases) == {"some": 3, "free": 5}

    async def test_first_in_goes_first(self, queue: DeliveryQueue) -> None:
        """
        Within a target what was put first is claimed first, unless another is more urgent.
        """
        await queue.put(
            [delivery("e1"), delivery("e2"), delivery("urgent", priority=5), delivery("later", priority=-1)]
        )

        assert [(await claim_one(queue)).event_id for _ in range(4)] == ["urgent", "e1", "e2", "later"]

    async def test_a_retry_stands_behind_what_is_new(self, queue: DeliveryQueue) -> None:
        """
        A target that comes back gets its fresh deliveries before the old ones, yet the old ones do come.
        """
        await queue.put([delivery(f"old{n}") for n in range(8)])
        for lease in await queue.claim(8, lease_s=LONG_S):
            await queue.retry(lease, FAILED, wait_s=0)
        await queue.put([delivery(f"new{n}") for n in range(8)])

        first = await queue.claim(8, lease_s=LONG_S)
        rest = await queue.claim(8, lease_s=LONG_S)

        assert Counter(lease.failures for lease in first) == {0: 6, 1: 2}
        assert Counter(lease.failures for lease in rest) == {0: 2, 1: 6}

    async def test_what_is_new_does_not_stand_at_the_end_of_a_long_row(self, queue: DeliveryQueue) -> None:
        """
        After an outage the newest share the turns with the oldest, so neither starves.
        """
        for start in range(0, 1_000, 250):
            await queue.put([delivery(f"old{n}") for n in range(start, start + 250)])
        await queue.put([delivery(f"new{n}") for n in range(4)])

        got = [event for _ in range(4) for event in events(await queue.claim(4, lease_s=LONG_S))]

        assert {"new0", "new1", "new2", "new3", "old0", "old1", "old2", "old3"} <= set(got)

    async def test_one_at_a_time_the_newest_have_their_turns_as_well(self, queue: DeliveryQueue) -> None:
        """
        The turns are the same in small claims.
        """
        await queue.put([delivery(f"e{n}") for n in range(500)])

        got = [(await claim_one(queue)).event_id for _ in range(8)]

        assert sorted(got) == ["e0", "e1", "e2", "e3", "e496", "e497", "e498", "e499"]

    async def test_the_newest_of_a_call_does_not_overtake_the_oldest(self, queue: DeliveryQueue) -> None:
        """
        Where both may go, since the hold is over, the earlier one goes first all the same.
        """
        ordered = {"call": "c1", "order": Order.STRICT, "hold_s": SOON_S}
        await queue.put([delivery(f"old{n}") for n in range(300)])
        await queue.put([delivery(f"call{n}", **ordered) for n in range(3)])
        await until(queue, State.READY, 303)

        got: list[str] = []
        while len(got) < 303:
            got += events(await queue.claim(2, lease_s=LONG_S))

        assert [event for event in got if event.startswith("call")] == ["call0", "call1", "call2"]
