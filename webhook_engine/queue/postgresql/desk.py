"""
Where claims wait, and what is done for them: what is due, what may go next, and who gets it.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from webhook_engine.errors import QueueError
from webhook_engine.queue.postgresql import alarms, claiming, ordering, suspects
from webhook_engine.queue.postgresql.claiming import Claim, Turns
from webhook_engine.queue.postgresql.connecting import PROMPT_S, Time
from webhook_engine.queue.postgresql.suspects import Suspects
from webhook_engine.queue.postgresql.unheard import Unheard
from webhook_engine.queue.times import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from webhook_engine.queue.lease import Lease
    from webhook_engine.queue.postgresql.alarms import Rung
    from webhook_engine.queue.postgresql.connecting import Connection, Link

_SHORTEST_S = 0.002
"""Between two looks for what is due."""


class Desk:
    """
    One task and one connection that serve all claims of this process, one after the other.
    """

    def __init__(
        self,
        link: Link,
        holder: str,
        *,
        freed: Callable[[], None],
        more: Callable[[], None],
        give_back: Callable[[tuple[Lease, ...]], None],
    ) -> None:
        """
        Args:
            holder: Under which name the leases stand.

            freed: Called when others might find something that was not there before.

            more: Called when the next one may find something, after who was rung for did.

            give_back: Takes the leases of whoever left in the meantime.
        """
        self._link, self._holder = link, holder
        self._server, self._settings = link.server, link.server.settings
        self._freed, self._more, self._give_back = freed, more, give_back
        self._claims: list[Claim] = []
        self._serving: Claim | None = None
        self._closing = False
        self._locks: set[str] = set()
        """Calls in whose order something may go."""
        self._alarm = 0
        self._polled_at = 0.0
        self._looks = False
        """Whether there may be something for those that wait."""
        self._is_rung = False
        """Whether another process said so, to this one alone."""
        self._new = 0
        """Deliveries that came from here, and are for others where nobody here takes them."""
        self._looked = Time()
        """As it was at the last look for what is due: whether it leapt since then is not to be overlooked."""
        self._stir = asyncio.Event()
        self._turns = Turns()
        self._suspects = Suspects(self._settings, holder)
        self._unheard = Unheard(self._settings)
        self._task = asyncio.get_running_loop().create_task(self._run())

    # --- What it is told -----------------------------------------------------

    def ask(self, claim: Claim) -> None:
        self._claims.append(claim)
        self.look()

    @property
    def is_waiting(self) -> bool:
        """
        Whether somebody here could take something.
        """
        return bool(self._claims)

    def look(self, *, is_rung: bool = False) -> None:
        """
        There may be something to claim.

        Args:
            is_rung: Whether the next process is to be told where there was.
        """
        self._looks = True
        self._is_rung = self._is_rung or is_rung
        self._stir.set()

    def offer(self, count: int) -> None:
        """
        So many more may be claimed.
        """
        self._new += count
        self.look()

    def wake_at(self, at: int) -> None:
        """
        A state ends then.
        """
        if at < self._alarm:
            self._alarm = at
            self._stir.set()

    def advance(self, locks: Iterable[str]) -> None:
        """
        Something of these calls came or went, and that is committed.
        """
        if more := set(locks) - self._locks:
            self._locks |= more
            self._stir.set()

    def dismiss(self) -> None:
        """
        Lets every waiting claim go; the one that is being served at this moment when it is.
        """
        if self._serving is not None:
            self._serving.until = 0.0
        self._end(lambda claim: claim is not self._serving)

    async def close(self) -> None:
        """
        Finishes what is under way, if the server answers in time.
        """
        self._closing = True
        self.dismiss()
        self._stir.set()
        await asyncio.wait({self._task}, timeout=self._settings.patience_s)
        self._task.cancel()
        await asyncio.wait({self._task})
        self._end(lambda _: True)

    # --- What it does --------------------------------------------------------

    async def _run(self) -> None:
        while not self._closing:
            try:
                await self._wait()
                await self._turn()
            except QueueError as error:
                self._refuse(error)
            except Exception as error:
                why = self._server.refusal(error)
                why.__cause__ = error
                self._refuse(why)
                await asyncio.sleep(self._settings.poll_s)

    async def _wait(self) -> None:
        if not self._stir.is_set():
            now = time.monotonic()
            until = min((each.until for each in self._claims), default=now + self._settings.poll_s)
            wait_s = min(until, self._polled_at + self._settings.poll_s) - now
            if self._alarm < NEVER:
                wait_s = min(wait_s, max(_SHORTEST_S, (self._alarm - self._server.time.now()) / 1000))
            try:
                async with asyncio.timeout(max(0.0, wait_s)):
                    await self._stir.wait()
            except TimeoutError:
                pass
        self._stir.clear()

    async def _turn(self) -> None:
        if self._locks:
            await self._advance()
        is_poll = time.monotonic() >= self._polled_at + self._settings.poll_s
        if is_poll or self._alarm <= self._server.time.now():
            await self._ring()
            self._looks = True
        if is_poll:
            if self._unheard:
                await self._find_unheard()
            self._polled_at = time.monotonic()
        if self._locks:
            await self._advance()
        if self._looks:
            self._looks = False
            is_rung, self._is_rung = self._is_rung, False
            new, self._new = self._new, 0
            taken = sum([await self._serve(claim) for claim in tuple(self._claims)])
            # One that takes everything itself wakes nobody.
            if is_rung and taken:
                self._more()
            elif new > taken:
                self._freed()
        now = time.monotonic()
        self._end(lambda claim: claim.until <= now or claim.future.cancelled())

    async def _advance(self) -> None:
        locks, self._locks = self._locks, set()
        try:
            ends = await self._do(lambda db, _: ordering.advance(db, self._link.slot, locks))
        except BaseException:
            self._locks |= locks
            raise
        if ends:
            self._alarm = min(self._alarm, *ends)
            self._looks = True
            self._new += len(ends)

    async def _ring(self) -> None:
        # What is told while the database looks must not be forgotten.
        before, self._alarm = self._alarm, NEVER
        try:
            rung: Rung = await self._do(self._look_at_the_clock)
        except BaseException:
            self._alarm = before
            raise
        self._server.time.observe(rung.now)
        self._looked.observe(rung.now)
        self._alarm = min(self._alarm, rung.next_at)
        self._locks |= rung.locks
        if rung.suspects:
            self._suspects.note()
        if rung.freed:
            self._freed()

    async def _look_at_the_clock(self, db: Connection, _maybe_done: bool) -> Rung:
        return await alarms.ring(db, self._link.slot, self._settings, self._looked.now())

    async def _serve(self, claim: Claim) -> int:
        """
        Returns:
            How many deliveries it took.
        """
        if claim.future.done():
            return 0
        self._serving = claim
        try:
            rows = await self._do(lambda db, maybe_done: self._claim(db, claim, maybe_done))
        except BaseException:
            if claim.begun:
                self._unheard.note(claim.token)
            raise
        finally:
            self._serving = None
        if not rows:
            return 0
        now: int = rows[0]["now"]
        self._server.time.observe(now)
        self._alarm = min(self._alarm, now + claim.lease)
        leases = claiming.leases(rows)
        self._claims.remove(claim)
        if claim.future.done():
            self._give_back(leases)
        else:
            claim.future.set_result(leases)
        return len(leases)

    async def _claim(self, db: Connection, claim: Claim, maybe_done: bool) -> list[Any]:
        if claim.begun:
            # Some of it may be committed: by the statement of which nobody heard, or by one before that which failed.
            rows = await claiming.claimed(db, [claim.token])
            if maybe_done:
                self._unheard.note(claim.token, {row["id"] for row in rows})
            if rows:
                return rows
            claim.token, claim.begun = claiming.new_token(), False
        slot, holder = self._link.slot, self._holder
        picked = await self._suspects.pick(db, claim, self._server.time.now())
        found: list[Any] = []
        taken: Counter[str] = Counter()
        if picked.suspects:
            released = await suspects.release(db, slot, picked.suspects)
            found += await claiming.claim_named(db, slot, claim, [number for number, _ in released], holder)
            taken.update(target for _, target in released)
        if self._suspects.alone_until is not None:
            self.wake_at(self._suspects.alone_until)
        if picked.others and len(found) < claim.limit:
            shares = await self._turns.plan(db, claim, claim.limit - len(found), taken)
            if shares:
                found += await claiming.claim_shares(db, slot, claim, shares, holder)
        return found

    async def _find_unheard(self) -> None:
        leases: tuple[Lease, ...] = await self._do(lambda db, _: self._unheard.find(db))
        if leases:
            self._give_back(leases)

    async def _do(self, work: Any) -> Any:
        patience_s = self._settings.patience_s
        return await self._link.run(
            work, patience_s=patience_s, within_s=max(PROMPT_S, patience_s), accepts=False
        )

    def _end(self, which: Callable[[Claim], bool]) -> None:
        gone = [each for each in self._claims if which(each)]
        self._claims = [each for each in self._claims if each not in gone]
        for each in gone:
            if not each.future.done():
                each.future.set_result(())

    def _refuse(self, error: QueueError) -> None:
        claims, self._claims = self._claims, []
        for each in claims:
            if not each.future.done():
                each.future.set_exception(error)
