"""
Deliveries, attempts and counts out of the database.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import orjson

from webhook_engine.errors import NotFound, QueueError
from webhook_engine.queue import choosing
from webhook_engine.queue.delivery import State, fingerprint
from webhook_engine.queue.lease import AttemptReport
from webhook_engine.queue.postgresql.statements import NOW
from webhook_engine.queue.reports import DeliveryPage, DeliveryReport
from webhook_engine.queue.times import NEVER, moment

if TYPE_CHECKING:
    from webhook_engine.queue.postgresql.connecting import Connection

LOOK: Final = 20_000
"""Deliveries that are looked at for one page where no index leads to those that are meant."""

_DIGITS: Final = 19

_COLUMNS = (
    "c.id, c.key, c.event_id, c.webhook, d.target, d.state, d.at, c.put_at, d.attempts, d.failures, d.reason, "
    "c.reference, c.frozen"
)

_BY_PUTTING = """
    SELECT {columns} FROM (
        SELECT * FROM content WHERE {outer} ORDER BY put_at DESC, id DESC LIMIT {look}
    ) c CROSS JOIN LATERAL (SELECT * FROM delivery WHERE delivery.id = c.id OFFSET 0) d
    {inner} ORDER BY c.put_at DESC, c.id DESC LIMIT {limit}
"""
_BY_STATE = """
    SELECT {columns} FROM (
        SELECT * FROM delivery WHERE {outer} ORDER BY at DESC, id DESC LIMIT {look}
    ) d CROSS JOIN LATERAL (SELECT * FROM content WHERE content.id = d.id OFFSET 0) c
    {inner} ORDER BY d.at DESC, d.id DESC LIMIT {limit}
"""

_COUNTS = "SELECT target, state, sum(n)::bigint FROM tally GROUP BY target, state HAVING sum(n) > 0"

# The first of each target, by one look into the index for each.
_OLDEST = f"""
    SELECT min((
        SELECT c.put_at FROM content c WHERE c.id = (
            SELECT d.id FROM delivery d WHERE d.target = t.target AND d.offer = t.offer
            ORDER BY d.urgency, d.id LIMIT 1
        )
    )), {NOW} FROM unnest($1::text[], $2::smallint[]) t (target, offer)
"""

_SIZE = """
    SELECT sum(pg_total_relation_size(name::regclass))::bigint
    FROM unnest(ARRAY['delivery', 'content', 'attempt', 'tally', 'document', 'hold']) name
