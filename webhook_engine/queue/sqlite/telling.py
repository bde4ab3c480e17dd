"""
Deliveries, attempts and counts out of the file.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import apsw
import orjson

from webhook_engine.errors import NotFound
from webhook_engine.queue.delivery import State
from webhook_engine.queue.lease import AttemptReport
from webhook_engine.queue.reports import DeliveryPage, DeliveryReport
from webhook_engine.queue.sqlite import choosing
from webhook_engine.queue.sqlite.choosing import Choice, Place, last_looked_at
from webhook_engine.queue.sqlite.clock import NEVER, moment
from webhook_engine.queue.sqlite.statements import ATTEMPTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook_engine.queue.sqlite.bulk import Row

_COLUMNS = """
    id, lower(hex(key)), event_id, webhook, target, state, at, put_at, attempts, failures, reason, reference, frozen
"""

_OLDEST = """
    SELECT min(put_at) FROM (
        SELECT (
            SELECT put_at FROM delivery INDEXED BY delivery_ready
            WHERE state = 'ready' AND target = t.target ORDER BY urgency, id LIMIT 1
        ) AS put_at
        FROM tally t WHERE t.state = 'ready' AND t.n > 0
        UNION ALL
        SELECT (
            SELECT put_at FROM delivery INDEXED BY delivery_again
            WHERE state = 'again' AND target = t.target ORDER BY urgency, id LIMIT 1
        )
        FROM tally t WHERE t.state = 'again' AND t.n > 0
    )
"""


def page(db: apsw.Connection, choice: Choice, limit: int, after: str | None) -> DeliveryPage:
    """
    Some of those that are meant. A page has fewer where the look for them ended before, and then says where.

    Args:
        after: What an earlier page ended with.
    """
    begins = None if after is None else Place.read(after)
    # A short look first: mostly those that are meant are among the last ones.
    for look in (choosing.LOOK // 10, choosing.LOOK):
        terms, values = choice.where(db, begins)
        ends = last_looked_at(db, choice, terms, values, look=look) if choice.is_looked_for else None
        if ends is not None:
            terms, values = choice.where(db, begins, ends)
        rows = _rows(db, choice, terms, values, limit)
        if len(rows) == limit or ends is None:
            break
    last = Place(rows[-1][6], rows[-1][0]) if len(rows) == limit else ends
    return DeliveryPage(tuple(_report(row) for row in rows), None if last is None else str(last))


def _rows(
    db: apsw.Connection, choice: Choice, terms: Sequence[str], values: Row, limit: int
) -> list[tuple[Any, ...]]:
    narrowing, more = choice.narrowing()
    # Only names of columns are written into the statement; values are bound.
    sql = f"SELECT {_COLUMNS} FROM {choice.source()} CROSS JOIN content USING (id) "  # noqa: S608
    sql += f"WHERE {' AND '.join([*terms, *narrowing]) or 'true'} ORDER BY {choice.order()} LIMIT ?"
    return db.execute(sql, (*values, *more, limit)).fetchall()


def one(db: apsw.Connection, delivery: str) -> DeliveryReport:
    """
    Raises:
        NotFound: There is none of that id.
    """
    sql = f"SELECT {_COLUMNS} FROM delivery JOIN content USING (id) WHERE key = ?"  # noqa: S608
    rows = db.execute(sql, (key_of(delivery),)).fetchall()
    if not rows:
        raise NotFound("delivery", delivery)
    number = int(str(rows[0][0]))
    records = db.execute(
        "SELECT id, at, took_s, outcome, status, detail FROM attempt WHERE id BETWEEN ? AND ? ORDER BY id",
        (number * ATTEMPTS, number * ATTEMPTS + ATTEMPTS - 1),
    ).fetchall()
    return _report(rows[0], tuple(_attempt(record) for record in records))


def counts(db: apsw.Connection) -> tuple[dict[str, dict[State, int]], int | None]:
    """
    Deliveries by target and state, and when the oldest that may go was put.
    """
    found: defaultdict[str, dict[State, int]] = defaultdict(dict)
    for target, state, n in db.execute("SELECT target, state, n FROM tally WHERE n > 0").fetchall():
        found[str(target)][State(str(state))] = int(str(n))
    oldest = db.execute(_OLDEST).get
    return dict(found), oldest if isinstance(oldest, int) else None


def key_of(delivery: str) -> bytes:
    """
    An id as the file has it; what is no id is one that nothing has.
    """
    try:
        return bytes.fromhex(delivery)
    except ValueError:
        return b""


def _report(row: tuple[Any, ...], records: tuple[AttemptReport, ...] = ()) -> DeliveryReport:
    _, key, event_id, webhook, target, state, at, put_at, attempts, failures, reason, reference, frozen = row
    return DeliveryReport(
        id=key,
        event_id=event_id,
        webhook=webhook,
        target=target,
        state=State(state),
        put_at=moment(put_at),
        until=None if at >= NEVER else moment(at),
        attempts=attempts,
        failures=failures,
        reason=reason,
        reference=orjson.loads(reference),
        frozen=None if frozen is None else orjson.loads(frozen),
        records=records,
    )


def _attempt(row: tuple[Any, ...]) -> AttemptReport:
    place, at, took_s, outcome, status, detail = row
    return AttemptReport(
        number=place % ATTEMPTS,
        at=moment(at),
        took_s=took_s,
        outcome=outcome,
        status=status,
        detail=orjson.loads(detail),
    )
