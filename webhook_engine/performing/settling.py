"""
Writing down what follows from attempts, until it is on the disk.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from webhook_engine import log
from webhook_engine.errors import (
    DeliveryTooLarge,
    LeaseLost,
    QueueError,
    QueueUnavailable,
    WebhookEngineError,
)
from webhook_engine.performing.settle import Dead, Done, Release, Retry, Settlement
from webhook_engine.queue import Ending, State

if TYPE_CHECKING:
    from webhook_engine.performing.performed import Performed
    from webhook_engine.queue import AttemptRecord, Delivery, DeliveryQueue, Lease

Settled = Callable[["Lease", "Performed | None", Settlement], None]
"""Told of each settlement that is on the disk; what was performed is None where that crashed or was cut off."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
"""Between two tries at a queue that cannot write."""

_TOGETHER_S: Final = 0.005
"""Settlements of the same five milliseconds are written together, so that what is put does not wait for many
small commits."""

_LONG_TOGETHER_S: Final = 0.05
"""The same where they come so fast that a commit costs more than what is in it. Not where another delivery waits
for one of them."""

_UNKNOWN_TOGETHER_S: Final = 0.02
"""The same where nobody knows whether one does."""

_OFTEN: Final = 1000
"""Settlements a second that are so fast."""

_COMPANY: Final = 128
"""So many do not wait for more."""

_WORDS = {Done: "done", Retry: "retried", Dead: "dead", Release: "released"}

_UNKEPT: Final = "What was sent and answered could not be kept"

_GAVE_UP: Final = "the process ended before its queue had written it"

_AGAIN: Final = (
    "its lease runs out, or ends when the queue is opened anew; "
    "then it is offered again under the same idempotency key"
)


class _Open(NamedTuple):
    """
    A settlement that is not on the disk.
    """

    ending: Ending
    settlement: Settlement
    performed: Performed | None


