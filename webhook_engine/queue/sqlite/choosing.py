"""
Which deliveries a reader means, found within a look that does not grow with the queue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from webhook_engine.errors import QueueError
from webhook_engine.queue import choosing
from webhook_engine.queue.delivery import State, fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

    import apsw

    from webhook_engine.queue.sqlite.bulk import Row

LOOK: Final = 20_000
"""Deliveries that are looked at for one page where no index leads to those that are meant."""


_DIGITS: Final = 18
"""A number of SQLite has no more."""

# Each by itself: both in one SELECT would read every row.
_ENDS = "SELECT ifnull((SELECT min(id) FROM delivery), 0), ifnull((SELECT max(id) FROM delivery), -1) + 1"


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where a page ends: at a delivery, the next page begins behind it.
    """

    at: int
    id: int

    @classmethod
    def read(cls, after: str) -> Place:
        """
        As `str` writes it.

        Raises:
            QueueError: It is none.
        """
        at, _, number = after.partition("-")
        if not (at.isdecimal() and number.isdecimal() and len(at) <= _DIGITS and len(number) <= _DIGITS):
            raise QueueError(f"{after!r} is not where a page ended")
        return cls(int(at), int(number))

    def __str__(self) -> str:
        return f"{self.at}-{self.id}"


class Choice(choosing.Choice):
    """
    The same, with the index that leads to them.
    """

    __slots__ = ()

    @property
    def is_dead_of_one(self) -> bool:
        """
        Whether they are the dead letters of a webhook, to which an index leads.
        """
        return self.filters.get("state") == State.DEAD and {"webhook", "event_id"} & {*self.filters} == {
            "webhook"
        }

    @property
    def is_looked_for(self) -> bool:
        """
        Whether others may stand between those that are meant, as many as there are.
        """
        if "event_id" in self.filters:
            return False
        return self.is_scattered(self.by_state + self.is_dead_of_one)

    def source(self) -> str:
        """
        Of what they are read; the planner must not choose.
        """
        if "event_id" in self.filters:
            return "delivery INDEXED BY delivery_key"
        if self.is_dead_of_one:
            return "delivery INDEXED BY delivery_dead"
        return f"delivery {'INDEXED BY delivery_clock' if self.by_state else 'NOT INDEXED'}"

    def order(self) -> str:
        """
        The newest first.
        """
        return "at DESC, id DESC" if self.by_state else "id DESC"

    def where(
        self, db: apsw.Connection, after: Place | None, ends: Place | None = None
    ) -> tuple[list[str], list[apsw.SQLiteValue]]:
        """
        The conditions that an index or the number answers, and the values that they bind.

        Args:
            ends: The last that is looked at.
        """
        low = None if self.since is None else first_since(db, self.since)
        high = None if self.until is None else first_since(db, self.until)
        stated: list[tuple[str, Row]] = []
        if self.by_state:
            if self.is_dead_of_one:
                # The index's own condition, word by word.
                stated.append(("state = 'dead' AND webhook = ?", (self.filters["webhook"],)))
            else:
                stated.append(("state = ?", (self.filters["state"],)))
            if ends is not None:
                stated.append(("(at, id) >= (?, ?)", (ends.at, ends.id)))
            elif self.since is not None:
                # Whatever its state, that ends or began no sooner than the delivery was put.
                stated.append(("at >= ?", (self.since,)))
            if after is not None:
                stated.append(("(at, id) < (?, ?)", (after.at, after.id)))
        else:
            # One of a kind: SQLite seeks by the first that it meets, and tests the other row by row.
            low = max((each for each in (low, ends and ends.id) if isinstance(each, int)), default=None)
            high = min((each for each in (high, after and after.id) if isinstance(each, int)), default=None)
        stated += [
            (term, (number,)) for term, number in (("id >= ?", low), ("id < ?", high)) if number is not None
        ]
        return [term for term, _ in stated], [value for _, values in stated for value in values]

    def narrowing(self) -> tuple[list[str], list[apsw.SQLiteValue]]:
        """
        The conditions that no index answers.
        """
        indexed = {"state", "webhook"} if self.is_dead_of_one else {"state"}
        named = {column: value for column, value in self.filters.items() if column not in indexed}
        terms = [f"{column} = ?" for column in named]
        values: list[apsw.SQLiteValue] = [*named.values()]
        if (event := self.filters.get("event_id")) is not None:
            # An id begins with its event's beginning.
            start = fingerprint(event, "", size=1)[:-2]
            terms.append("key BETWEEN ? AND ?")
            values += [bytes.fromhex(start), bytes.fromhex(start) + b"\xff" * 17]
        return terms, values


def last_looked_at(
    db: apsw.Connection, choice: Choice, terms: Sequence[str], values: Row, *, look: int | None = None
) -> Place | None:
    """
    Where a look of so many deliveries ends; None where there are not so many.

    Args:
        terms: As `Choice.where` has them.
    """
    sql = f"SELECT at, id FROM {choice.source()} WHERE {' AND '.join(terms) or 'true'} "  # noqa: S608  # names of columns alone
    sql += f"ORDER BY {choice.order()} LIMIT 1 OFFSET {(look or LOOK) - 1}"
    row = db.execute(sql, tuple(values)).fetchone()
    return None if row is None else Place(int(str(row[0])), int(str(row[1])))


def first_since(db: apsw.Connection, at: int) -> int:
    """
    The number of the first delivery that was put at that time or later: numbers and times go forward together.
    """
    low, high = db.execute(_ENDS).get
    while low < high:
        middle = (low + high) // 2
        number, put_at = db.execute(
            "SELECT id, put_at FROM delivery NOT INDEXED WHERE id >= ? ORDER BY id LIMIT 1", (middle,)
        ).get
        if put_at >= at:
            high = middle
        else:
            low = number + 1
    return int(high)
