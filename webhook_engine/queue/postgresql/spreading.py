"""
How deliveries spread over time, counted out of the database.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from webhook_engine.queue.delivery import State
from webhook_engine.queue.postgresql.telling import Words
from webhook_engine.queue.reports import LENGTHS_S, Bar, Spread
from webhook_engine.queue.times import moment

if TYPE_CHECKING:
    from webhook_engine.queue.postgresql.connecting import Connection
    from webhook_engine.queue.postgresql.telling import Choice

COUNTED: Final = 100_000
"""Deliveries that are looked at, the newest."""

SAMPLE: Final = 1_500
"""Deliveries whose last attempt is looked at for how long it took."""

_LOOKED_AT = """
    looked AS MATERIALIZED (
        SELECT c.id, c.put_at, c.webhook, d.state, d.target, d.attempts FROM (
            SELECT id, put_at, webhook FROM content WHERE {outer} ORDER BY put_at DESC, id DESC LIMIT {counted}
        ) c CROSS JOIN LATERAL (SELECT * FROM delivery WHERE delivery.id = c.id OFFSET 0) d
    ),
    meant AS MATERIALIZED (SELECT * FROM looked WHERE {inner})
"""
_ENDS = "SELECT (SELECT count(*) FROM looked), count(*), min(put_at), max(put_at) FROM meant"
_COUNTS = "SELECT put_at / {bar}, state, count(*) FROM meant GROUP BY 1, 2 ORDER BY 1"
_TOOK = """
    SELECT m.put_at / {bar}, a.took_s FROM (SELECT * FROM meant WHERE attempts > 0 LIMIT {most}) m
    CROSS JOIN LATERAL (
        SELECT took_s FROM attempt WHERE delivery = m.id AND number = m.attempts OFFSET 0
    ) a
"""


async def spread(db: Connection, choice: Choice, state: State | None, bars: int) -> Spread:
    """
    The newest deliveries that are meant, by the time at which they were put.

    Args:
        state: Only those in it.

        bars: About so many.
    """
    async with db.transaction(isolation="repeatable_read", readonly=True):
        looked, counted, first, last = await _read_one(db, choice, state)
        bar_s = _length_s(choice, first or 0, last or 0, bars)
        states: defaultdict[int, dict[State, int]] = defaultdict(dict)
        for bar, word, n in await _read(db, choice, state, _COUNTS, bar=bar_s * 1000):
            states[bar][State(word)] = n
        took: defaultdict[int, list[float]] = defaultdict(list)
        for bar, took_s in await _read(db, choice, state, _TOOK, bar=bar_s * 1000, most=SAMPLE):
            took[bar].append(took_s)
    return Spread(
        bars=tuple(
            Bar(moment(bar * bar_s * 1000), each, tuple(sorted(took.get(bar, ()))))
            for bar, each in sorted(states.items())
        ),
        bar_s=bar_s,
        counted=counted,
        is_whole=looked < COUNTED,
    )


async def _read_one(db: Connection, choice: Choice, state: State | None) -> Any:
    (row,) = await _read(db, choice, state, _ENDS)
    return row


async def _read(
    db: Connection, choice: Choice, state: State | None, statement: str, **numbers: int
) -> list[Any]:
    words = Words()
    outer = " AND ".join(words.times(choice, "")) or "true"
    terms = [f"{name} = {words.bind(value)}" for name, value in choice.filters.items()]
    if state is not None:
        terms.append(f"state = {words.bind(state.value)}")
    source = _LOOKED_AT.format(outer=outer, inner=" AND ".join(terms) or "true", counted=COUNTED)
    return await db.fetch(f"WITH {source} {statement.format(**numbers)}", *words.values)


def _length_s(choice: Choice, first: int, last: int, bars: int) -> int:
    begins = first if choice.since is None else max(choice.since, first)
    wanted_s = (last - begins) / 1000 / bars
    return next((each for each in LENGTHS_S if each >= wanted_s), LENGTHS_S[-1])
