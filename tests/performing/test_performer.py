"""
Durable deliveries are claimed, performed and settled.
"""

import asyncio
import logging

import pytest

from tests.performing.work import CRM, PATIENCE_S, broken, delivery, performed
from webhook_engine.errors import (
    NotFound,
    QueueError,
    QueueUnavailable,
    SecretMissing,
    TimedOut,
    UnknownVariable,
)
from webhook_engine.performing import (
    Dead,
    Done,
    Performed,
    PerformerSettings,
    Release,
    Retry,
    RetryPolicy,
    Schedule,
)
from webhook_engine.queue import MAYBE_DELIVERED, SqliteQueue, State, delivery_id
from webhook_engine.responses import Outcome

SLOW = "slow.example.com:443"
AT_ONCE = Schedule(first_s=0.0)


def the(event, webhook="CRM outcome"):
    return delivery_id(event, webhook)


# --- What follows from an attempt ------------------------------------------------------------


async def test_what_is_put_is_performed_and_recorded(queue, performer, worker, settled):
    """
    The record and the end of the delivery are on the disk together.
    """
    worker.answers[CRM] = performed(sentence="The target system accepted the request.")
    async with performer() as it:
        await queue.put([delivery("e1", reference={"call": "c1"})])
        await settled.until(1)
        report = await queue.show(the("e1"))

    assert [{"call": "c1"}] == [lease.reference for lease in worker.started]
    (record,) = report.records
    assert (State.DONE, "ok", 200, 0.25) == (report.state, record.outcome, record.status, record.took_s)
    assert "The target system accepted the request." == record.detail["sentence"]
    assert ["request", "response", "sentence"] == sorted(record.detail)
    assert (1, 0, 0) == (it.report().done, it.report().retried, it.report().running)


async def test_what_comes_after_a_long_row_is_performed_too(queue, performer, worker, settled):
    """
    A busy target is fetched for by the lot; when nothing is left, whatever is put next starts at once.
    """
    worker.answers[CRM] = performed()
    async with performer() as it:
        await queue.put([delivery(f"e{number}") for number in range(600)])
        await settled.until(600)
        await queue.put([delivery("last")])
        await settled.until(601)
        await queue.put([delivery("elsewhere", target=SLOW)])
        await settled.until(602)

    assert 602 == len({lease.id for lease in worker.started}) == len(worker.started)
    assert (602, 0, 0) == (it.report().done, it.report().running, it.report().waiting)


async def test_what_failed_waits(queue, performer, worker, settled):
    """
    By the schedule, and is counted.
    """
    worker.answers[CRM] = performed(503)
    async with performer():
        await queue.put([delivery("e1")])
        await settled.until(1)
        report = await queue.show(the("e1"))

    assert [Retry(5.0)] == settled.settlements
    assert (State.WAITING, 1, 1) == (report.state, report.attempts, report.failures)


async def test_it_is_given_up_after_the_last_attempt(queue, performer, worker, settled):
    """
    With every attempt in the record.
    """
    worker.answers[CRM] = performed(404, policy=RetryPolicy(short_retries={404: 2}, schedule=AT_ONCE))
    async with performer():
        await queue.put([delivery("e1")])
        await settled.until(3)
        report = await queue.show(the("e1"))

    assert [Retry(0.0), Retry(0.0), Dead("not-found")] == settled.settlements
    assert (State.DEAD, "not-found") == (report.state, report.reason)
    assert [404, 404, 404] == [record.status for record in report.records]