class Settler:
    """
    Settles deliveries in their queue, fenced: what was lost meanwhile is counted and left alone.
    """

    def __init__(
        self,
        queue: DeliveryQueue,
        on_settled: Settled | None = None,
        *,
        on_end: Callable[[Lease], None] | None = None,
    ) -> None:
        """
        Args:
            on_end: Told of each lease of which nothing more can be written.
        """
        self._queue = queue
        self._on_settled, self._on_end = on_settled, on_end
        self._together: list[_Open] = []
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        """When the timer ends."""
        self._are_many = False
        self._written_at = 0.0
        self._writing: set[asyncio.Task[None]] = set()
        self._gave_up = False
        self.open = 0
        """Settlements that are not on the disk."""
        self.counts: Counter[str] = Counter()
        """`done`, `retried`, `dead`, `released`, `leases_lost`, and `failed` for what the queue would not take."""

    def add(
        self,
        lease: Lease,
        settlement: Settlement,
        record: AttemptRecord,
        *,
        performed: Performed | None = None,
        reason: str = "",
    ) -> None:
        """
        Has it written, in the next milliseconds and again and again where the queue is not available.
        """
        self.open += 1
        self._together.append(
            _Open(_ending(lease, settlement, record, performed, reason), settlement, performed)
        )
        if len(self._together) >= _COMPANY:
            self.write_now()
        else:
            self._wait(lease)

    def hurry(self) -> None:
        """
        There will be no more company for a while.
        """
        if self._timer is not None:
            self._within(_TOGETHER_S)

    async def drain(self) -> None:
        """
        Waits until everything that was added is on the disk, or known never to be.
        """
        self.write_now()
        while self._writing:
            await asyncio.wait(self._writing)

    def give_up(self) -> None:
        """
        Writes nothing more; each settlement that is open is told of as one that failed.

        The leases are taken back when the queue is opened again.
        """
        self._gave_up = True
        for task in self._writing:
            task.cancel()
        self.write_now()

    def write_now(self) -> None:
        """
        Has what was added written without waiting for more.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        together, self._together = self._together, []
        if not together:
            return
        if self._gave_up:
            self._forget(together)
            self._give_back(together)
            return
        now = asyncio.get_running_loop().time()
        self._are_many = len(together) >= _OFTEN * max(now - self._written_at, _TOGETHER_S)
        self._written_at = now
        alone = [each for each in together if _leads_on(each)]
        if alone:
            # What they lead to is put before them, and must not hold up the others.
            together = [each for each in together if not _leads_on(each)]
        for batch in (together, *([each] for each in alone)):
            if batch:
                task = asyncio.get_running_loop().create_task(self._write(batch))
                self._writing.add(task)
                task.add_done_callback(self._writing.discard)

    def _wait(self, lease: Lease) -> None:
        """
        For company, and not for long where somebody waits for the end of that lease.
        """
        if not self._are_many or (waited_for := self._queue.is_waited_for(lease)):
            self._within(_TOGETHER_S)
        else:
            self._within(_UNKNOWN_TOGETHER_S if waited_for is None else _LONG_TOGETHER_S)

    def _within(self, wait_s: float) -> None:
        """
        Has it written no later than that.
        """
        loop = asyncio.get_running_loop()
        due = loop.time() + wait_s
        if self._timer is not None:
            if self._due <= due:
                return
            self._timer.cancel()
        self._due = due
        self._timer = loop.call_later(wait_s, self.write_now)

    async def _write(self, batch: Sequence[_Open]) -> None:
        errors: Sequence[QueueError | str | None]
        try:
            errors = await self._written(batch)
        except asyncio.CancelledError:
            self._give_back(batch)
            raise
        except QueueError as error:
            errors = (error,) * len(batch)
        except Exception as error:  # whatever it is, these leases run out like any other
            # What it says may hold what the call said, so only its kind is told.
            errors = (f"a defect: {type(error).__name__}",) * len(batch)
        finally:
            self._forget(batch)
        for each, why in zip(batch, errors, strict=True):
            self._tell(each, why)

    def _forget(self, batch: Sequence[_Open]) -> None:
        self.open -= len(batch)
        if self._on_end is not None:
            for each in batch:
                self._on_end(each.ending.lease)

    async def _written(self, batch: Sequence[_Open]) -> tuple[QueueError | None, ...]:
        """
        Each as it is, or with less to keep where all of it cannot be kept.
        """
        endings = [each.ending for each in batch]
        found: list[QueueError | None] = [None] * len(batch)
        places = list(range(len(batch)))
        pause_s = FIRST_PAUSE_S
        while places:
            try:
                for each in batch:
                    if each.performed is not None and _leads_on(each):
                        await self._put(each.ending.lease, each.performed.follow)
                errors = await self._queue.settle([endings[place] for place in places])
            except QueueUnavailable:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
                continue
            refused, places = list(zip(places, errors, strict=True)), []
            for place, error in refused:
                lighter = None if error is None else _lighter(endings[place], error)
                if lighter is None:
                    found[place] = error
                else:
                    endings[place] = lighter
                    places.append(place)
        return tuple(found)

    async def _put(self, lease: Lease, follow: Sequence[Delivery]) -> None:
        """
        Before the end of what led to them: put twice they are put once, and never is not at all.
        """
        try:
            await self._queue.put(follow)
        except DeliveryTooLarge:
            for each in follow:
                try:
                    await self._queue.put([each])
                except DeliveryTooLarge as error:
                    # Else what led to it would be sent again and again, and never have an end.
                    log.event("follower.refused", delivery=lease.id, webhook=each.webhook, why=str(error))

    def _give_back(self, batch: Sequence[_Open]) -> None:
        for each in batch:
            self._tell(each, _GAVE_UP)

    def _tell(self, settled: _Open, error: QueueError | str | None) -> None:
        lease, record = settled.ending.lease, settled.ending.record
        word = _WORDS[type(settled.settlement)]
        if error is None:
            self.counts[word] += 1
            if self._on_settled is not None:
                self._on_settled(lease, settled.performed, settled.settlement)
        elif isinstance(error, LeaseLost):
            self.counts["leases_lost"] += 1
            log.event("lease.lost", delivery=lease.id, webhook=lease.webhook, attempt=error.attempt)
        else:
            self.counts["failed"] += 1
            log.event(
                "settlement.failed",
                delivery=lease.id,
                webhook=lease.webhook,
                target=lease.target,
                attempt=lease.attempt,
                outcome="" if record is None else record.outcome,
                unwritten=word,
                why=str(error),
                then=_AGAIN,
            )


def _lighter(ending: Ending, error: QueueError) -> Ending | None:
    """
    The same end with less to keep; None where that would not help, or there is nothing less.

    Without its request the next try makes it anew. Without its detail a record still says what the attempt came to.
    """
    if isinstance(error, LeaseLost):
        return None
    if ending.frozen is not None:
        return replace(ending, frozen=None)
    record = ending.record
    if record is None or str(record.detail.get("sentence", "")).startswith(_UNKEPT):
        return None
    return replace(ending, record=replace(record, detail={"sentence": f"{_UNKEPT}: {error}."}))


def _leads_on(settled: _Open) -> bool:
    performed = settled.performed
    return performed is not None and bool(performed.follow) and isinstance(settled.settlement, Done | Dead)


def _ending(
    lease: Lease, settlement: Settlement, record: AttemptRecord, performed: Performed | None, reason: str
) -> Ending:
    match settlement:
        case Done():
            return Ending(lease, State.DONE, record)
        case Retry(wait_s, counted):
            return Ending(lease, State.WAITING, record, wait_s, counted, frozen=_frozen(lease, performed))
        case Dead(why):
            return Ending(lease, State.DEAD, record, reason=why)
        case Release(wait_s):
            return Ending(lease, State.WAITING, None, wait_s, reason=reason)


def _frozen(lease: Lease, performed: Performed | None) -> Mapping[str, object] | None:
    """
    The request that later tries have to send, where it is not kept already.
    """
    if performed is None or lease.frozen is not None:
        return None
    if not callable(performed.frozen):
        return performed.frozen
    try:
        return performed.frozen()
    except WebhookEngineError:
        # It is made anew for the next try, as it was for this one.
        return None
