"""
How deliveries spread over time, counted out of the file.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from webhook_engine.queue.delivery import State
from webhook_engine.queue.reports import LENGTHS_S, Bar, Spread
from webhook_engine.queue.sqlite.bulk import read_json
from webhook_engine.queue.sqlite.choosing import last_looked_at
from webhook_engine.queue.sqlite.clock import moment
from webhook_engine.queue.sqlite.statements import ATTEMPTS

if TYPE_CHECKING:
    import apsw

    from webhook_engine.queue.sqlite.bulk import Row
    from webhook_engine.queue.sqlite.choosing import Choice

COUNTED: Final = 100_000
"""Deliveries that are looked at, the newest."""

SAMPLE: Final = 1_500
"""Deliveries whose last attempt is looked at for how long it took."""

_COUNTS = """
    SELECT json_group_array(json_array(bar, state, n)) FROM (
        SELECT put_at / ? AS bar, state, count(*) AS n FROM delivery NOT INDEXED
        WHERE {where} GROUP BY bar, state ORDER BY bar
    )
"""

# Numbers are scattered first (Knuth's multiplier): where each event starts three webhooks, every third delivery is
# of one of them.
_TOOK = """
    SELECT json_group_array(json_array(bar, took_s)) FROM (
        SELECT put_at / ? AS bar, id * {attempts} + attempts AS last FROM delivery NOT INDEXED
        WHERE {where} AND attempts > 0 AND (id * 2654435761 >> 16) % ? = 0 LIMIT ?
    ) CROSS JOIN attempt ON attempt.id = last
"""


def spread(db: apsw.Connection, choice: Choice, state: State | None, bars: int) -> Spread:
    """
    The newest deliveries that are meant, by the time at which they were put.

    Args:
        state: Only those in it.

        bars: About so many.
    """
    ends = last_looked_at(db, choice, *choice.where(db, None), look=COUNTED)
    terms, values = choice.where(db, None, ends)
    narrowing, more = choice.narrowing()
    if state is not None:
        narrowing, more = [*narrowing, "state = ?"], [*more, state.value]
    where, bound = " AND ".join([*terms, *narrowing]) or "true", (*values, *more)
    bar_s = _length_s(db, where, bound, choice, bars)
    states: defaultdict[int, dict[State, int]] = defaultdict(dict)
    for bar, word, n in read_json(db, _COUNTS.format(where=where), (bar_s * 1000, *bound)):
        states[bar][State(word)] = n
    counted = sum(sum(each.values()) for each in states.values())
    took = _took(db, where, bound, bar_s, counted)
    return Spread(
        bars=tuple(
            Bar(moment(bar * bar_s * 1000), counts, tuple(sorted(took.get(bar, ()))))
            for bar, counts in sorted(states.items())
        ),
        bar_s=bar_s,
        counted=counted,
        is_whole=ends is None,
    )


def _length_s(db: apsw.Connection, where: str, bound: Row, choice: Choice, bars: int) -> int:
    sql = f"SELECT min(put_at), max(put_at) FROM delivery NOT INDEXED WHERE {where}"  # noqa: S608  # as in `spread`
    first, last = db.execute(sql, tuple(bound)).get
    begins = first or 0 if choice.since is None else max(choice.since, first or 0)
    wanted_s = ((last or 0) - begins) / 1000 / bars
    return next((each for each in LENGTHS_S if each >= wanted_s), LENGTHS_S[-1])


def _took(db: apsw.Connection, where: str, bound: Row, bar_s: int, counted: int) -> dict[int, list[float]]:
    """
    Bar -> how long the last attempts of a sample took.
    """
    found: defaultdict[int, list[float]] = defaultdict(list)
    step = max(1, counted // SAMPLE)
    sql = _TOOK.format(attempts=ATTEMPTS, where=where)
    for bar, took_s in read_json(db, sql, (bar_s * 1000, *bound, step, 2 * SAMPLE)):
        found[bar].append(took_s)
    return found
