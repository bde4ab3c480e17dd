"""
Deliveries that were in hand at two crashes in a row: one of them may be the cause, the others were only near.

Each is claimed alone where nothing else is in hand, as after a start. What brings the process down then is
found out; what takes its time is joined by the others after a moment, and no crash convicts it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from webhook_engine.queue.delivery import State
from webhook_engine.queue.sqlite.bulk import read_json
from webhook_engine.queue.sqlite.clock import milliseconds

if TYPE_CHECKING:
    import apsw

    from webhook_engine.queue.sqlite.book import Book

SUSPECT = "suspect"
"""The reason of those that wait for their turn."""

AFTER = 2
"""Crashes in a row that make a suspect."""

_IN_COMPANY = 4
"""So many times the crashes that convict it alone convict it in company as well: chance seldom goes on for so
long, and what only crashes late must have an end."""

_LOOKED_AT = 1_000

_INDEX = "CREATE INDEX IF NOT EXISTS delivery_suspect ON delivery (state, crashes, id) WHERE crashes > 1"

FIND = """
    SELECT json_group_array(json_array(id, target)) FROM (
        SELECT id, target FROM delivery INDEXED BY delivery_suspect
        WHERE state = ? AND crashes > 1 AND reason = 'suspect' ORDER BY crashes DESC, id DESC LIMIT ?
    )
"""

_RELEASE = "UPDATE delivery SET state = 'again', at = expires WHERE id = ?"


class Picked(NamedTuple):
    """
    Suspects to claim, and whether others may go along.
    """

    suspects: Sequence[tuple[int, str]] = ()
    """Number and target of each."""

    others: bool = True


def prepare(db: apsw.Connection) -> None:
    """
    The index, also in a file that an earlier version made.
    """
    db.execute(_INDEX)


def is_poison(book: Book, crashes: int, *, alone: bool) -> bool:
    """
    Whether that many crashes in a row convict, the last of them in that situation.
    """
    return crashes >= book.settings.poison_after * (1 if alone else _IN_COMPANY)


def note(book: Book) -> None:
    """
    There are suspects: the next claim with nothing in hand begins to try them alone.
    """
    book.suspects, book.alone_until = True, None


def pick(book: Book, limit: int, room_of: Callable[[str], int]) -> Picked:
    """
    Which suspects are claimed now.
    """
    if not book.suspects:
        return Picked()
    waiting = _find(book, State.WAITING)
    out = {target for _, target in _find(book, State.LEASED)}
    if not waiting and not out:
        book.suspects = False
        return Picked()
    with_room = [each for each in waiting if room_of(each[1]) > 0]
    in_hand = book.tally.total(State.LEASED)
    if book.alone_until is None and not in_hand and with_room:
        book.alone_until = book.now + milliseconds(book.settings.suspect_s)
    if book.alone_until is not None and book.now < book.alone_until:
        if in_hand:
            book.wake_at(book.alone_until)
            return Picked(others=False)
        if with_room:
            return Picked(with_room[:1], others=False)
        book.alone_until = book.now
    firsts: dict[str, tuple[int, str]] = {}
    for each in with_room:
        if each[1] not in out:
            firsts.setdefault(each[1], each)
    return Picked(tuple(firsts.values())[:limit])


def release(book: Book, picked: Sequence[tuple[int, str]]) -> None:
    """
    Lets them be claimed.
    """
    for number, target in picked:
        book.db.execute(_RELEASE, (number,))
        book.tally.move(target, State.WAITING, State.AGAIN)


def _find(book: Book, state: State) -> list[tuple[int, str]]:
    return [(number, target) for number, target in read_json(book.db, FIND, (state, _LOOKED_AT))]