"""


class Choice(choosing.Choice):
    """
    The same, with what an index leads to.
    """

    __slots__ = ()

    @property
    def is_looked_for(self) -> bool:
        """
        Whether others may stand between those that are meant, as many as there are.
        """
        if "event_id" in self.filters and not self.by_state:
            return False
        return self.is_scattered(self.by_state)


class Words:
    """
    A condition, with the values that it binds.
    """

    def __init__(self) -> None:
        self.values: list[object] = []

    def bind(self, value: object) -> str:
        self.values.append(value)
        return f"${len(self.values)}"

    def outer(self, choice: Choice, after: tuple[int, int] | None) -> str:
        """
        What an index answers.
        """
        if choice.by_state:
            terms = [f"state = {self.bind(choice.filters['state'])}"]
            if after is not None:
                terms.append(f"(at, id) < ({self.bind(after[0])}::bigint, {self.bind(after[1])}::bigint)")
            return " AND ".join(terms)
        terms = self.times(choice, "")
        if (event := choice.filters.get("event_id")) is not None:
            # An id begins with its event's beginning.
            start = bytes.fromhex(fingerprint(event, "", size=1)[:-2])
            low, high = self.bind(start), self.bind(start + b"\xff" * 17)
            terms.append(f"key BETWEEN {low} AND {high}")
        if after is not None:
            terms.append(f"(put_at, id) < ({self.bind(after[0])}::bigint, {self.bind(after[1])}::bigint)")
        return " AND ".join(terms) or "true"

    def times(self, choice: Choice, of: str) -> list[str]:
        terms = []
        if choice.since is not None:
            terms.append(f"{of}put_at >= {self.bind(choice.since)}::bigint")
        if choice.until is not None:
            terms.append(f"{of}put_at < {self.bind(choice.until)}::bigint")
        return terms

    def inner(self, choice: Choice) -> str:
        """
        What no index answers.
        """
        places = {"webhook": "c.webhook", "event_id": "c.event_id", "target": "d.target"}
        terms = [
            f"{places[name]} = {self.bind(value)}"
            for name, value in choice.filters.items()
            if name != "state"
        ]
        if choice.by_state:
            terms += self.times(choice, "c.")
        return f"WHERE {' AND '.join(terms)}" if terms else ""


async def page(db: Connection, choice: Choice, limit: int, after: str | None) -> DeliveryPage:
    """
    Some of those that are meant. A page has fewer where the look for them ended before, and then says where.

    Args:
        after: What an earlier page ended with.
    """
    begins = None if after is None else _read_place(after)
    for look in (LOOK // 10, LOOK):
        looked = look if choice.is_looked_for else None
        rows = await _rows(db, choice, begins, limit, looked)
        ends = None
        if len(rows) == limit or looked is None:
            break
        ends = await _last(db, choice, begins, look)
        if ends is None:
            break
    if len(rows) == limit:
        last = rows[-1]
        ends = (last["at"] if choice.by_state else last["put_at"], last["id"])
    return DeliveryPage(tuple(_report(row) for row in rows), None if ends is None else f"{ends[0]}-{ends[1]}")


async def _rows(
    db: Connection, choice: Choice, after: tuple[int, int] | None, limit: int, look: int | None
) -> list[Any]:
    words = Words()
    outer = words.outer(choice, after)
    statement = (_BY_STATE if choice.by_state else _BY_PUTTING).format(
        columns=_COLUMNS,
        outer=outer,
        inner=words.inner(choice),
        look="ALL" if look is None else look,
        limit=words.bind(limit),
    )
    return await db.fetch(statement, *words.values)


async def _last(
    db: Connection, choice: Choice, after: tuple[int, int] | None, look: int
) -> tuple[int, int] | None:
    """
    Where a look of so many deliveries ends; None where there are not so many.
    """
    words = Words()
    outer = words.outer(choice, after)
    table, clock = ("delivery", "at") if choice.by_state else ("content", "put_at")
    row = await db.fetchrow(
        f"SELECT {clock}, id FROM {table} WHERE {outer} ORDER BY {clock} DESC, id DESC LIMIT 1 OFFSET {look - 1}",
        *words.values,
    )
    return None if row is None else (row[0], row[1])


async def one(db: Connection, delivery: str) -> DeliveryReport:
    """
    Raises:
        NotFound: There is none of that id.
    """
    row = await db.fetchrow(
        f"SELECT {_COLUMNS} FROM content c CROSS JOIN LATERAL "
        "(SELECT * FROM delivery WHERE delivery.id = c.id OFFSET 0) d WHERE c.key = $1",
        key_of(delivery),
    )
    if row is None:
        raise NotFound("delivery", delivery)
    records = await db.fetch(
        "SELECT number, at, took_s, outcome, status, detail FROM attempt WHERE delivery = $1 ORDER BY number",
        row["id"],
    )
    return _report(row, tuple(_attempt(record) for record in records))


async def counts(db: Connection) -> tuple[dict[str, dict[State, int]], float, int]:
    """
    Deliveries by target and state, for how many seconds the oldest that may go is here, and bytes on the disk.
    """
    found: defaultdict[str, dict[State, int]] = defaultdict(dict)
    for target, state, n in await db.fetch(_COUNTS):
        found[target][State(state)] = n
    offers = [
        (target, offer)
        for target, states in found.items()
        for offer, state in ((1, State.READY), (2, State.AGAIN))
        if state in states
    ]
    row = await db.fetchrow(_OLDEST, [target for target, _ in offers], [offer for _, offer in offers])
    oldest_s = 0.0 if row is None or row[0] is None else max(0, row[1] - row[0]) / 1000
    return dict(found), oldest_s, int(await db.fetchval(_SIZE))


def key_of(delivery: str) -> bytes:
    """
    An id as the database has it; what is no id is one that nothing has.
    """
    try:
        return bytes.fromhex(delivery)
    except ValueError:
        return b""


def _read_place(after: str) -> tuple[int, int]:
    at, _, number = after.partition("-")
    if not (at.isdecimal() and number.isdecimal() and len(at) < _DIGITS and len(number) < _DIGITS):
        raise QueueError(f"{after!r} is not where a page ended")
    return int(at), int(number)


def _report(row: Any, records: tuple[AttemptReport, ...] = ()) -> DeliveryReport:
    return DeliveryReport(
        id=row["key"].hex(),
        event_id=row["event_id"],
        webhook=row["webhook"],
        target=row["target"],
        state=State(row["state"]),
        put_at=moment(row["put_at"]),
        until=None if row["at"] >= NEVER else moment(row["at"]),
        attempts=row["attempts"],
        failures=row["failures"],
        reason=row["reason"],
        reference=orjson.loads(row["reference"]),
        frozen=None if row["frozen"] is None else orjson.loads(row["frozen"]),
        records=records,
    )


def _attempt(row: Any) -> AttemptReport:
    return AttemptReport(
        number=row["number"],
        at=moment(row["at"]),
        took_s=row["took_s"],
        outcome=row["outcome"],
        status=row["status"],
        detail=orjson.loads(row["detail"]),
    )
