"""
Leases on what may go now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from secrets import token_hex
from typing import Any

import orjson

from webhook_engine.queue.delivery import State
from webhook_engine.queue.lease import Lease
from webhook_engine.queue.sharing import Share
from webhook_engine.queue.sqlite.book import Book, Held
from webhook_engine.queue.sqlite.bulk import read_json
from webhook_engine.queue.sqlite.clock import NEVER, moment
from webhook_engine.queue.sqlite.later import Later
from webhook_engine.queue.sqlite.operations import Claim
from webhook_engine.queue.sqlite.statements import LEASE, NAMED, NEWEST, choose, choose_numbers
from webhook_engine.queue.sqlite.suspects import pick, release

_SHARES = 16
"""Targets in one statement."""

_PASSED_OVER = 64
"""Of the newest, so many may be ones whose call has older ones."""

_SECRET = 16
"""Bytes of a token that nobody can guess."""


def claim(book: Book, asked: Claim) -> tuple[Lease, ...]:
    """
    The deliveries whose turn it is, leased.
    """
    chosen = _choose(book, asked)
    if not chosen:
        return ()
    ends = book.now + asked.lease
    # Each lease's token has its delivery's number in front: the same secret is another token for each.
    secret = token_hex(_SECRET)
    put_at: dict[int, datetime] = {}
    leases = [_lease(facts, secret, put_at) for facts in chosen]
    for facts in chosen:
        book.held[facts[0]] = Held(secret, facts[12], facts[13], book.now)
    for (target, state), n in Counter([(facts[4], facts[11]) for facts in chosen]).items():
        book.tally.move(target, state, State.LEASED, n)
    numbers = orjson.dumps([facts[0] for facts in chosen]).decode()
    book.db.execute(LEASE, (secret, ends, book.now, numbers))
    book.wake_at(ends)
    return tuple(leases)


def _choose(book: Book, asked: Claim) -> list[list[Any]]:
    everybody = asked.limit if asked.per_target is None else asked.per_target
    picked = pick(book, asked.limit, lambda target: asked.room.get(target, everybody))
    if not picked.suspects:
        return _shared(book, asked, asked.limit, asked.room) if picked.others else []
    room = {**asked.room, **{target: asked.room.get(target, everybody) - 1 for _, target in picked.suspects}}
    # Before suspects are let go: then they are among the retries, and would be found a second time.
    others = _shared(book, asked, asked.limit - len(picked.suspects), room) if picked.others else []
    release(book, picked.suspects)
    return _named(book, [number for number, _ in picked.suspects]) + others


def _shared(book: Book, asked: Claim, limit: int, room: Mapping[str, int]) -> list[list[Any]]:
    shares = book.tally.plan(limit, room, asked.per_target)
    newest: list[int] = []
    for place, share in enumerate(shares):
        if share.newest:
            some = _newest(book, share)
            newest += some
            shares[place] = share._replace(fresh=share.fresh - len(some))
    found = _read(book, shares)
    if newest:
        # Where few are as urgent as the most urgent, the newest of them are among the oldest as well.
        there = {facts[0] for facts in found}
        rest = [number for number in newest if number not in there]
        found += _told(book, rest)
    return found


def _newest(book: Book, share: Share) -> list[int]:
    """
    The newest whose call has nothing older that is open; fewer where those are not at the end of the row.
    """
    values = (share.target, share.target, book.now, share.newest + _PASSED_OVER, share.newest)
    return orjson.loads(str(book.db.execute(NEWEST, values).get))  # type: ignore[no-any-return]  # as it selects


def _read(book: Book, shares: list[Share]) -> list[list[Any]]:
    found: list[list[Any]] = []
    for start in range(0, len(shares), _SHARES):
        some = shares[start : start + _SHARES]
        size = 1
        while size < len(some):
            size *= 2
        values: list[str | int] = []
        for target, fresh, again, _ in some:
            values += (target, book.now, fresh, target, book.now, again)
        # Few sizes, so that every statement stays prepared: the rest asks for nothing.
        values += ["", 0, 0] * (2 * (size - len(some)))
        if book.fresh:
            found += _told(book, orjson.loads(str(book.db.execute(choose_numbers(size), tuple(values)).get)))
        else:
            found += read_json(book.db, choose(size), values)
    return found


def _told(book: Book, numbers: list[int]) -> list[list[Any]]:
    """
    What is still at hand of these, and then the others, which are read.
    """
    found: list[list[Any]] = []
    others: list[int] = []
    for number in numbers:
        fresh = book.fresh.pop(number, None)
        if fresh is None:
            others.append(number)
            continue
        row, put_at = fresh
        expires = NEVER if row.expires is None else put_at + row.expires
        facts = (number, row.key.hex(), row.event_id, row.webhook, row.target, Later(row.reference))
        found.append([*facts, None, 0, 0, 0, put_at, State.READY, expires, row.turn])
    return found + _named(book, others) if others else found


def _named(book: Book, numbers: list[int]) -> list[list[Any]]:
    return read_json(book.db, NAMED, (orjson.dumps(numbers).decode(),))


def _lease(facts: list[Any], secret: str, put_at: dict[int, datetime]) -> Lease:
    """
    In the order of the statement: id, key, event, webhook, target, reference, frozen, attempts, failures,
    crashes, put at, state, expires, lock.
    """
    number, key, event_id, webhook, target, reference, frozen, attempts, failures, crashes, at, *_ = facts
    when = put_at.get(at)
    if when is None:
        # What was put together shares its time.
        when = put_at[at] = moment(at)
    return Lease(
        key,
        event_id,
        webhook,
        target,
        reference,
        frozen,
        attempts + 1,
        failures,
        crashes > 0,
        when,
        f"{number}.{secret}",
    )


def parts_of(token: str) -> tuple[int, str]:
    """
    The row and the secret in a lease's token; no row for a token that is none of ours.
    """
    number, _, secret = token.partition(".")
    return (int(number) if number.isdecimal() else 0), secret
