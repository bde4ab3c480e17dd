"""
Durable deliveries, made to happen: claimed, performed, settled.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple, Self

from webhook_engine import log
from webhook_engine.errors import WebhookEngineError
from webhook_engine.performing.allowances import Allowances
from webhook_engine.performing.breaker import Word
from webhook_engine.performing.breakers import Breakers
from webhook_engine.performing.claims import Claims
from webhook_engine.performing.crashes import Crashes
from webhook_engine.performing.heartbeat import Heartbeat
from webhook_engine.performing.judging import Judged, cut_off, judge, released, tell
from webhook_engine.performing.lanes import Lane, Lanes
from webhook_engine.performing.performed import Perform, Performed
from webhook_engine.performing.reports import PerformerReport, PerformerSettings
from webhook_engine.performing.settling import Settled, Settler
from webhook_engine.queue.portions import DividingQueue

if TYPE_CHECKING:
    from types import TracebackType

    from webhook_engine.dispatch.allowance import GroupLimit
    from webhook_engine.performing.breaker import Breaker
    from webhook_engine.queue import DeliveryQueue, Lease


class _Started(NamedTuple):
    """
    A delivery under way.
    """

    breaker: Breaker
    lease: Lease
    epoch: int
    """What the breaker wants to know when it ends."""


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
        groups: Callable[[str], tuple[GroupLimit, ...]] | None = None,
        roll: Callable[[], float] = random.random,
    ) -> None:
        """
        Args:
            perform: Prepares, sends and reads one delivery. What it raises that is no
                error of ours counts as a crash.

            breakers: Shared with whoever else asks the same targets.

            on_settled: Told of every settlement that is on the disk.

            groups: What limits those that ask a target, where the queue's processes share it.

            roll: Where in its spread each wait lands, in [0, 1].
        """
        self.settings = settings or PerformerSettings()
        self.breakers = breakers or Breakers()
        self._queue, self._perform, self._roll = queue, perform, roll
        self._settler = Settler(queue, on_settled, on_end=self._note_end)
        self._crashes = Crashes(self.settings.crashes)
        self._lanes = Lanes(self.breakers)
        self.allowances: Allowances | None = None
        """What this process may ask, where the queue's processes share their targets."""
        if isinstance(queue, DividingQueue):
            self.allowances = Allowances(
                queue, self.breakers, self._lanes, groups=groups, changed=self._apply_allowance
            )
        self._running: dict[str, asyncio.Task[None]] = {}
        self._waiting = 0

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
        self._claims = Claims(
            self._queue,
            self._lanes,
            lease_s=self.lease_s,
            per_target=self.breakers.settings.slots,
            free=self._free,
            accept=self._accept,
        )
        self._end_listening = self.breakers.listen(self._look_again)
        if self.allowances is not None:
            self._allowing = asyncio.create_task(self.allowances.run(), name="dividing targets")
            self._allowing.add_done_callback(_tell_end)
        self.breakers.share(is_shared=self.allowances is not None)
        self._end_company = self._queue.before_writing(self._settler.write_now)
        self._claiming = asyncio.create_task(self._claims.run(), name="claiming deliveries")
        self._claiming.add_done_callback(_tell_end)
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
        try:
            await self._stop()
        finally:
            self._heartbeat.close()
            self._end_listening()
            self._end_company()
            self._stopped.set()

    def report(self) -> PerformerReport:
        """
        What is in hand, what was done, and how each target is treated.
        """
        counts = self._settler.counts
        return PerformerReport(
            waiting=self._waiting,
            running=len(self._running),
            settling=self._settler.open,
            done=counts["done"],
            retried=counts["retried"],
            dead=counts["dead"],
            released=counts["released"],
            leases_lost=counts["leases_lost"],
            failed=counts["failed"],
            is_claiming=self._claims.is_claiming and not self._stopping.is_set(),
            targets=self.breakers.report(),
        )

    # --- Between claims and lanes ------------------------------------------------------------

    def _free(self) -> int:
        return self.settings.most - self._waiting - len(self._running) - self._settler.open

    def _accept(self, leases: tuple[Lease, ...]) -> None:
        touched: dict[str, Lane] = {}
        for lease in leases:
            self._heartbeat.add(lease)
            lane = touched.get(lease.target)
            if lane is None:
                lane = touched[lease.target] = self._lanes.of(lease.target)
            if lease.maybe_delivered:
                # What may be to blame for a crash is begun at once: a crash before that would say nothing of it.
                lane.waiting.appendleft(lease)
            else:
                lane.waiting.append(lease)
        self._waiting += len(leases)
        for lane in touched.values():
            self._advance(lane)

    def _look_again(self, target: str) -> None:
        """
        A target is treated in another way than before.
        """
        if self.allowances is not None and self.breakers.of(target).is_news:
            self.allowances.stir()
        self._apply_allowance(target)

    def _apply_allowance(self, target: str) -> None:
        if (lane := self._lanes.find(target)) is not None:
            self._advance(lane)
        self._claims.look_again()

    # --- One delivery ------------------------------------------------------------------------

    def _advance(self, lane: Lane, own: asyncio.Task[None] | None = None) -> _Started | None:
        """
        Starts what there is room for; gives back what there will be none for in a while.

        Args:
            own: A task that has just ended a delivery of the lane, and goes on with the next one.

        Returns:
            That one.
        """
        now = self.breakers.clock()
        breaker = lane.breaker
        if lane.waiting and (self._stopping.is_set() or breaker.wait(now) > 0 or breaker.is_denied(now)):
            self._give_back(lane)
            return None
        next_one: _Started | None = None
        room = breaker.room(now) if lane.waiting else 0
        while room > 0 and lane.waiting:
            room -= 1
            lease = lane.waiting.popleft()
            self._waiting -= 1
            started = _Started(breaker, lease, breaker.enter())
            if own is None:
                self._running[lease.token] = self._loop.create_task(self._work(lane, started))
            else:
                self._running[lease.token], own, next_one = own, None, started
        if lane.waiting and not room:
            self._wait_for_room(lane, breaker, now)
        if lane.is_short(now) and self._claims.fetch(lane, now):
            # In the same transaction: each costs as much as ten deliveries in it.
            self._settler.write_now()
        return next_one

    def _wait_for_room(self, lane: Lane, breaker: Breaker, now: float) -> None:
        """
        Nothing that ends may make room: see to it that time does, or others.
        """
        if breaker.allowance is None:
            return
        if not breaker.allowance.is_held(now) and self.allowances is not None:
            self.allowances.stir()
        elif lane.timer is None and isfinite(at := breaker.changes_at(now)):
            lane.timer = self._loop.call_later(max(0.001, at - now), self._go_on, lane)

    def _go_on(self, lane: Lane) -> None:
        lane.timer = None
        self._advance(lane)

    def _give_back(self, lane: Lane) -> None:
        self._waiting -= len(lane.waiting)
        why = "stopping" if self._stopping.is_set() else "target-paused"
        if why != "stopping" and not lane.breaker.wait(self.breakers.clock()):
            why = "left-to-others"
        back = released()
        for lease in lane.waiting:
            self._settler.add(lease, back.settlement, back.record, reason=why)
        lane.waiting.clear()

    async def _work(self, lane: Lane, started: _Started) -> None:
        """
        One delivery after the other, for as long as the target has a response for each: then a task of its own
        for the next one would do nothing but cost.
        """
        own = asyncio.current_task()
        going: _Started | None = started
        while going is not None:
            word = Word.NOTHING
            try:
                word = await self._one(lane, going)
            finally:
                # Where nothing was waited for, others have their turn first.
                going = self._advance(lane, own if word is Word.WELL else None)
                if not self._running:
                    self._settler.hurry()

    async def _one(self, lane: Lane, started: _Started) -> Word:
        breaker, lease, epoch = started
        word, pause_s = Word.NOTHING, None
        try:
            performed, judged = await self._judged(lease)
            word, pause_s = judged.word, judged.pause_s
            if log.is_heard():
                tell(lease, judged)
            self._settler.add(
                lease, judged.settlement, judged.record, performed=performed, reason=judged.line
            )
        finally:
            del self._running[lease.token]
            lane.note_end()
            self.breakers.leave(breaker, epoch, word, pause_s=pause_s)
        return word

    async def _judged(self, lease: Lease) -> tuple[Performed | None, Judged]:
        try:
            performed = await self._perform(lease)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._cut.is_set() or task is None:
                raise
            task.uncancel()
            return None, cut_off()
        except WebhookEngineError as error:
            performed = Performed(error=error)
        except Exception as error:  # whatever it is, it must not take the others along
            return None, self._crashes.judge(lease, error, roll=self._roll())
        self._crashes.forget(lease)
        if performed.hold_s is not None:
            return performed, released(performed.hold_s, performed.held_because)
        return performed, judge(performed, lease, roll=self._roll())

    def _note_end(self, lease: Lease) -> None:
        self._heartbeat.remove(lease)
        self._claims.note_space()

    # --- The end -----------------------------------------------------------------------------

    async def _stop(self) -> None:
        self._claims.stop()
        await self._claiming
        await self._claims.drain()
        for lane in self._lanes.all():
            self._advance(lane)
        grace_s = self.settings.grace_s
        await self._drain(self.settings.deadline_s + 5.0 if grace_s is None else grace_s)
        self._cut.set()
        running = list(self._running.values())
        for task in running:
            task.cancel()
        try:
            async with asyncio.timeout(self.settings.settle_s):
                if running:
                    await asyncio.wait(running)
                await self._settler.drain()
        except TimeoutError:
            # Their leases are taken back when the queue is opened again.
            self._settler.give_up()
            await asyncio.gather(*running, return_exceptions=True)
        await self._leave_targets()

    async def _leave_targets(self) -> None:
        if self.allowances is None:
            return
        self._allowing.cancel()
        await asyncio.wait([self._allowing])
        with suppress(TimeoutError):
            async with asyncio.timeout(self.settings.settle_s):
                await self.allowances.give_back()

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
                await asyncio.wait(
                    {cut, *self._running.values()}, timeout=left_s, return_when=asyncio.FIRST_COMPLETED
                )
        finally:
            cut.cancel()


def _tell_end(claiming: asyncio.Task[None]) -> None:
    if not claiming.cancelled() and (error := claiming.exception()) is not None:
        log.event("claims.ended", why=type(error).__name__)
