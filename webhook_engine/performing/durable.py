"""
Durable deliveries, made to happen: claimed, performed, settled.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Self

from webhook_engine import log
from webhook_engine.errors import QueueError, QueueUnavailable, WebhookEngineError
from webhook_engine.performing.breaker import BreakerReport, Word
from webhook_engine.performing.breakers import Breakers
from webhook_engine.performing.crashes import Crashes
from webhook_engine.performing.heartbeat import Heartbeat
from webhook_engine.performing.judging import Judged, judge
from webhook_engine.performing.lanes import Lane
from webhook_engine.performing.performed import Perform, Performed
from webhook_engine.performing.settle import Release, Retry
from webhook_engine.performing.settling import FIRST_PAUSE_S, LONGEST_PAUSE_S, Settled, Settler
from webhook_engine.queue import MAYBE_DELIVERED, AttemptRecord

if TYPE_CHECKING:
    from types import TracebackType

    from webhook_engine.queue import DeliveryQueue, Lease

_LONG_S = 3600.0
"""A claim is made anew so often even where nothing happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformerSettings:
    """
    How much one process takes in hand, and for how long.
    """

    most: int = 2048
    """Deliveries in hand: waiting for a slot, under way, and being written down."""

    deadline_s: float = 30.0
    """The longest that performing a delivery takes."""

    lease_s: float = 60.0
    """At least; a lease is never shorter than the deadline and fifteen seconds."""

    grace_s: float | None = None
    """How long a stop waits for what is under way; five seconds more than the deadline where left out."""

    settle_s: float = 5.0
    """How long the end of a stop waits for the disk."""

    crashes: int = 3
    """A delivery whose performing raised what no error of ours is, so many times, is dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformerReport:
    """
    What a performer has in hand and has done since it was opened.
    """

    waiting: int
    """Claimed, and not started."""

    running: int
    settling: int
    """Performed, and not yet on the disk."""

    done: int
    retried: int
    dead: int
    released: int

    leases_lost: int
    """Settlements that came too late and changed nothing."""

    failed: int
    """Settlements that the queue would not take; their leases run out."""

    is_claiming: bool
    """False while the queue cannot write, and when it is stopping."""

    targets: tuple[BreakerReport, ...]


class Performer:
    """
    Performs the deliveries of one queue, for one event loop.

    `async with` begins and stops it. It takes no more than each target has room for, so
    that one that hangs holds up nobody else, and settles each delivery exactly as far as
    its lease reaches.
    """

    def __init__(
        self,
        queue: DeliveryQueue,
        perform: Perform,
        *,
        settings: PerformerSettings | None = None,
        breakers: Breakers | None = None,
        on_settled: Settled | None = None,
        roll: Callable[[], float] = random.random,
    ) -> None:
        """
        Args:
            perform: Prepares, sends and reads one delivery. What it raises that is no
                error of ours counts as a crash.

            breakers: Shared with whoever else asks the same targets.

            on_settled: Told of every settlement that is on the disk.

            roll: Where in its spread each wait lands, in [0, 1].
        """
        self.settings = settings or PerformerSettings()
        self.breakers = breakers or Breakers()
        self._queue, self._perform, self._roll = queue, perform, roll
        self._settler = Settler(queue, on_settled)
        self._crashes = Crashes(self.settings.crashes)
        self._lanes: dict[str, Lane] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._settling: set[asyncio.Task[None]] = set()
        self._waiting = 0
        self._is_claiming = False
        self._woken = False

    @property
    def lease_s(self) -> float:
        """
        For how long deliveries are claimed.
        """
        return max(self.settings.lease_s, self.settings.deadline_s + 15.0)

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._heartbeat = Heartbeat(self._queue, self.lease_s)
        self._stopping = asyncio.Event()
        self._cut = asyncio.Event()
        self._stopped = asyncio.Event()
        self._space = asyncio.Event()
        self._end_listening = self.breakers.listen(self._look_again)
        self._claiming = asyncio.create_task(self._claim_all(), name="claiming deliveries")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """
        Takes nothing new, gives back what is not started, and waits for what is under way.

        What is not finished within the grace is cut off, recorded as maybe delivered and
        offered again at once, uncounted. A second call cuts it off at once.
        """
        if self._stopping.is_set():
            self._cut.set()
            await self._stopped.wait()
            return
        self._stopping.set()
        self._space.set()
        try:
            await self._stop()
        finally:
            self._heartbeat.close()
            self._end_listening()
            self._stopped.set()

    def report(self) -> PerformerReport:
        """
        What is in hand, what was done, and how each target is treated.
        """
        counts = self._settler.counts
        return PerformerReport(
            waiting=self._waiting,
            running=len(self._running),
            settling=len(self._settling),
            done=counts["done"],
            retried=counts["retried"],
            dead=counts["dead"],
            released=counts["released"],
            leases_lost=counts["leases_lost"],
            failed=counts["failed"],
            is_claiming=self._is_claiming,
            targets=self.breakers.report(),
        )

    # --- Claims ------------------------------------------------------------------------------

    async def _claim_all(self) -> None:
        pause_s = 0.0
        while not self._stopping.is_set():
            free = self.settings.most - self._waiting - len(self._running) - len(self._settling)
            if free <= 0:
                self._space.clear()
                await self._space.wait()
                continue
            try:
                leases = await self._claim(free)
            except QueueUnavailable as error:
                pause_s = min(max(pause_s * 2, FIRST_PAUSE_S), LONGEST_PAUSE_S)
                self._pause_claims(error, pause_s)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), pause_s)
                continue
            except QueueError as error:
                self._pause_claims(error, inf)
                return
            pause_s = 0.0
            self._is_claiming = True
            self._accept(leases)

    async def _claim(self, free: int) -> tuple[Lease, ...]:
        now = self.breakers.clock()
        room: dict[str, int] = {}
        changes_at = now + _LONG_S
        for target, lane in tuple(self._lanes.items()):
            if lane.is_empty(now):
                del self._lanes[target]
                continue
            room[target] = lane.offer(now)
            changes_at = min(changes_at, lane.breaker.changes_at(now))
        for breaker in self.breakers.shut():
            if breaker.target not in room:
                room[breaker.target] = breaker.room(now)
                changes_at = min(changes_at, breaker.changes_at(now))
        self._woken = False
        return await self._queue.claim(
            free,
            lease_s=self.lease_s,
            room=room,
            per_target=self.breakers.settings.slots,
            wait_s=max(0.0, changes_at - now),
        )

    def _pause_claims(self, error: QueueError, pause_s: float) -> None:
        if self._is_claiming or pause_s == inf:
            log.event("claims.paused", why=str(error))
        self._is_claiming = False

    def _accept(self, leases: tuple[Lease, ...]) -> None:
        touched: dict[str, Lane] = {}
        for lease in leases:
            self._heartbeat.add(lease)
            lane = touched.get(lease.target)
            if lane is None:
                lane = touched[lease.target] = self._lane(lease.target)
            lane.waiting.append(lease)
        self._waiting += len(leases)
        for lane in touched.values():
            self._advance(lane)

    def _lane(self, target: str) -> Lane:
        lane = self._lanes.get(target)
        if lane is None:
            lane = self._lanes[target] = Lane(self.breakers.of(target), self.breakers.clock())
        return lane

    def _look_again(self, target: str) -> None:
        """
        A target is treated in another way than before.
        """
        if (lane := self._lanes.get(target)) is not None:
            self._advance(lane)
        self._wake()

    def _wake(self) -> None:
        if not self._woken and not self._stopping.is_set():
            self._woken = True
            self._queue.wake()

    # --- One delivery ------------------------------------------------------------------------

    def _advance(self, lane: Lane) -> None:
        """
        Starts what there is room for; gives back what there will be none for in a while.
        """
        now = self.breakers.clock()
        if lane.waiting and (self._stopping.is_set() or lane.breaker.wait(now) > 0):
            self._give_back(lane)
            return
        room = lane.breaker.room(now) if lane.waiting else 0
        while room > 0 and lane.waiting:
            room -= 1
            lease = lane.waiting.popleft()
            self._waiting -= 1
            epoch = lane.breaker.enter()
            self._running.add(self._loop.create_task(self._one(lane, lease, epoch)))
        if lane.is_short(now):
            self._wake()

    def _give_back(self, lane: Lane) -> None:
        self._waiting -= len(lane.waiting)
        for lease in lane.waiting:
            why = "stopping" if self._stopping.is_set() else "target-paused"
            task = self._loop.create_task(self._settle(lease, _released(), reason=why))
            self._settling.add(task)
        lane.waiting.clear()

    async def _one(self, lane: Lane, lease: Lease, epoch: int) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a coroutine that runs is a task's
        performed: Performed | None = None
        word, pause_s = Word.NOTHING, None
        try:
            performed, judged = await self._judged(lease, task)
            word, pause_s = judged.word, judged.pause_s
        finally:
            self._running.discard(task)
            self._settling.add(task)
            lane.note_end()
            self.breakers.leave(lane.breaker, epoch, word, pause_s=pause_s)
            self._advance(lane)
        await self._settle(lease, judged, performed=performed)

    async def _judged(self, lease: Lease, task: asyncio.Task[None]) -> tuple[Performed | None, Judged]:
        try:
            performed = await self._perform(lease)
        except asyncio.CancelledError:
            if not self._cut.is_set():
                raise
            task.uncancel()
            return None, _cut_off()
        except WebhookEngineError as error:
            performed = Performed(error=error)
        except Exception as error:  # whatever it is, it must not take the others along
            return None, self._crashes.judge(lease, error, roll=self._roll())
        self._crashes.forget(lease)
        if performed.hold_s is not None:
            return performed, _released(performed.hold_s)
        return performed, judge(performed, lease, roll=self._roll())

    async def _settle(
        self, lease: Lease, judged: Judged, *, performed: Performed | None = None, reason: str = ""
    ) -> None:
        task = asyncio.current_task()
        try:
            if log.is_heard() and not reason:
                _tell(lease, judged)
            await self._settler.settle(
                lease, judged.settlement, judged.record, performed=performed, reason=reason or judged.line
            )
        finally:
            self._heartbeat.remove(lease)
            if task is not None:
                self._settling.discard(task)
            self._space.set()

    # --- The end -----------------------------------------------------------------------------

    async def _stop(self) -> None:
        self._is_claiming = False
        with suppress(QueueError):  # a queue that is closed has nobody waiting
            self._queue.wake()
        await self._claiming
        for lane in self._lanes.values():
            self._advance(lane)
        grace_s = self.settings.grace_s
        await self._drain(self.settings.deadline_s + 5.0 if grace_s is None else grace_s)
        self._cut.set()
        for task in self._running:
            task.cancel()
        if left := self._running | self._settling:
            _, late = await asyncio.wait(left, timeout=self.settings.settle_s)
            for task in late:
                # Its lease is taken back when the queue is opened again.
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _drain(self, grace_s: float) -> None:
        """
        Waits until nothing runs, the grace is over, or somebody wants an end.
        """
        cut = asyncio.create_task(self._cut.wait())
        deadline = self._loop.time() + grace_s
        try:
            while self._running and not self._cut.is_set():
                left_s = deadline - self._loop.time()
                if left_s <= 0:
                    return
                await asyncio.wait({cut, *self._running}, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            cut.cancel()


def _released(wait_s: float = 0.0) -> Judged:
    return Judged(Release(wait_s), AttemptRecord(outcome="released"), Word.NOTHING, None, "held")


def _cut_off() -> Judged:
    """
    The target may have acted; whoever tries again sends the same idempotency key.
    """
    record = AttemptRecord(outcome=MAYBE_DELIVERED, detail={"sentence": "Cut off: the worker was stopped."})
    return Judged(Retry(0.0, counted=False), record, Word.NOTHING, None, "cut-off")


def _tell(lease: Lease, judged: Judged) -> None:
    settlement = judged.settlement
    log.event(
        "attempt.finished",
        delivery=lease.id,
        webhook=lease.webhook,
        target=lease.target,
        attempt=lease.attempt,
        outcome=judged.record.outcome,
        status=judged.record.status,
        settled=type(settlement).__name__.lower(),
        why=judged.line,
        took_s=round(judged.record.took_s, 4),
        wait_s=round(settlement.wait_s, 3) if isinstance(settlement, Retry | Release) else None,
    )
