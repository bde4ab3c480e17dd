"""
One transaction: everything that was asked meanwhile, and what is due.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from webhook_engine.errors import WebhookEngineError
from webhook_engine.queue.sqlite import alarms, holding
from webhook_engine.queue.sqlite.claiming import claim
from webhook_engine.queue.sqlite.documents import keep
from webhook_engine.queue.sqlite.operations import (
    Answer,
    Claim,
    Drop,
    Extend,
    Keep,
    KeepBack,
    Operation,
    Put,
    Resume,
    Revive,
    Settle,
)
from webhook_engine.queue.sqlite.putting import put
from webhook_engine.queue.sqlite.reviving import drop, revive
from webhook_engine.queue.sqlite.settling import extend, settle

if TYPE_CHECKING:
    from webhook_engine.queue.sqlite.book import Book


def transact(book: Book, work: Callable[[Book], list[Answer]]) -> list[Answer]:
    """
    Does the work and commits, or leaves everything as it was.
    """
    book.now = book.clock.now()
    last_id, alarm, lost = book.last_id, book.alarm, book.lost
    book.db.execute("BEGIN IMMEDIATE")
    try:
        answers = work(book)
        book.tally.write(book.db)
        book.db.execute("COMMIT")
    except BaseException:
        book.tally.rollback()
        book.suspects = True
        # Numbers that were given in vain are given again.
        book.fresh.clear()
        book.held.clear()
        book.last_id, book.alarm, book.lost = last_id, alarm, lost
        if book.db.in_transaction:
            book.db.execute("ROLLBACK")
        raise
    book.tally.commit()
    return answers


def perform(book: Book, asked: Sequence[Operation], claims: Sequence[Claim]) -> list[Answer]:
    """
    What was asked, then what is due, then the claims: they see all of it.

    Returns:
        Answers to everything but the claims that found nothing.
    """
    answers = _put(book, [each for each in asked if isinstance(each, Put)])
    if settles := [each for each in asked if isinstance(each, Settle)]:
        answers += _settle(book, settles)
    answers += [_other(book, each) for each in asked if not isinstance(each, Put | Settle)]
    if book.alarm <= book.now:
        alarms.ring(book)
    for each in claims:
        if not each.future.cancelled() and (leases := claim(book, each)):
            answers.append(Answer(each, leases))
    return answers


def _put(book: Book, asked: Sequence[Put]) -> list[Answer]:
    receipts = put(book, [row for each in asked for row in each.rows]) if asked else []
    answers: list[Answer] = []
    start = 0
    for each in asked:
        end = start + len(each.rows)
        answers.append(Answer(each, tuple(receipts[start:end])))
        start = end
    return answers


def _settle(book: Book, asked: Sequence[Settle]) -> list[Answer]:
    errors = settle(book, [end for each in asked for end in each.ends])
    answers: list[Answer] = []
    start = 0
    for each in asked:
        end = start + len(each.ends)
        answers.append(Answer(each, tuple(errors[start:end])))
        start = end
    return answers


def _other(book: Book, asked: Operation) -> Answer:
    try:
        if isinstance(asked, Extend):
            extend(book, asked)
            return Answer(asked)
        if isinstance(asked, Keep):
            keep(book, asked.name, asked.document)
            return Answer(asked)
        if isinstance(asked, Revive):
            return Answer(asked, revive(book, asked.keys, asked.expires))
        if isinstance(asked, Drop):
            return Answer(asked, drop(book, asked.keys, asked.reason))
        if isinstance(asked, KeepBack):
            hold = holding.note_ended if asked.ended else holding.hold
            hold(book, asked.webhook, asked.reason, asked.revision)
            return Answer(asked)
        if isinstance(asked, Resume):
            return Answer(asked, _resume(book, asked))
    except WebhookEngineError as error:
        return Answer(asked, error=error)
    raise TypeError(type(asked).__name__)


def _resume(book: Book, asked: Resume) -> tuple[int, tuple[int, int] | None]:
    count, after = holding.step(book, asked.webhook, asked.reasons, asked.after)
    if after is None:
        holding.end(book, asked.webhook, forget=asked.forget)
    return count, after
