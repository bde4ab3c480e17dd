"""
How deliveries spread over time, counted out of the database.
"""

from __future__ import annotations

from collections import Counter, defaultdict
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

_SHORTEST = 1_000
"""Milliseconds: what is counted by the second is put together into bars of any length."""

_COUNTS = """
    WITH looked AS MATERIALIZED (
        SELECT c.put_at, c.webhook, d.state, d.target FROM (
            SELECT id, put_at, webhook FROM content WHERE {outer} ORDER BY put_at DESC, id DESC LIMIT {counted}
        ) c CROSS JOIN LATERAL (SELECT state, target FROM delivery WHERE delivery.id = c.id OFFSET 0) d
    )
    SELECT NULL, NULL, count(*) FROM looked
    UNION ALL SELECT put_at / {second}, state, count(*) FROM looked WHERE {inner} GROUP BY 1, 2
"""
# Of one in so many, found before anything else is read of it.
_TOOK = """
    SELECT c.put_at, a.took_s FROM (
        SELECT * FROM (
            SELECT id, put_at, webhook, row_number() OVER (ORDER BY put_at DESC, id DESC) AS place
            FROM content WHERE {outer} ORDER BY put_at DESC, id DESC LIMIT {counted}
        ) numbered WHERE place % {step} = 0
    ) c
    CROSS JOIN LATERAL (SELECT state, target, attempts FROM delivery WHERE delivery.id = c.id OFFSET 0) d
    CROSS JOIN LATERAL (
        SELECT took_s FROM attempt WHERE delivery = c.id AND number = d.attempts OFFSET 0
    ) a
    WHERE {inner} LIMIT {sample}
"""


async def spread(db: Connection, choice: Choice, state: State | None, bars: int) -> Spread:
    """
    The newest deliveries that are meant, by the time at which they were put.

    Args:
        state: Only those in it.

        bars: About so many.
    """
    (_, _, looked), *seconds = await _read(db, choice, state, _COUNTS, second=_SHORTEST)
    counted = sum(n for _, _, n in seconds)
    times = [second * _SHORTEST for second, _, _ in seconds]
    bar_s = _length_s(choice, min(times, default=0), max(times, default=0), bars)
    states: defaultdict[int, Counter[State]] = defaultdict(Counter)
    for second, word, n in seconds:
        states[second * _SHORTEST // (bar_s * 1000)][State(word)] += n
    took: defaultdict[int, list[float]] = defaultdict(list)
    step = max(1, counted // SAMPLE)
    for put_at, took_s in await _read(db, choice, state, _TOOK, step=step, sample=2 * SAMPLE):
        took[put_at // (bar_s * 1000)].append(took_s)
    return Spread(
        bars=tuple(
            Bar(moment(bar * bar_s * 1000), dict(each), tuple(sorted(took.get(bar, ()))))
            for bar, each in sorted(states.items())
        ),
        bar_s=bar_s,
        counted=counted,
        is_whole=looked < COUNTED,
    )


async def _read(
    db: Connection, choice: Choice, state: State | None, statement: str, **numbers: int
) -> list[Any]:
    words = Words()
    outer = " AND ".join(words.times(choice, "")) or "true"
    terms = [f"{name} = {words.bind(value)}" for name, value in choice.filters.items()]
    if state is not None:
        terms.append(f"state = {words.bind(state.value)}")
    inner = " AND ".join(terms) or "true"
    return await db.fetch(
        statement.format(outer=outer, inner=inner, counted=COUNTED, **numbers), *words.values
    )


def _length_s(choice: Choice, first: int, last: int, bars: int) -> int:
    begins = first if choice.since is None else max(choice.since, first)
    wanted_s = (last - begins) / 1000 / bars
    return next((each for each in LENGTHS_S if each >= wanted_s), LENGTHS_S[-1])
