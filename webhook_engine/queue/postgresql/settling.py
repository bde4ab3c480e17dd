"""
The end of leases: the attempt's record and the delivery's next state, together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from webhook_engine.queue.delivery import State
from webhook_engine.queue.postgresql.statements import EXTEND, SETTLE, SETTLED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook_engine.queue.lease import Lease
    from webhook_engine.queue.postgresql.connecting import Connection
    from webhook_engine.queue.rows import End


class Longer(NamedTuple):
    """
    A lease to be extended, or a request to be written down under it.
    """

    lease: Lease
    length: int | None = None
    frozen: str | None = None


class Held(NamedTuple):
    """
    What became of a delivery whose lease was held.
    """

    state: State | None = None
    at: int = 0
    turn: str | None = None
    now: int = 0


def held_by(lease: Lease) -> tuple[int, str]:
    """
    The number and the secret in a lease's token; no number for a token that is none of ours.
    """
    number, _, secret = lease.token.partition(".")
    is_ours = number.isdecimal() and len(number) < 20 and secret.isalnum()
    return (int(number), secret) if is_ours else (0, "")


async def settle(db: Connection, slot: int, ends: Sequence[End], maybe_done: bool) -> list[Held | None]:
    """
    Settles those whose lease is held; None for those that lost it. Of two ends of one lease the first counts.
    """
    firsts: dict[tuple[int, str], int] = {}
    for place, end in enumerate(ends):
        firsts.setdefault(held_by(end.lease), place)
    keys = sorted(firsts)
    given = [ends[firsts[key]] for key in keys]
    numbers, tokens = [key[0] for key in keys], [key[1] for key in keys]
    rows = await db.fetch(
        SETTLE,
        numbers,
        tokens,
        [end.state.value for end in given],
        [end.wait for end in given],
        [end.lease.failures + end.counted for end in given],
        [end.lease.attempt - (end.record is None) for end in given],
        [end.reason for end in given],
        *zip(*(end.record or (0.0, None, None, "") for end in given), strict=True),
        [end.frozen for end in given],
        slot,
    )
    held: list[Held | None] = [None] * len(ends)
    if maybe_done and len(rows) < len(keys):
        for number, token in await db.fetch(SETTLED, numbers, tokens):
            held[firsts[number, token]] = Held()
    for number, token, state, at, turn, now in rows:
        held[firsts[number, token]] = Held(State(state), at, turn, now)
    return held


async def extend(db: Connection, _slot: int, asked: Sequence[Longer], _maybe_done: bool) -> list[Held | None]:
    """
    Lets leases end later, and writes requests down; None for those that are not held any more.
    """
    keys = [held_by(each.lease) for each in asked]
    merged: dict[tuple[int, str], Longer] = {}
    for key, each in zip(keys, asked, strict=True):
        before = merged.get(key, each)
        length = before.length if each.length is None else each.length
        merged[key] = Longer(each.lease, length, each.frozen or before.frozen)
    rows = sorted(merged)
    found = await db.fetch(
        EXTEND,
        [number for number, _ in rows],
        [token for _, token in rows],
        [merged[key].length for key in rows],
        [merged[key].frozen for key in rows],
    )
    ends = {(number, token): Held(State.LEASED, at, None, now) for number, token, at, now in found}
    return [ends.get(key) for key in keys]
