"""
Leases on what may go now.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from secrets import token_hex
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from webhook_engine.queue.lease import Lease
from webhook_engine.queue.postgresql.statements import CLAIM, CLAIM_NAMED, CLAIMED, FIRST_OFFERS, OFFERS
from webhook_engine.queue.sharing import LONG_ROW, RETRIES_EVERY, Share, share_out
from webhook_engine.queue.times import moment

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping, Sequence

    from webhook_engine.queue.postgresql.connecting import Connection

_PAGE = 64
"""Targets that are looked at in one statement."""

_REMEMBERED = 10_000
"""Targets of which is known how often they were served."""

_SECRET = 16
"""Bytes of a token that nobody can guess."""


def new_token() -> str:
    return token_hex(_SECRET)


@dataclass(slots=True, eq=False)
class Claim:
    """
    Who waits for leases, and for which.
    """

    future: asyncio.Future[tuple[Lease, ...]]
    limit: int
    lease: int
    """Milliseconds."""
    room: Mapping[str, int]
    per_target: int | None
    until: float
    """When it stops waiting, on the monotonic clock."""

    token: str = field(default_factory=new_token)
    """Of all its leases, with the delivery's number before it."""

    begun: bool = False
    """Whether something may be leased under its token."""

    def room_of(self, target: str) -> int:
        everybody = self.limit if self.per_target is None else self.per_target
        return self.room.get(target, everybody)


class _Served(NamedTuple):
    """
    How often a target was served, and which claim was the last of those.
    """

    times: int = 0
    last: int = 0


class Turns:
    """
    Which target's turn it is: that of the one which waited longest. Where there are very many they stand in a
    circle, and a claim goes on where the last one ended.
    """

    def __init__(self) -> None:
        self._last: str | None = None
        self._are_few = True
        """Whether one look sees all of them."""
        self._claims = 0
        self._served: dict[str, _Served] = {}
        self._seen = 1
        """Targets that the last claim had something of."""

    async def plan(self, db: Connection, claim: Claim, limit: int, taken: Mapping[str, int]) -> list[Share]:
        """
        What to take of each target, *limit* in all, shared out evenly.

        Args:
            taken: What this claim has of a target already.
        """
        counts: dict[str, tuple[int, int]] = {}
        wants: dict[str, int] = {}
        enough = max(LONG_ROW, 4 * -(-limit // self._seen))
        self._claims += 1
        circle = _Circle(None if self._are_few else self._last)
        while len(wants) < limit and (page := await circle.page(db, enough)):
            if self._are_few:
                page.sort(key=lambda offer: self._served.get(offer[0], _Served()).last)
            for target, fresh, again in page:
                want = min(limit, fresh + again, claim.room_of(target) - taken.get(target, 0))
                if want > 0 and len(wants) < limit:
                    counts[target], wants[target] = (fresh, again), want
        self._seen = max(1, len(wants))
        self._are_few = circle.is_small
        return [
            self._split(target, share, *counts[target]) for target, share in share_out(limit, wants).items()
        ]

    def _split(self, target: str, share: int, fresh: int, again: int) -> Share:
        """
        The share in fresh ones and retries; the next claim begins behind the target.
        """
        self._last = target
        turn = self._served.get(target, _Served()).times
        if len(self._served) >= _REMEMBERED:
            self._served.clear()
        self._served[target] = _Served(turn + share, self._claims)
        retries = (turn + share) // RETRIES_EVERY - turn // RETRIES_EVERY
        some = min(fresh, share - min(retries, again))
        newest = 0
        if fresh >= max(LONG_ROW, 4 * share):
            newest = min(some, (turn + share + 1) // 2 - (turn + 1) // 2)
        return Share(target, some, min(again, share - some), newest)


class _Circle:
    """
    Once around all targets that have something to claim, from behind the one that was served last.
    """

    def __init__(self, last: str | None) -> None:
        self._after, self._statement = (last, OFFERS) if last is not None else ("", FIRST_OFFERS)
        self._is_from_start = last is None
        self._seen: set[str] = set()
        self._is_over = False

    @property
    def is_small(self) -> bool:
        """
        Whether all there are go on one page.
        """
        return self._is_over and len(self._seen) < _PAGE

    async def page(self, db: Connection, enough: int) -> list[tuple[str, int, int]]:
        """
        The next ones: target, fresh ones and retries, as far as there are *enough*. Nothing where there are
        no more.
        """
        page: list[tuple[str, int, int]] = []
        while not page and not self._is_over:
            rows = await db.fetch(self._statement, self._after, _PAGE, enough)
            page = [(target, fresh, again) for target, fresh, again in rows if target not in self._seen]
            self._seen.update(target for target, _, _ in page)
            if len(rows) == _PAGE and len(page) == len(rows):
                self._after, self._statement = rows[-1][0], OFFERS
            elif self._is_from_start:
                self._is_over = True
            else:
                self._is_from_start, self._after, self._statement = True, "", FIRST_OFFERS
        return page


async def claim_shares(
    db: Connection, slot: int, claim: Claim, shares: Sequence[Share], holder: str
) -> list[Any]:
    """
    Leases that much of each target, as far as nobody else is at it.
    """
    claim.begun = True
    return await db.fetch(
        CLAIM,
        [share.target for share in shares],
        [share.fresh - share.newest for share in shares],
        [share.again for share in shares],
        [share.newest for share in shares],
        claim.token,
        holder,
        claim.lease,
        slot,
    )


async def claim_named(
    db: Connection, slot: int, claim: Claim, numbers: Sequence[int], holder: str
) -> list[Any]:
    """
    Leases those deliveries.
    """
    claim.begun = True
    return await db.fetch(CLAIM_NAMED, numbers, claim.token, holder, claim.lease, slot)


async def claimed(db: Connection, tokens: Sequence[str]) -> list[Any]:
    """
    What was leased under them, in commits of which nobody heard.
    """
    return await db.fetch(CLAIMED, tokens)


def leases(rows: Sequence[Any]) -> tuple[Lease, ...]:
    """
    The rows as leases, the most urgent first and then those that were put first.
    """
    return tuple(_lease(row, row["token"]) for row in sorted(rows, key=_turn))


def _lease(row: Any, token: str) -> Lease:
    number, key, event_id, webhook, target, reference, frozen, attempts, failures, crashes, put_at, *_ = row
    return Lease(
        key.hex(),
        event_id,
        webhook,
        target,
        orjson.loads(reference),
        None if frozen is None else orjson.loads(frozen),
        attempts + 1,
        failures,
        crashes > 0,
        moment(put_at),
        f"{number}.{token}",
    )


def _turn(row: Any) -> tuple[int, int]:
    return row["urgency"], row["id"]
