"""
The delivery queue in one SQLite file, for one process and its event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from webhook_engine.errors import QueueError
from webhook_engine.queue.contract import DeliveryQueue
from webhook_engine.queue.delivery import Delivery, Receipt, State
from webhook_engine.queue.lease import AttemptRecord, Ending, Lease
from webhook_engine.queue.reports import DeliveryPage, DeliveryReport, Hold, Spread, Stats
from webhook_engine.queue.rows import End, as_json, end_row, new_row
from webhook_engine.queue.sqlite import documents, holding, spreading, telling
from webhook_engine.queue.sqlite.choosing import Choice
from webhook_engine.queue.sqlite.claiming import parts_of
from webhook_engine.queue.sqlite.clock import Clock, milliseconds
from webhook_engine.queue.sqlite.files import own
from webhook_engine.queue.sqlite.operations import (
    Answer,
    Claim,
    Close,
    Drop,
    Extend,
    Keep,
    KeepBack,
    Operation,
    Put,
    Resume,
    Revive,
    Settle,
    Wake,
)
from webhook_engine.queue.sqlite.reading import Readers
from webhook_engine.queue.sqlite.settings import QueueSettings
from webhook_engine.queue.sqlite.writer import Writer

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from webhook_engine.locking import OwnerLock


class SqliteQueue(DeliveryQueue):
    """
    A `DeliveryQueue` that loses nothing to a crash, nor to the loss of power.

    `async with` opens and closes it; it belongs to that event loop. The file must
    be on a local disk, and nothing else may open it: not the `sqlite3` module of
    this process, and no other program for writing.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        settings: QueueSettings | None = None,
        clock: Clock | None = None,
    ) -> None:
        """
        Args:
            path: Created where it is missing, with `-wal`, `-shm` and `.owner` beside it.

            clock: For tests; the machine's where left out.
        """
        self._path = Path(path).resolve()
        self._settings = settings or QueueSettings()
        self._clock = clock
        self._owner: OwnerLock | None = None
        self._open = False

    async def __aenter__(self) -> Self:
        """
        Raises:
            QueueOwned: Another process has the file.
            QueueError: The file cannot be used, and why.
        """
        self._owner = own(self._path)
        loop = asyncio.get_running_loop()
        self._writer = Writer(self._path, self._settings, self._clock or Clock(), self._answer, loop)
        opened: Operation = Operation(future=loop.create_future())
        try:
            self._writer.start(opened)
            await asyncio.shield(opened.future)
        except BaseException:
            await self._let_go()
            raise
        self._readers = Readers(self._path)
        self._open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """
        Finishes what was asked, and lets another process have the file.

        A lease that nobody settled or released counts as a claim that crashed.
        """
        if self._open:
            self._open = False
            await asyncio.get_running_loop().run_in_executor(None, self._readers.close)
            await self._let_go()

    async def _let_go(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._writer.ask(Close(future=future))
        await asyncio.get_running_loop().run_in_executor(None, self._writer.join)
        if self._owner is not None:
            self._owner.release()
            self._owner = None

    # --- Deliveries in and out -----------------------------------------------

    async def put(self, deliveries: Sequence[Delivery]) -> tuple[Receipt, ...]:
        rows = [new_row(each) for each in deliveries]
        receipts: tuple[Receipt, ...] = await self._ask(Put(future=self._future(), rows=rows)) if rows else ()
        return receipts

    async def claim(
        self,
        limit: int,
        *,
        lease_s: float,
        room: Mapping[str, int] | None = None,
        per_target: int | None = None,
        wait_s: float = 0.0,
    ) -> tuple[Lease, ...]:
        operation = Claim(
            future=self._future(),
            limit=limit,
            lease=milliseconds(lease_s),
            room=dict(room or {}),
            per_target=per_target,
            until=time.monotonic() + wait_s,
        )
        leases: tuple[Lease, ...] = await self._ask(operation)
        return leases

    def wake(self) -> None:
        self._writer.ask(Wake(future=self._future()))

    async def extend(self, lease: Lease, lease_s: float) -> None:
        await self._ask(Extend(future=self._future(), lease=lease, length=milliseconds(lease_s)))

    async def freeze(self, lease: Lease, request: Mapping[str, object]) -> None:
        await self._ask(Extend(future=self._future(), lease=lease, frozen=as_json(request)))

    async def keep(self, name: str, document: str) -> None:
        await self._ask(Keep(future=self._future(), name=name, document=document))

    async def kept(self, name: str) -> str | None:
        self._check()
        return await self._readers.read(lambda db: documents.find(db, name))

    # --- Ends of leases ------------------------------------------------------

    async def settle(self, endings: Sequence[Ending]) -> tuple[QueueError | None, ...]:
        found: list[QueueError | None] = [None] * len(endings)
        ends: list[End] = []
        places: list[int] = []
        for place, each in enumerate(endings):
            try:
                ends.append(end_row(each))
                places.append(place)
            except QueueError as error:
                found[place] = error
        if ends:
            errors = await self._ask(Settle(future=self._future(), ends=ends))
            for place, lost in zip(places, errors, strict=True):
                found[place] = lost
        return tuple(found)

    def is_waited_for(self, lease: Lease) -> bool:
        book = self._writer.book
        # Read beside the writer's thread: each look is at one entry, and what comes a moment later does not matter.
        if book is None or not book.waited_for:
            return False
        held = book.held.get(parts_of(lease.token)[0])
        return held is not None and held.lock in book.waited_for

    def before_writing(self, call: Callable[[], None]) -> Callable[[], None]:
        self._writer.stragglers.append(call)
        return lambda: self._writer.stragglers.remove(call)

    async def done(self, lease: Lease, record: AttemptRecord) -> None:
        await self._settle(Ending(lease, State.DONE, record))

    async def retry(
        self,
        lease: Lease,
        record: AttemptRecord,
        *,
        wait_s: float,
        counted: bool = True,
        frozen: Mapping[str, object] | None = None,
    ) -> None:
        await self._settle(
            Ending(lease, State.WAITING, record, wait_s=wait_s, counted=counted, frozen=frozen)
        )

    async def dead(self, lease: Lease, record: AttemptRecord, *, reason: str) -> None:
        await self._settle(Ending(lease, State.DEAD, record, reason=reason))

    async def release(self, lease: Lease, *, wait_s: float = 0.0, reason: str = "") -> None:
        await self._settle(Ending(lease, State.WAITING, wait_s=wait_s, reason=reason))

    async def _settle(self, ending: Ending) -> None:
        (error,) = await self.settle([ending])
        if error is not None:
            raise error

    # --- For operators -------------------------------------------------------

    async def revive(self, ids: Collection[str], *, expires_s: float | None = None) -> int:
        expires = None if expires_s is None else milliseconds(expires_s)
        keys = [telling.key_of(each) for each in ids]
        revived: int = await self._ask(Revive(future=self._future(), keys=keys, expires=expires))
        return revived

    async def drop(self, ids: Collection[str], *, reason: str = "dropped") -> int:
        keys = [telling.key_of(each) for each in ids]
        dropped: int = await self._ask(Drop(future=self._future(), keys=keys, reason=reason))
        return dropped

    async def hold(self, webhook: str, *, reason: str, revision: str, ended: bool = False) -> None:
        await self._ask(
            KeepBack(future=self._future(), webhook=webhook, reason=reason, revision=revision, ended=ended)
        )

    async def resume(self, webhook: str, *, reasons: Collection[str], forget: bool = False) -> int:
        count, after = 0, (-1, -1)
        while after is not None:
            step = Resume(
                future=self._future(), webhook=webhook, reasons=tuple(reasons), forget=forget, after=after
            )
            some, after = await self._ask(step)
            count += some
        return count

    async def holds(self) -> tuple[Hold, ...]:
        self._check()
        return await self._readers.read(holding.read)

    async def stats(self) -> Stats:
        self._check()
        targets, oldest = await self._readers.read(telling.counts)
        book = self._writer.book
        states: Counter[State] = Counter()
        for counts in targets.values():
            states.update(counts)
        now = 0 if book is None else book.clock.now()
        return Stats(
            states={state: states[state] for state in State},
            targets=targets,
            oldest_ready_s=0.0 if oldest is None else max(0, now - oldest) / 1000,
            leases_lost=0 if book is None else book.lost,
            file_bytes=_size(self._path),
            wal_bytes=_size(self._path.with_name(self._path.name + "-wal")),
        )

    async def list(
        self,
        *,
        state: State | None = None,
        webhook: str | None = None,
        target: str | None = None,
        event_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> DeliveryPage:
        self._check()
        wanted = {"state": state, "webhook": webhook, "target": target, "event_id": event_id}
        choice = Choice.of(wanted, since, until)
        return await self._readers.read(lambda db: telling.page(db, choice, limit, after))

    async def spread(
        self,
        *,
        state: State | None = None,
        webhook: str | None = None,
        target: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        bars: int = 60,
    ) -> Spread:
        self._check()
        choice = Choice.of({"webhook": webhook, "target": target}, since, until)
        return await self._readers.read(lambda db: spreading.spread(db, choice, state, bars))

    async def show(self, delivery: str) -> DeliveryReport:
        self._check()
        return await self._readers.read(lambda db: telling.one(db, delivery))

    # --- Between the threads -------------------------------------------------

    def _future(self) -> asyncio.Future[Any]:
        self._check()
        return asyncio.get_running_loop().create_future()

    def _check(self) -> None:
        if not self._open:
            raise QueueError(f"the delivery queue {self._path} is not open")

    async def _ask(self, operation: Operation) -> Any:
        self._writer.ask(operation)
        return await operation.future

    def _answer(self, answers: Sequence[Answer]) -> None:
        for each in answers:
            future = each.operation.future
            if future.cancelled():
                self._return(each)
            elif future.done():
                continue
            elif each.error is not None:
                future.set_exception(each.error)
            else:
                future.set_result(each.result)

    def _return(self, answer: Answer) -> None:
        """
        Whoever claimed has left in the meantime: the deliveries go back as if nothing had been.
        """
        if isinstance(answer.operation, Claim) and isinstance(answer.result, tuple):
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            future.add_done_callback(lambda done: done.cancelled() or done.exception())
            ends = [End(lease, State.WAITING) for lease in answer.result]
            self._writer.ask(Settle(future=future, ends=ends))


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0
