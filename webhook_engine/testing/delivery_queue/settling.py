"""
The end of a lease, and its record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook_engine.errors import DeliveryTooLarge, LeaseLost
from webhook_engine.queue import Ending, State, delivery_id
from webhook_engine.testing.delivery_queue.common import FAILED, LATER_S, LONG_S, OK, claim_one, delivery

if TYPE_CHECKING:
    from webhook_engine.queue import DeliveryQueue


class SettlingContract:
    """
    The end of a lease, and its record.
    """

    async def test_done_is_done(self, queue: DeliveryQueue) -> None:
        """
        What was delivered is not offered again, and its attempt is on record.
        """
        await queue.put([delivery("e1")])
        lease = await claim_one(queue)

        await queue.done(lease, OK)

        report = await queue.show(lease.id)
        (attempt,) = report.records
        assert await queue.claim(1, lease_s=LONG_S) == ()
        assert (report.state, report.attempts, report.failures) == (State.DONE, 1, 0)
        assert (attempt.number, attempt.outcome, attempt.status, attempt.took_s) == (1, "ok", 200, 0.1)
        assert attempt.detail == OK.detail
        assert attempt.at >= report.put_at

    async def test_many_are_settled_as_one_by_one(self, queue: DeliveryQueue) -> None:
        """
        Each as it is told, in one transaction.
        """
        await queue.put([delivery(f"e{n}") for n in range(4)])
        done, again, dead, back = await queue.claim(4, lease_s=LONG_S)
        frozen = {"body": "as it was"}

        errors = await queue.settle(
            [
                Ending(done, State.DONE, OK),
                Ending(again, State.WAITING, FAILED, frozen=frozen),
                Ending(dead, State.DEAD, FAILED, reason="gone"),
                Ending(back, State.WAITING),
            ]
        )

        reports = [await queue.show(each.id) for each in (done, again, dead, back)]
        assert errors == (None, None, None, None)
        assert [(each.state, each.attempts, each.failures, each.reason) for each in reports] == [
            (State.DONE, 1, 0, ""),
            (State.AGAIN, 1, 1, ""),
            (State.DEAD, 1, 1, "gone"),
            (State.READY, 0, 0, ""),
        ]
        assert [["ok"], ["target-failed"], ["target-failed"], []] == [
            [record.outcome for record in each.records] for each in reports
        ]
        assert frozen == reports[1].frozen

    async def test_what_is_lost_or_too_long_holds_up_no_other(self, queue: DeliveryQueue) -> None:
        """
        Of many settled together each stands for itself; of two for one lease the first counts.
        """
        await queue.put([delivery("e1"), delivery("e2")])
        first, second = await queue.claim(2, lease_s=LONG_S)
        too_long = {"body": "x" * 2**21}

        errors = await queue.settle(
            [
                Ending(second, State.WAITING, FAILED, frozen=too_long),
                Ending(first, State.DONE, OK),
                Ending(first, State.DEAD, FAILED, reason="late"),
                Ending(second, State.DEAD, FAILED, reason="second"),
            ]
        )

        assert [DeliveryTooLarge, type(None), LeaseLost, type(None)] == [type(each) for each in errors]
        assert (await queue.show(first.id)).state is State.DONE
        assert (await queue.show(second.id)).reason == "second"

    async def test_a_failure_is_tried_again_later(self, queue: DeliveryQueue) -> None:
        """
        The retry comes after its wait, knows what went before, and sends what was frozen.
        """
        await queue.put([delivery("e1")])
        frozen = {"url": "https://crm.example.com/", "body": "{}"}

        await queue.retry(await claim_one(queue), FAILED, wait_s=LATER_S, frozen=frozen)

        assert await queue.claim(1, lease_s=LONG_S) == ()
        again = await claim_one(queue)
        assert (again.attempt, again.failures, again.frozen) == (2, 1, frozen)
        assert [FAILED.outcome] == [each.outcome for each in (await queue.show(again.id)).records]

    async def test_what_was_not_its_fault_is_not_counted(self, queue: DeliveryQueue) -> None:
        """
        A breaker or a limit of ours leaves a record, and no failure.
        """
        await queue.put([delivery("e1")])

        await queue.retry(await claim_one(queue), FAILED, wait_s=0, counted=False)

        again = await claim_one(queue)
        assert (again.attempt, again.failures) == (2, 0)

    async def test_a_release_leaves_no_trace(self, queue: DeliveryQueue) -> None:
        """
        What was given back untried is as it was before.
        """
        await queue.put([delivery("e1")])

        await queue.release(await claim_one(queue))

        again = await claim_one(queue)
        assert (again.attempt, again.failures, again.maybe_delivered) == (1, 0, False)
        assert (await queue.show(again.id)).records == ()

    async def test_a_release_may_ask_for_time(self, queue: DeliveryQueue) -> None:
        """
        What cannot go now, its webhook being disabled, is held without being asked for all the time.
        """
        await queue.put([delivery("e1")])

        await queue.release(await claim_one(queue), wait_s=LONG_S, reason="disabled")

        assert await queue.claim(1, lease_s=LONG_S) == ()
        report = await queue.show(delivery_id("e1", "CRM outcome"))
        assert (report.state, report.reason) == (State.WAITING, "disabled")

    async def test_a_frozen_request_stays(self, queue: DeliveryQueue) -> None:
        """
        What was frozen before it was sent is there whatever becomes of the lease.
        """
        await queue.put([delivery("e1")])

        await queue.freeze(await claim_one(queue, lease_s=LATER_S), {"body": "as it was"})

        assert (await claim_one(queue)).frozen == {"body": "as it was"}

    async def test_dead_is_not_tried_again(self, queue: DeliveryQueue) -> None:
        """
        What cannot get better is put away with its reason.
        """
        await queue.put([delivery("e1")])
        lease = await claim_one(queue)

        await queue.dead(lease, FAILED, reason="gone")

        report = await queue.show(lease.id)
        assert (report.state, report.reason, report.attempts, report.failures) == (State.DEAD, "gone", 1, 1)
        assert await queue.claim(1, lease_s=LONG_S) == ()
