"""
Deliveries for an operator: seen, replayed, dropped.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from aiohttp import web

from webhook_engine.explaining import shown_report
from webhook_engine.performing import REASONS
from webhook_engine.queue import State
from webhook_engine.service.reading import invalid, object_of
from webhook_engine.service.refusals import Wrong

if TYPE_CHECKING:
    from webhook_engine.queue import AttemptReport, DeliveryQueue, DeliveryReport
    from webhook_engine.service.state import Service

PAGE = 100
LONGEST_PAGE = 1_000

_FILTERS = {"state": "state", "webhook": "webhook", "target": "target", "event": "event_id"}
"""As clients name them, and as the queue does."""

_AFTER = re.compile(r"[0-9]{1,18}-[0-9]{1,18}")
_STEP = 500


async def list_(service: Service, request: web.Request) -> web.Response:
    """
    `GET /v1/deliveries`.
    """
    query = dict(request.query)
    problems = [
        Wrong(path=each, message=f"is no filter; there is {', '.join(_FILTERS)}, limit and after")
        for each in query
        if each not in {*_FILTERS, "limit", "after"}
    ]
    limit, after = query.pop("limit", str(PAGE)), query.pop("after", None)
    if not (limit.isascii() and limit.isdecimal() and len(limit) < 6 and 1 <= int(limit) <= LONGEST_PAGE):
        problems.append(Wrong(path="limit", message=f"must be a number from 1 to {LONGEST_PAGE}"))
    if after is not None and not _AFTER.fullmatch(after):
        problems.append(Wrong(path="after", message="is not what an earlier page gave as its `after`"))
    filters = _filters(query, problems)
    if problems:
        raise invalid(problems)
    page = await _queue(service).list(**filters, limit=int(limit), after=after)
    return _json({"deliveries": [document_of(each) for each in page.deliveries], "after": page.after})


async def show(service: Service, request: web.Request) -> web.Response:
    """
    `GET /v1/deliveries/{id}`.
    """
    found = await _queue(service).show(request.match_info["id"])
    engine = service.engine
    report = await asyncio.to_thread(shown_report, found, engine.secrets, engine.definitions)
    event = report.reference.get("event")
    told: Mapping[str, object] = event if isinstance(event, Mapping) else {}
    return _json(
        {
            **document_of(report),
            **{name: told.get(name) for name in ("moment", "at", "call")},
            "records": [_attempt(each) for each in report.records],
        }
    )


# --- In bulk -----------------------------------------------------------------------------------------


class _Deed(NamedTuple):
    """
    What is done to many deliveries.
    """

    word: str
    """For how many it was done, in the answer."""

    states: tuple[State, ...]
    """In which something can be done with them, where the filter names none."""

    act: Callable[[list[str]], Awaitable[int]]


async def replay(service: Service, request: web.Request) -> web.Response:
    """
    `POST /v1/deliveries/replay`.
    """
    document = await object_of(service, request, "ids", "filter", "expires_s")
    expires_s = document.get("expires_s")
    if expires_s is not None and (
        isinstance(expires_s, bool) or not isinstance(expires_s, int | float) or not 0 < expires_s < 1e9
    ):
        raise invalid([Wrong(path="expires_s", message="must be seconds, more than 0")])
    queue = _queue(service)
    deed = _Deed("replayed", (State.DEAD,), lambda ids: queue.revive(ids, expires_s=expires_s))
    return await _in_bulk(service, queue, document, deed)


async def drop(service: Service, request: web.Request) -> web.Response:
    """
    `POST /v1/deliveries/drop`.
    """
    document = await object_of(service, request, "ids", "filter", "reason")
    reason = document.get("reason", "dropped")
    if not isinstance(reason, str) or not 0 < len(reason) <= 200 or not reason.isprintable():
        raise invalid([Wrong(path="reason", message="must be one line of at most 200 characters")])
    queue = _queue(service)
    # What is held first: it would move on with the first of its call that is dropped.
    waiting = (State.HELD, State.WAITING, State.AGAIN, State.READY)
    deed = _Deed("dropped", waiting, lambda ids: queue.drop(ids, reason=reason))
    return await _in_bulk(service, queue, document, deed)


async def _in_bulk(
    service: Service, queue: DeliveryQueue, document: Mapping[str, Any], deed: _Deed
) -> web.Response:
    if ("ids" in document) == ("filter" in document):
        raise invalid([Wrong(path="", message="needs either ids or filter")])
    most = service.settings.bulk
    if "ids" in document:
        done = await _each(_ids(document["ids"], most), deed)
        return _json({deed.word: done, "more": False})
    problems: list[Wrong] = []
    if not isinstance(document["filter"], dict):
        raise invalid([Wrong(path="filter", message="must be a JSON object")])
    filters = _filters(document["filter"], problems, within="filter.")
    if problems:
        raise invalid(problems)
    return await _filtered(queue, filters, most, deed)


async def _filtered(queue: DeliveryQueue, filters: dict[str, Any], most: int, deed: _Deed) -> web.Response:
    state = filters.pop("state", None)
    done = seen = 0
    for each in (state,) if state is not None else deed.states:
        after: str | None = None
        while True:
            page = await queue.list(**filters, state=each, limit=min(_STEP, most - seen), after=after)
            done += await deed.act([report.id for report in page.deliveries])
            seen += len(page.deliveries)
            after = page.after
            if seen >= most:
                return _json({deed.word: done, "more": True})
            if after is None:
                break
    return _json({deed.word: done, "more": False})


async def _each(ids: list[str], deed: _Deed) -> int:
    return sum([await deed.act(ids[start : start + _STEP]) for start in range(0, len(ids), _STEP)])


def _ids(found: object, most: int) -> list[str]:
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise invalid([Wrong(path="ids", message="must be a list of ids")])
    if len(found) > most:
        raise invalid([Wrong(path="ids", message=f"are {len(found):,}; at most {most:,} at once")])
    return found


def _filters(found: Mapping[str, object], problems: list[Wrong], *, within: str = "") -> dict[str, Any]:
    filters: dict[str, Any] = {}
    for name, value in found.items():
        if name not in _FILTERS:
            if within:
                what = f"is no filter; there is {', '.join(_FILTERS)}"
                problems.append(Wrong(path=within + name, message=what))
        elif not isinstance(value, str) or "\0" in value:
            # Nothing in a database holds NUL, and PostgreSQL would refuse to look.
            problems.append(Wrong(path=within + name, message="must be text without NUL"))
        elif name == "state" and value not in set(State):
            problems.append(Wrong(path=f"{within}state", message=f"is none of {', '.join(State)}"))
        else:
            filters[_FILTERS[name]] = State(value) if name == "state" else value
    return filters


# --- As JSON -----------------------------------------------------------------------------------------


def document_of(report: DeliveryReport) -> dict[str, object]:
    """
    A delivery as JSON-ready values, without its call and its attempts.
    """
    told = REASONS.get(report.reason)
    return {
        "id": report.id,
        "event": report.event_id,
        "webhook": report.webhook,
        "target": report.target,
        "state": report.state,
        "put_at": report.put_at,
        "until": report.until,
        "attempts": report.attempts,
        "failures": report.failures,
        "reason": report.reason,
        "happened": told and told.happened,
        "to_do": told and told.to_do,
    }


def _attempt(record: AttemptReport) -> dict[str, object]:
    return {
        "number": record.number,
        "at": record.at,
        "outcome": record.outcome,
        "status": record.status,
        "took_s": record.took_s,
        "detail": record.detail,
    }


def _json(document: object) -> web.Response:
    return web.Response(body=orjson.dumps(document, option=orjson.OPT_UTC_Z), content_type="application/json")


def _queue(service: Service) -> DeliveryQueue:
    """
    Raises:
        Refusal: 503, where there is none.
    """
    if service.engine.queue is None:
        raise service.unavailable("there is no delivery queue here, or it is not open")
    return service.engine.queue
