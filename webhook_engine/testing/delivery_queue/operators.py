"""
What an operator sees and does.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from webhook_engine.errors import NotFound
from webhook_engine.queue import (
    Order,
    State,
    delivery_id,
)
from webhook_engine.testing.delivery_queue.common import (
    FAILED,
    LONG_S,
    OK,
    SOON_S,
    claim_one,
    delivery,
    settle,
)

if TYPE_CHECKING:
    from webhook_engine.queue import DeliveryQueue


class OperatorsContract:
    """
    What an operator sees and does.
    """

    @pytest.mark.parametrize("end", ["done", "dead"])
    async def test_what_is_over_can_be_sent_again(self, queue: DeliveryQueue, end: str) -> None:
        """
        Revived it starts afresh: same id, no failures, and the earlier attempts stay on record.
        """
        await queue.put([delivery("e1", expires_s=LONG_S)])
        await queue.retry(await claim_one(queue), FAILED, wait_s=0)
        lease = await claim_one(queue)
        await settle(queue, lease, end)

        revived = await queue.revive([lease.id, "0" * 56, "no id"])

        again = await claim_one(queue)
        assert revived == 1
        assert (again.id, again.failures, again.attempt) == (lease.id, 0, 3)
        assert len((await queue.show(lease.id)).records) == 2

    async def test_only_what_is_over_is_revived(self, queue: DeliveryQueue) -> None:
        """
        What is under way is not sent a second time.
        """
        await queue.put([delivery("e1"), delivery("e2")])
        lease = await claim_one(queue)

        assert await queue.revive([lease.id, delivery_id("e2", "CRM outcome")]) == 0

    async def test_the_revived_keep_their_order(self, queue: DeliveryQueue) -> None:
        """
        Dead letters of one call that are revived together go one after the other.
        """
        ids = [delivery_id(each, "CRM outcome") for each in ("e1", "e2", "e3")]
        await queue.put([delivery(each, call="c1", order=Order.STRICT) for each in ("e1", "e2", "e3")])
        for _ in ids:
            await queue.dead(await claim_one(queue), FAILED, reason="gone")

        await queue.revive(list(reversed(ids)))

        for expected in ("e1", "e2", "e3"):
            (lease,) = await queue.claim(10, lease_s=LONG_S)
            assert lease.event_id == expected
            await queue.done(lease, OK)

    async def test_what_waits_can_be_dropped(self, queue: DeliveryQueue) -> None:
        """
        Dropped is dead, with the reason; what is under way is left to its lease.
        """
        await queue.put([delivery("e1"), delivery("e2")])
        lease = await claim_one(queue)

        dropped = await queue.drop([lease.id, delivery_id("e2", "CRM outcome")], reason="deleted")

        assert dropped == 1
        assert await queue.claim(1, lease_s=LONG_S) == ()
        assert (await queue.show(delivery_id("e2", "CRM outcome"))).reason == "deleted"
        await queue.done(lease, OK)

    async def test_the_counts_are_right(self, queue: DeliveryQueue) -> None:
        """
        Every delivery is counted in the state in which it is.
        """
        await queue.put([delivery(f"e{n}", target=f"t{n % 2}") for n in range(8)])
        await queue.put([delivery("later", wait_s=LONG_S)])
        await queue.put([delivery(each, target="t0", call="c", order=Order.STRICT) for each in ("h1", "h2")])
        one, two, three, four, *_ = await queue.claim(5, lease_s=LONG_S, room={"t0": 10, "t1": 10})
        await queue.done(one, OK)
        await queue.retry(two, FAILED, wait_s=LONG_S)
        await queue.dead(three, FAILED, reason="gone")
        await queue.retry(four, FAILED, wait_s=0)

        stats = await queue.stats()

        expected = {"ready": 4, "again": 1, "waiting": 2, "held": 1, "leased": 1, "done": 1, "dead": 1}
        assert expected == {state.value: n for state, n in stats.states.items()}
        assert sum(sum(states.values()) for states in stats.targets.values()) == 11

    async def test_deliveries_are_listed_page_by_page(self, queue: DeliveryQueue) -> None:
        """
        Newest first, each once, and by what is asked for.
        """
        for n in range(7):
            await queue.put([delivery(f"e{n}", webhook=f"w{n % 2}", target=f"t{n}")])

        pages = [await queue.list(limit=3)]
        while pages[-1].after is not None:
            pages.append(await queue.list(limit=3, after=pages[-1].after))

        assert [f"e{n}" for n in reversed(range(7))] == [
            each.event_id for page in pages for each in page.deliveries
        ]
        for filters, expected in (
            ({"webhook": "w1"}, ["e5", "e3", "e1"]),
            ({"target": "t4"}, ["e4"]),
            ({"event_id": "e2"}, ["e2"]),
            ({"state": State.DEAD}, []),
        ):
            page = await queue.list(**filters)
            assert expected == [each.event_id for each in page.deliveries]

    async def test_a_state_is_listed_page_by_page(self, queue: DeliveryQueue) -> None:
        """
        The dead, those that died last first.
        """
        await queue.put([delivery(f"e{n}") for n in range(5)])
        for lease in await queue.claim(5, lease_s=LONG_S):
            await queue.dead(lease, FAILED, reason="gone")

        first = await queue.list(state=State.DEAD, limit=3)
        rest = await queue.list(state=State.DEAD, limit=3, after=first.after)

        assert {f"e{n}" for n in range(5)} == {
            each.event_id for each in (*first.deliveries, *rest.deliveries)
        }
        assert (len(first.deliveries), rest.after) == (3, None)

    async def test_deliveries_are_listed_by_the_time_of_their_putting(self, queue: DeliveryQueue) -> None:
        """
        From a time, to before another, in whatever state they are.
        """
        times = []
        for n in range(4):
            await queue.put([delivery(f"e{n}", webhook=f"w{n % 2}")])
            times.append((await queue.list(limit=1)).deliveries[0].put_at)
            await asyncio.sleep(SOON_S)
        for lease in await queue.claim(2, lease_s=LONG_S):
            await queue.dead(lease, FAILED, reason="gone")

        for filters, expected in (
            ({"since": times[1], "until": times[3]}, ["e2", "e1"]),
            ({"since": times[3]}, ["e3"]),
            ({"until": times[0]}, []),
            ({"since": times[1], "state": State.DEAD}, ["e1"]),
            ({"until": times[1], "state": State.DEAD}, ["e0"]),
            ({"since": times[1], "webhook": "w1"}, ["e3", "e1"]),
        ):
            page = await queue.list(**filters)
            assert expected == [each.event_id for each in page.deliveries], filters

    async def test_deliveries_are_counted_over_time(self, queue: DeliveryQueue) -> None:
        """
        By the time at which they were put and what has become of them, with how long attempts took.
        """
        await queue.put([delivery(f"e{n}", webhook=f"w{n % 2}", target="t") for n in range(6)])
        one, two = await queue.claim(2, lease_s=LONG_S)
        await queue.done(one, OK)
        await queue.dead(two, FAILED, reason="gone")

        found = await queue.spread()
        dead = await queue.spread(state=State.DEAD)
        some = await queue.spread(webhook="w1", target="t")
        none = await queue.spread(until=found.bars[0].at - timedelta(days=1))

        counts: Counter[State] = Counter()
        for bar in found.bars:
            counts.update(bar.states)
        assert (counts[State.DONE], counts[State.DEAD], counts[State.READY]) == (1, 1, 4)
        assert sorted(took for bar in found.bars for took in bar.took_s) == [OK.took_s, FAILED.took_s]
        assert (found.counted, dead.counted, some.counted, none.counted) == (6, 1, 3, 0)
        assert found.is_whole

    async def test_what_is_not_there_is_named(self, queue: DeliveryQueue) -> None:
        """
        An id that nothing has is an error that repeats it.
        """
        with pytest.raises(NotFound, match="there is no delivery 'deadbeef'"):
            await queue.show("deadbeef")
