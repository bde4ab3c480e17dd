"""
Leases on what may go now.
"""

from __future__ import annotations

from collections import Counter
from secrets import token_hex
from typing import Any

import orjson

from webhook_engine.queue.delivery import State
from webhook_engine.queue.lease import Lease
from webhook_engine.queue.sharing import Share
from webhook_engine.queue.sqlite.book import Book
from webhook_engine.queue.sqlite.bulk import Row, read_json
from webhook_engine.queue.sqlite.clock import moment
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
    leases: list[Lease] = []
    rows: list[Row] = []
    secrets = token_hex(_SECRET * len(chosen))
    for place, facts in enumerate(chosen):
        token = secrets[2 * _SECRET * place : 2 * _SECRET * (place + 1)]
        leases.append(_lease(facts, token))
        rows.append((facts[0], token))
    for (target, state), n in Counter((facts[4], facts[11]) for facts in chosen).items():
        book.tally.move(target, state, State.LEASED, n)
    LEASE.run(book.db, rows, ends, book.now)
    book.wake_at(ends)
    return tuple(leases)


def _choose(book: Book, asked: Claim) -> list[list[Any]]:
    everybody = asked.limit if asked.per_target is None else asked.per_target
    picked = pick(book, asked.limit, lambda target: asked.room.get(target, everybody))
    chosen: list[list[Any]] = []
    room = asked.room
    if picked.suspects:
        release(book, picked.suspects)
        numbers = [number for number, _ in picked.suspects]
        chosen += _named(book, numbers)
        room = {**room, **{target: room.get(target, everybody) - 1 for _, target in picked.suspects}}
    if picked.others:
        chosen += _shared(book, book.tally.plan(asked.limit - len(chosen), room, asked.per_target))
    return chosen


def _shared(book: Book, shares: list[Share]) -> list[list[Any]]:
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
        facts = (number, row.key.hex(), row.event_id, row.webhook, row.target, Later(row.reference))
        found.append([*facts, None, 0, 0, 0, put_at, State.READY])
    return found + _named(book, others) if others else found


def _named(book: Book, numbers: list[int]) -> list[list[Any]]:
    return read_json(book.db, NAMED, (orjson.dumps(numbers).decode(),))


def _lease(facts: list[Any], token: str) -> Lease:
    """
    In the order of the statement: id, key, event, webhook, target, reference, frozen, attempts, failures,
    crashes, put at, state.
    """
    return Lease(
        facts[1],
        facts[2],
        facts[3],
        facts[4],
        facts[5],
        facts[6],
        facts[7] + 1,
        facts[8],
        facts[9] > 0,
        moment(facts[10]),
        f"{facts[0]}.{token}",
    )


def held_by(lease: Lease) -> tuple[int, str]:
    """
    The row and the secret in a lease's token; no row for a token that is none of ours.
    """
    number, _, secret = lease.token.partition(".")
    return (int(number) if number.isdecimal() else 0), secret
