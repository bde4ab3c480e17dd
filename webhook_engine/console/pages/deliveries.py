"""
Deliveries: the list and its filters, how they spread over time, and one of them whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import orjson

from webhook_engine.console.filters import NAMES, Filter
from webhook_engine.console.readable import readable
from webhook_engine.console.works import ALLOWED, Deed
from webhook_engine.errors import NotFound, QueueError
from webhook_engine.explaining import shown_report
from webhook_engine.performing import REASONS
from webhook_engine.queue import State

if TYPE_CHECKING:
    from aiohttp import web

    from webhook_engine.console.visit import Visit
    from webhook_engine.queue import AttemptReport, Bar, DeliveryPage, DeliveryQueue, Spread, Stats

_GROUPS: Final[Mapping[str, frozenset[State]]] = {
    "done": frozenset({State.DONE}),
    "open": frozenset({State.READY, State.AGAIN, State.WAITING, State.HELD, State.LEASED}),
    "dead": frozenset({State.DEAD}),
}
"""How a bar is coloured -> the states that count for it."""


async def deliveries(visit: Visit) -> web.StreamResponse:
    """
    Those that fit the filter in the address, a page of them.
    """
    if visit.console.engine.queue is None:
        return visit.page("no-queue.html", title="Deliveries")
    queue = queue_of(visit)
    chosen = Filter.of(visit, visit.asked)
    stats, page = await asyncio.gather(queue.stats(), _page(visit, queue, chosen))
    return visit.page(
        "deliveries.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if chosen.errors else HTTPStatus.OK,
        chosen=chosen,
        page=page,
        # The queue counts by state and target, and by nothing else.
        counts=_counts(stats, chosen),
        targets=sorted(stats.targets)[:200],
        webhooks=sorted(each.name for each in visit.console.engine.definitions.webhooks if each.is_durable),
        reasons=REASONS,
        deeds=[deed for deed in Deed if chosen.state is None or chosen.state in ALLOWED[deed]],
        works=[each for each in visit.console.works.recent if each.ended is None],
        is_later=bool(visit.asked("after")),
    )


def _counts(stats: Stats, chosen: Filter) -> dict[State, int | None]:
    """
    How many there are in each state; None where the filter says more than the queue counts by.
    """
    if {*chosen.stated} - {"state", "target"}:
        return dict.fromkeys(stats.states)
    target = chosen.stated.get("target")
    counts = stats.states if target is None else stats.targets.get(target, {})
    return {state: counts.get(state, 0) for state in stats.states}


async def _page(visit: Visit, queue: DeliveryQueue, chosen: Filter) -> DeliveryPage | None:
    if chosen.errors:
        return None
    rows, after = visit.console.settings.page_rows, visit.asked("after") or None
    return await queue.list(state=chosen.state, **chosen.names, limit=rows, after=after)


async def chart(visit: Visit) -> web.StreamResponse:
    """
    The same deliveries over time: how many, what became of them, how long attempts took.
    """
    chosen = Filter.of(visit, visit.asked)
    if visit.console.engine.queue is None or chosen.errors or "event" in chosen.stated:
        return visit.fragment("_chart.html", spread=None)
    names = {name: value for name, value in chosen.names.items() if name != "event_id"}
    spread = await queue_of(visit).spread(state=chosen.state, **names)
    kept = {name: chosen.stated[name] for name in NAMES if name in chosen.stated}
    bars = [_bar(visit, bar, spread.bar_s, kept) for bar in spread.bars]
    zone = str(visit.console.engine.definitions.tenant.time_zone)
    drawn = orjson.dumps({"bar_s": spread.bar_s, "zone": zone, "bars": bars}).decode()
    return visit.fragment(
        "_chart.html",
        spread=spread,
        bars=bars,
        drawn=drawn,
        length=_length(spread),
        is_timed=any(bar["half"] is not None for bar in bars),
    )


async def delivery(visit: Visit) -> web.StreamResponse:
    """
    One delivery whole: why it stands as it does, and each attempt with its request and response.
    """
    found, engine = await queue_of(visit).show(visit.asked("delivery")), visit.console.engine
    report = await asyncio.to_thread(shown_report, found, engine.secrets, engine.definitions)
    event = report.reference.get("event")
    told: Mapping[str, Any] = event if isinstance(event, Mapping) else {}
    call = told.get("call")
    return visit.page(
        "delivery.html",
        each=report,
        reason=REASONS.get(report.reason),
        moment=told.get("moment"),
        call=call if isinstance(call, Mapping) else {},
        attempts=[_attempt(record) for record in reversed(report.records)],
        deed=next((deed for deed in Deed if report.state in ALLOWED[deed]), None),
        is_defined=report.webhook in visit.console.engine.definitions.index.webhooks,
        waits=_WAITS[report.state],
    )


async def change(visit: Visit) -> web.StreamResponse:
    """
    Replay or drop one delivery.
    """
    ident, deed = visit.given("delivery"), deed_of(visit)
    queue = queue_of(visit)
    changed = await (queue.revive([ident]) if deed is Deed.REPLAY else queue.drop([ident]))
    await queue.show(ident)
    if changed:
        return visit.go("delivery", delivery=ident, say=_SAID[deed])
    return visit.go("delivery", delivery=ident, warn="It has gone on meanwhile; nothing was changed.")


_SAID: Final = {
    Deed.REPLAY: "It is offered again, with the Idempotency-Key it had.",
    Deed.DROP: "It is given up. It can be replayed.",
}

_WAITS: Final[Mapping[State, str]] = {
    State.READY: "Expires",
    State.AGAIN: "Expires",
    State.WAITING: "Next attempt",
    State.HELD: "Goes ahead at the latest",
    State.LEASED: "Its lease ends",
    State.DONE: "Delivered",
    State.DEAD: "Dead since",
}
"""What the time of each state means."""


def queue_of(visit: Visit) -> DeliveryQueue:
    """
    Raises:
        QueueError: There is none.
    """
    queue = visit.console.engine.queue
    if queue is None:
        raise QueueError("this engine has no delivery queue, or it is not open")
    return queue


def deed_of(visit: Visit) -> Deed:
    """
    Raises:
        NotFound: It is none.
    """
    word = visit.given("deed")
    if word not in set(Deed):
        raise NotFound("deed", word, known=[*Deed])
    return Deed(word)


def _bar(visit: Visit, bar: Bar, bar_s: int, kept: Mapping[str, str]) -> dict[str, Any]:
    ends = bar.at + timedelta(seconds=bar_s)
    zone = visit.console.engine.definitions.tenant.time_zone
    since, until = (f"{each.astimezone(zone):%Y-%m-%d %H:%M:%S}" for each in (bar.at, ends))
    took = bar.took_s
    return {
        "at": int(bar.at.timestamp()),
        "since": since,
        **{name: sum(bar.states.get(each, 0) for each in states) for name, states in _GROUPS.items()},
        "half": took[len(took) // 2] if took else None,
        "most": took[min(len(took) - 1, len(took) * 95 // 100)] if took else None,
        "href": visit.url("deliveries", **{**kept, "since": since, "until": until}),
    }


def _length(spread: Spread) -> str:
    for unit, seconds in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if spread.bar_s % seconds == 0:
            count = spread.bar_s // seconds
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{spread.bar_s} second{'s' if spread.bar_s > 1 else ''}"


_BLANK: Final = {
    "method": "",
    "url": "",
    "status": "",
    "truncated": False,
    "bytes": 0,
    "kind": "",
    "message": "",
}
"""What a part of a record may leave out."""


def _attempt(record: AttemptReport) -> dict[str, Any]:
    detail = record.detail
    return {
        "record": record,
        "sentence": detail.get("sentence", ""),
        "addresses": detail.get("addresses", ()),
        **{name: _part(detail.get(name)) for name in ("request", "response", "error")},
    }


def _part(found: object) -> dict[str, Any]:
    if not isinstance(found, Mapping):
        return {}
    headers = found.get("headers")
    headers = headers if isinstance(headers, Mapping) else {}
    body = found.get("body")
    return {**_BLANK, **found, "headers": headers, "body": readable(str(body), headers) if body else ""}