@pytest.mark.parametrize(
    ("error", "settlement"),
    [
        (SecretMissing("no key", target=CRM), Retry(2.0, counted=False)),
        (NotFound("webhook", "CRM outcome"), Dead("deleted")),
        (UnknownVariable("CALLER", known=()), Dead("template")),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_an_error_of_ours_is_settled_like_any_other(
    queue, performer, worker, settled, error, settlement
):
    """
    Whoever performs may raise it as well as return it.
    """
    worker.answers[CRM] = error
    async with performer():
        await queue.put([delivery("e1")])
        await settled.until(1)
        report = await queue.show(the("e1"))

    assert [settlement] == settled.settlements
    assert type(error).__name__ == report.records[0].detail["error"]["kind"]


async def test_an_attempt_of_unknown_fate_is_maybe_delivered(queue, performer, worker, settled):
    """
    And is tried again: at least once means that it may be twice.
    """
    error = TimedOut(target=CRM, after_s=4)
    worker.answers[CRM] = Performed(attempt=broken(error), outcome=Outcome.TARGET_FAILED)
    async with performer():
        await queue.put([delivery("e1")])
        await settled.until(1)
        report = await queue.show(the("e1"))

    assert [Retry(5.0)] == settled.settlements
    assert (MAYBE_DELIVERED, "target") == (report.records[0].outcome, report.records[0].detail["fault"])


async def test_what_crashes_is_put_away(queue, performer, worker, settled, monkeypatch):
    """
    The third time, without what the error said, and without harm to others.
    """
    monkeypatch.setattr("webhook_engine.performing.crashes.DEFAULT_POLICY", RetryPolicy(schedule=AT_ONCE))
    worker.answers["odd"] = ValueError("Jane Doe, 082 123 4567")
    async with performer():
        await queue.put([delivery("odd", target="odd"), delivery("e1"), delivery("e2")])
        await settled.until(5)
        report = await queue.show(the("odd"))

    assert (State.DEAD, "poison", 3) == (report.state, report.reason, report.attempts)
    assert "crashed" == report.records[0].outcome
    assert "ValueError" == report.records[0].detail["error"]["kind"]
    assert "Jane" not in str(report)
    assert {"e1", "e2"} <= set(settled.events)


async def test_the_request_is_frozen_with_the_first_attempt(queue, performer, worker, settled):
    """
    Later attempts are given what the first one froze.
    """
    policy = RetryPolicy(schedule=AT_ONCE, max_attempts=3)
    frozen = iter([{"body": "first"}, {"body": "second"}, {"body": "third"}])
    worker.answers[CRM] = lambda lease: performed(500, policy=policy, frozen=next(frozen))
    async with performer():
        await queue.put([delivery("e1")])
        await settled.until(3)

    assert [None, {"body": "first"}, {"body": "first"}] == [lease.frozen for lease in worker.started]


@pytest.mark.parametrize(("status", "follows"), [(200, True), (422, True), (503, False)])
async def test_what_follows_is_put_at_the_end(queue, performer, worker, settled, status, follows):
    """
    A chained delivery starts when the first one is done or dead, and not with each attempt.
    """
    chained = delivery("e1>1", target="next", webhook="Next")
    worker.answers[CRM] = performed(status, follow=(chained,))
    async with performer():
        await queue.put([delivery("e1")])
        await settled.until(1 + follows)

    assert follows == ("e1>1" in settled.events)


async def test_what_is_held_goes_back_untried(queue, performer, worker, settled):
    """
    As where its webhook is disabled: no attempt, no record.
    """
    worker.answers[CRM] = Performed(hold_s=60.0)
    async with performer():
        await queue.put([delivery("e1")])
        await settled.until(1)
        report = await queue.show(the("e1"))

    assert [Release(60.0)] == settled.settlements
    assert (State.WAITING, 0, ()) == (report.state, report.attempts, report.records)


# --- Many targets ----------------------------------------------------------------------------


async def test_a_target_that_hangs_holds_up_nobody(queue, performer, worker, settled):
    """
    It has its slots and no more; all the others are served meanwhile.
    """
    worker.held.add(SLOW)
    async with performer(slots=3) as it:
        await queue.put([delivery(f"slow{n}", target=SLOW) for n in range(50)])
        await worker.until_started(3, SLOW)
        await queue.put([delivery(f"e{n}", target=f"t{n % 10}") for n in range(100)])
        await settled.until(100)
        stats = await queue.stats()

        assert 3 == worker.running[SLOW] == worker.most[SLOW] == it.report().running
        assert {State.READY: 47, State.LEASED: 3} == {s: n for s, n in stats.targets[SLOW].items() if n}
        worker.let_go(SLOW)
        await settled.until(150)

    assert 3 == worker.most[SLOW]


async def test_a_failing_target_is_left_alone(queue, performer, worker, settled, clock):
    """
    Its breaker opens; what waits for it is not touched, and is delivered when it works again.
    """
    worker.answers[CRM] = performed(503)
    async with performer(slots=5) as it:
        await queue.put([delivery(f"e{n}") for n in range(20)])
        await settled.until(5)
        await queue.put([delivery("other", target="other")])
        await settled.until(1, "other")

        assert ["open"] == [each.state for each in it.report().targets if each.target == CRM]
        failed = sum(isinstance(each, Retry) for each in settled.settlements)
        assert failed == len([lease for lease in worker.started if lease.target == CRM]) <= 10
        worker.answers[CRM] = performed()
        clock.now += 5.0
        queue.wake()
        await settled.until(20, CRM)

    assert 20 - failed == sum(isinstance(each, Done) for each in settled.settlements) - 1


async def test_retry_after_pauses_the_whole_target(queue, performer, worker, settled, clock):
    """
    Not only the delivery that was told so; afterwards it comes back slowly.
    """
    worker.answers[CRM] = performed(429, headers=[("Retry-After", "30")])
    async with performer(slots=1) as it:
        await queue.put([delivery(f"e{n}") for n in range(4)])
        await settled.until(1)
        await queue.put([delivery("other", target="other")])
        await settled.until(1, "other")

        assert [Retry(30.0)] == [each for each in settled.settlements if isinstance(each, Retry)]
        assert 1 == len([lease for lease in worker.started if lease.target == CRM])
        assert ["paused"] == [each.state for each in it.report().targets if each.target == CRM]
        worker.answers[CRM] = performed()
        clock.now += 30.0
        queue.wake()
        await settled.until(4, CRM)


async def test_what_waits_for_a_slot_goes_back_when_its_target_is_paused(
    queue, performer, worker, settled, clock
):
    """
    Claimed ahead of time, and now not to be sent for a while: it is not held in vain.
    """
    async with performer(slots=1) as it:
        for n in range(40):
            clock.now += 0.01
            await queue.put([delivery(f"warm{n}")])
            await settled.until(n + 1)
        worker.held.add(CRM)
        await queue.put([delivery(f"e{n}") for n in range(5)])
        await worker.until_started(41)
        async with asyncio.timeout(PATIENCE_S):
            while not it.report().waiting:
                clock.now += 0.01
                queue.wake()
                await asyncio.sleep(0.01)
        waiting = it.report().waiting
        worker.answers[CRM] = performed(429, headers=[("Retry-After", "30")])
        worker.let_go(CRM)
        await settled.until(41 + waiting)

        assert (0, waiting) == (it.report().waiting, it.report().released)
        assert 41 == len(worker.started)
        assert 4 == (await queue.stats()).states[State.READY]


async def test_a_long_attempt_keeps_its_lease(queue, performer, worker, settled, monkeypatch):
    """
    Nobody else gets the delivery while it is worked on; when it has ended, nothing is extended any more.
    """
    monkeypatch.setattr("webhook_engine.performing.Performer.lease_s", 0.3)
    extended = []
    extend = queue.extend

    async def note(lease, lease_s):
        extended.append(lease.event_id)
        await extend(lease, lease_s)

    monkeypatch.setattr(queue, "extend", note)
    worker.held.update({CRM, SLOW})
    async with performer(), asyncio.timeout(PATIENCE_S):
        await queue.put([delivery("e1"), delivery("e2", target=SLOW)])
        while extended.count("e1") < 4:
            await asyncio.sleep(0.01)
        worker.let_go(CRM)
        await settled.until(1)
        ended, running = extended.count("e1"), extended.count("e2")
        while extended.count("e2") < running + 3:
            await asyncio.sleep(0.01)
        worker.let_go(SLOW)
        await settled.until(2)

    assert ended == extended.count("e1")
    assert [1, 1] == [lease.attempt for lease in worker.started]
    assert [Done(), Done()] == settled.settlements


async def test_too_many_at_once_is_nobodys_failure(queue, performer, worker, settled):
    """
    The attempt does not count, and for a while the target is asked one thing less at a time.
    """
    body = (
        b"<XML><Error>Concurrent API Calls Exceeded: The amount of concurrent calls exceeds 3</Error></XML>"
    )
    worker.answers[CRM] = performed(200, body=body, outcome=Outcome.REFUSED)
    async with performer(slots=3) as it:
        await queue.put([delivery("e1")])
        await settled.until(1)
        report = await queue.show(the("e1"))

        assert [2] == [each.slots for each in it.report().targets]
    assert [Retry(2.0, counted=False)] == settled.settlements
    assert (1, 0) == (report.attempts, report.failures)


async def test_no_more_than_so_much_is_in_hand(queue, performer, worker, settled):
    """
    However many targets have room.
    """
    targets = [f"t{n}" for n in range(20)]
    worker.held.update(targets)
    async with performer(settings=PerformerSettings(most=8)) as it:
        await queue.put([delivery(f"e{n}", target=target) for n, target in enumerate(targets)])
        await worker.until_started(8)
        assert (8, 8) == (it.report().running, (await queue.stats()).states[State.LEASED])
        for target in targets:
            worker.let_go(target)
        await settled.until(20)


# --- A queue that fails ----------------------------------------------------------------------


class Full(SqliteQueue):
    """
    A queue that can be told that there is no room on the disk, or that it takes nothing.
    """

    is_full = False
    refuses = False
    asked = 0

    async def claim(self, *args, **facts):
        self._check_room()
        return await super().claim(*args, **facts)

    async def settle(self, endings):
        self._check_room()
        if self.refuses:
            raise QueueError("too large")
        return await super().settle(endings)

    def _check_room(self):
        if self.is_full:
            self.asked += 1
            raise QueueUnavailable(path="queue.db", why="no room on the disk")


@pytest.fixture
async def full(tmp_path):
    async with Full(tmp_path / "full.db") as queue:
        yield queue


async def test_it_claims_while_there_is_nothing_to_do(performer):
    """
    Whoever asks whether it works need not wait for the first delivery; a stop ends it.
    """
    async with performer() as it:
        assert it.report().is_claiming
    assert not it.report().is_claiming


async def test_what_is_under_way_is_recorded_when_there_is_room_again(full, performer, worker, settled):
    """
    Nothing is claimed while the queue cannot write, nothing is forgotten, and nothing is sent twice.
    """
    worker.held.add(CRM)
    async with performer(on=full, slots=1) as it:
        await full.put([delivery("e1"), delivery("e2")])
        await worker.until_started(1)
        full.is_full = True
        worker.let_go(CRM)
        async with asyncio.timeout(PATIENCE_S):
            while full.asked < 4 or it.report().is_claiming:
                await asyncio.sleep(0.01)
        assert ([], ["e1"]) == (settled.all, [lease.event_id for lease in worker.started])

        full.is_full = False
        await settled.until(2)

    assert ["e1", "e2"] == [lease.event_id for lease in worker.started]
    assert [Done(), Done()] == settled.settlements


async def test_what_the_queue_refuses_hinders_nobody(full, performer, worker, settled, caplog):
    """
    It is counted, told with what the target said and what will follow, and left to its lease.
    """
    caplog.set_level(logging.INFO, "webhook_engine")
    async with performer(on=full) as it:
        full.refuses = True
        await full.put([delivery("e1")])
        await worker.until_started(1)
        async with asyncio.timeout(PATIENCE_S):
            while not it.report().failed:
                await asyncio.sleep(0.01)
        full.refuses = False
        await full.put([delivery("e2")])
        await settled.until(1)

    (told,) = [each for each in caplog.records if each.message == "settlement.failed"]
    assert (["e2"], 1) == (settled.events, it.report().failed)
    assert (the("e1"), CRM, 1, "ok", "done", "too large") == (
        told.delivery,
        told.target,
        told.attempt,
        told.outcome,
        told.unwritten,
        told.why,
    )
    assert "its lease runs out" in told.then


async def test_a_lost_lease_settles_nothing(tmp_path, performer, worker, settled):
    """
    Whoever was too slow is told nothing, changes nothing, and is counted.
    """
    from webhook_engine.queue.sqlite import Clock

    time = [0.0]
    clock = Clock(wall=lambda: 0.0, monotonic=lambda: time[0])
    async with SqliteQueue(tmp_path / "slow.db", clock=clock) as queue:
        worker.held.add(CRM)
        async with performer(on=queue) as it:
            await queue.put([delivery("e1")])
            await worker.until_started(1)
            time[0] += it.lease_s + 1
            await queue.put([delivery("e2", target="other")])
            await worker.until_started(2, CRM)
            worker.let_go(CRM)
            async with asyncio.timeout(PATIENCE_S):
                while not it.report().leases_lost:
                    await asyncio.sleep(0.01)
            await settled.until(2)
        report = await queue.show(the("e1"))

    assert [MAYBE_DELIVERED, "ok"] == [record.outcome for record in report.records]
    assert [False, True] == [lease.maybe_delivered for lease in worker.started if lease.target == CRM]
    assert (State.DONE, 1) == (report.state, it.report().leases_lost)


def test_a_lease_outlasts_every_attempt(queue, performer):
    """
    By fifteen seconds at least, for what is recorded must be recorded under it.
    """
    it = performer(settings=PerformerSettings(deadline_s=100, lease_s=60))

    assert 115 == it.lease_s


# --- What is told ----------------------------------------------------------------------------


async def test_each_attempt_is_one_event_in_the_log(queue, performer, worker, settled, caplog):
    """
    With what an operator asks first.
    """
    caplog.set_level(logging.INFO, "webhook_engine")
    worker.answers[CRM] = performed(503)
    async with performer():
        await queue.put([delivery("e1")])
        await settled.until(1)

    (event,) = [each for each in caplog.records if each.message == "attempt.finished"]
    told = ("CRM outcome", CRM, 1, "target-failed", 503, "retry", "target-failed", 5.0)
    assert told == (
        event.webhook,
        event.target,
        event.attempt,
        event.outcome,
        event.status,
        event.settled,
        event.why,
        event.wait_s,
    )
