"""
The delivery queue in one PostgreSQL database, for any number of processes.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import time
from collections import Counter
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

from webhook_engine.errors import LeaseLost, QueueError
from webhook_engine.queue.contract import DeliveryQueue
from webhook_engine.queue.delivery import Delivery, Receipt, State
from webhook_engine.queue.lease import AttemptRecord, Ending, Lease
from webhook_engine.queue.postgresql import dividing, documents, holding, reviving, schema, spreading, telling
from webhook_engine.queue.postgresql.claiming import Claim
from webhook_engine.queue.postgresql.connecting import PROMPT_S, Link, Server
from webhook_engine.queue.postgresql.desk import Desk
from webhook_engine.queue.postgresql.doorbell import Doorbell
from webhook_engine.queue.postgresql.housekeeping import Housekeeping
from webhook_engine.queue.postgresql.lane import Lane
from webhook_engine.queue.postgresql.putting import Given, check, put
from webhook_engine.queue.postgresql.settings import PostgresqlSettings
from webhook_engine.queue.postgresql.settling import Longer, extend, settle
from webhook_engine.queue.reports import DeliveryPage, DeliveryReport, Hold, Spread, Stats
from webhook_engine.queue.rows import End, as_json, end_row, new_row
from webhook_engine.queue.times import NEVER, milliseconds

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    from webhook_engine.queue.portions import Portion, PortionAsk, ShutTarget
    from webhook_engine.queue.postgresql.connecting import Connection

T = TypeVar("T")

_READERS = 2

_DIVIDING_S = 1.5
"""For how long a server that is away is waited for where targets are divided: by then others may believe that this
process has ended."""

_CLAIMABLE = (State.READY, State.AGAIN)


class PostgresqlQueue(DeliveryQueue):
    """
    A `DeliveryQueue` that many processes share, and that loses nothing to the end of any of them.

    `async with` opens and closes it; it belongs to that event loop. It has nine connections of its own, which
    must be sessions: straight to the server, or through a pooler in session mode.
    """

    def __init__(
        self, url: str, *, settings: PostgresqlSettings | None = None, worker: str | None = None
    ) -> None:
        """
        Args:
            url: `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`; the tables are made in it.

            worker: Under which name leases stand in the database; the host and the process where left out.
        """
        self._server = Server(url, settings or PostgresqlSettings())
        name = worker or f"{socket.gethostname()}:{os.getpid()}"
        # Two of one name are two all the same.
        self._holder = f"{name}/{secrets.token_hex(4)}"
        self._lost = 0
        self._open = False
        self._tell: Callable[[], None] | None = None
        self._names: dict[str, None] = {}
        """Documents that were kept since it was opened."""

    async def __aenter__(self) -> Self:
        """
        Raises:
            QueueUnavailable: The server does not answer.
            QueueError: The database cannot be used, and why.
        """
        server, settings = self._server, self._server.settings
        self._links = [Link(server) for _ in range(6 + _READERS)]
        putting, settling, extending, claiming, self._dividing, self._asking, *self._reading = self._links
        try:
            await self._asking.run(
                lambda db, _: schema.prepare(db, server.schema, shown=server.shown),
                patience_s=settings.patience_s,
            )
        except QueueError:
            await self._close_links()
            raise
        except Exception as error:
            await self._close_links()
            raise server.refusal(error) from error
        self._puts = Lane(putting, put, patience_s=settings.patience_s)
        # What became of a delivery must not be forgotten: it waits for the server as long as need be.
        self._settles = Lane(settling, settle, patience_s=None)
        self._extends = Lane(extending, extend, patience_s=settings.patience_s)
        self._open = True
        self._tasks: set[asyncio.Task[None]] = set()
        self._desk = Desk(
            claiming, self._holder, freed=self._ring, more=self._ring_next, give_back=self._return
        )
        self._doorbell = Doorbell(server, self._holder, self._hear)
        self._house = Housekeeping(self._asking, self._desk.advance, self._names.keys())
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
        Finishes what was asked, where the server answers.

        A lease that nobody settled or released is found by the other processes when it ends.
        """
        if not self._open:
            return
        self._open = False
        await self._desk.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._server.settings.patience_s)
        for lane in (self._puts, self._settles, self._extends):
            await lane.close(self._server.settings.patience_s)
        await self._house.close()
        await self._doorbell.close()
        await self._close_links()

    async def _close_links(self) -> None:
        for link in self._links:
            await link.close()

    # --- Deliveries in and out -----------------------------------------------

    async def put(self, deliveries: Sequence[Delivery]) -> tuple[Receipt, ...]:
        self._check()
        rows = [Given(check(new_row(each)), secrets.randbits(63)) for each in deliveries]
        if not rows:
            return ()
        taken = await self._puts.ask(rows)
        for each in taken:
            if each.state is not None:
                self._note(each.state, each.at, each.now)
        # Of what is held it may have gone meanwhile for which it is held.
        self._desk.advance(each.lock for each in taken if each.lock is not None and each.state is State.HELD)
        return tuple(each.receipt for each in taken)

    async def claim(
        self,
        limit: int,
        *,
        lease_s: float,
        room: Mapping[str, int] | None = None,
        per_target: int | None = None,
        wait_s: float = 0.0,
    ) -> tuple[Lease, ...]:
        self._check()
        claim = Claim(
            future=asyncio.get_running_loop().create_future(),
            limit=limit,
            lease=milliseconds(lease_s),
            room=dict(room or {}),
            per_target=per_target,
            until=time.monotonic() + wait_s,
        )
        self._doorbell.serve()
        self._desk.ask(claim)
        return await claim.future

    def wake(self) -> None:
        self._check()
        self._desk.dismiss()

    async def extend(self, lease: Lease, lease_s: float) -> None:
        await self._extend(Longer(lease, length=milliseconds(lease_s)))

    async def freeze(self, lease: Lease, request: Mapping[str, object]) -> None:
        await self._extend(Longer(lease, frozen=as_json(request)))

    async def _extend(self, longer: Longer) -> None:
        self._check()
        (held,) = await self._extends.ask([longer])
        if held is None:
            raise self._lost_by(longer.lease)
        self._note(State.LEASED, held.at, held.now)

    async def keep(self, name: str, document: str) -> None:
        self._names[name] = None
        await self._ask(lambda db: documents.keep(db, name, document))

    async def kept(self, name: str) -> str | None:
        return await self._read(lambda db: documents.find(db, name))

    # --- Ends of leases ------------------------------------------------------

    async def settle(self, endings: Sequence[Ending]) -> tuple[QueueError | None, ...]:
        self._check()
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
            for place, end, held in zip(places, ends, await self._settles.ask(ends), strict=True):
                found[place] = self._lost_by(end.lease) if held is None else None
                if held is not None and held.state is not None:
                    self._note(held.state, held.at, held.now)
                    self._desk.advance([held.turn] if held.turn is not None else ())
        return tuple(found)

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

    def _lost_by(self, lease: Lease) -> LeaseLost:
        self._lost += 1
        return LeaseLost(delivery=lease.id, attempt=lease.attempt)

    # --- Targets among processes ---------------------------------------------

    async def divide(self, asks: Sequence[PortionAsk], length_s: float) -> tuple[Portion, ...]:
        """
        As `DividingQueue.divide`.
        """
        if not asks:
            return ()
        return await self._on(
            self._dividing,
            lambda db: dividing.divide(db, asks, self._holder, length_s),
            patience_s=_DIVIDING_S,
        )

    async def shut(self) -> tuple[ShutTarget, ...]:
        """
        As `DividingQueue.shut`.
        """
        return await self._on(self._dividing, dividing.shut)

    def tell_of_portions(self) -> None:
        """
        As `DividingQueue.tell_of_portions`.
        """
        self._check()
        self._doorbell.tell_of_portions()

    def hear_of_portions(self, heard: Callable[[], None]) -> None:
        """
        As `DividingQueue.hear_of_portions`.
        """
        self._check()
        self._doorbell.hear_of_portions(heard)

    # --- For operators -------------------------------------------------------

    async def revive(self, ids: Collection[str], *, expires_s: float | None = None) -> int:
        life = None if expires_s is None else milliseconds(expires_s)
        keys = [telling.key_of(each) for each in ids]
        count, locks = await self._ask(lambda db: reviving.revive(db, self._asking.slot, keys, life))
        self._moved(locks)
        return count

    async def drop(self, ids: Collection[str], *, reason: str = "dropped") -> int:
        keys = [telling.key_of(each) for each in ids]
        count, locks = await self._ask(lambda db: reviving.drop(db, self._asking.slot, keys, reason))
        self._moved(locks)
        return count

    async def hold(self, webhook: str, *, reason: str, revision: str, ended: bool = False) -> None:
        hold = holding.note_ended if ended else holding.hold
        await self._ask(lambda db: hold(db, webhook, reason, revision))

    async def resume(self, webhook: str, *, reasons: Collection[str], forget: bool = False) -> int:
        total = 0
        after: tuple[int, int] | None = (-1, -1)
        wanted = tuple(reasons)
        while after is not None:
            step = partial(holding.step, slot=self._asking.slot, webhook=webhook, reasons=wanted, after=after)
            count, locks, after = await self._ask(step)
            total += count
            self._moved(locks)
        await self._ask(lambda db: holding.end(db, webhook, forget=forget))
        return total

    def _moved(self, locks: set[str]) -> None:
        """
        Deliveries of these calls, or of none, were moved by an operator.
        """
        self._desk.advance(locks)
        self._desk.wake_at(self._server.time.now())
        self._desk.look()
        self._doorbell.ring_all()
        self._relay()

    async def holds(self) -> tuple[Hold, ...]:
        return await self._read(holding.read)

    async def stats(self) -> Stats:
        targets, oldest_s, size = await self._read(telling.counts)
        states: Counter[State] = Counter()
        for counts in targets.values():
            states.update(counts)
        return Stats(
            states={state: states[state] for state in State},
            targets=targets,
            oldest_ready_s=oldest_s,
            leases_lost=self._lost,
            file_bytes=size,
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
        wanted = {"state": state, "webhook": webhook, "target": target, "event_id": event_id}
        choice = telling.Choice.of(wanted, since, until)
        return await self._read(lambda db: telling.page(db, choice, limit, after))

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
        choice = telling.Choice.of({"webhook": webhook, "target": target}, since, until)
        return await self._read(lambda db: spreading.spread(db, choice, state, bars))

    async def show(self, delivery: str) -> DeliveryReport:
        return await self._read(lambda db: telling.one(db, delivery))

    # --- Between the connections ---------------------------------------------

    def _check(self) -> None:
        if not self._open:
            raise QueueError(f"the delivery queue {self._server.shown} is not open")

    async def _ask(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        return await self._on(self._asking, work)

    async def _read(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        self._reading.append(link := self._reading.pop(0))
        return await self._on(link, work, accepts=False)

    async def _on(
        self,
        link: Link,
        work: Callable[[Connection], Awaitable[T]],
        *,
        patience_s: float | None = None,
        accepts: bool = True,
    ) -> T:
        self._check()
        if patience_s is None:
            patience_s = self._server.settings.patience_s
        try:
            # What is divided is good for seconds.
            within_s = PROMPT_S if link is self._dividing else None
            return await link.run(
                lambda db, _: work(db), patience_s=patience_s, within_s=within_s, accepts=accepts
            )
        except Exception as error:
            if isinstance(error, QueueError) or not isinstance(error, self._server.errors):
                raise
            raise self._server.refusal(error) from error

    def _note(self, state: State, at: int, now: int) -> None:
        """
        A delivery came into a state that ends then.
        """
        self._server.time.observe(now)
        if at < NEVER and state not in (State.DONE, State.DEAD):
            self._desk.wake_at(at)
        if state in _CLAIMABLE:
            self._desk.offer(1)

    def relay(self, tell: Callable[[], None]) -> Callable[[], None]:
        """
        Have other processes told by one more way, beside the doorbell in the database.

        Args:
            tell: Called when there is something to claim; it returns at once.

        Returns:
            To be called when another process told so.
        """
        self._check()
        self._tell = tell
        return self._desk.look

    def _ring(self) -> None:
        self._doorbell.ring()
        self._relay()

    def _ring_next(self) -> None:
        self._doorbell.pass_on()

    def _relay(self) -> None:
        # The other way is for while the first is broken: on both, each bell would wake somebody twice.
        if self._tell is not None and not self._doorbell.is_well:
            self._tell()

    def _hear(self, hops: int) -> None:
        """
        Another process rang.
        """
        if hops > 1 and not self._desk.is_waiting:
            self._doorbell.pass_on(hops - 1)
        else:
            self._desk.look(is_rung=hops > 0)

    def _return(self, leases: tuple[Lease, ...]) -> None:
        """
        Whoever claimed has left in the meantime: the deliveries go back as if nothing had been.
        """
        task = asyncio.get_running_loop().create_task(self._give_back(leases))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _give_back(self, leases: tuple[Lease, ...]) -> None:
        # Also when the queue is just being closed; where it comes too late the leases run out.
        with suppress(QueueError):
            for held in await self._settles.ask([End(each, State.WAITING) for each in leases]):
                if held is not None and held.state is not None:
                    self._note(held.state, held.at, held.now)
