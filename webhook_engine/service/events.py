"""
Call events in: all of a request's are on the disk when it is answered, or none was accepted.
"""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from webhook_engine.quick import quick
from webhook_engine.service.diagnosis import problems_of
from webhook_engine.service.reading import body_of, invalid, media_type, parse, read_json
from webhook_engine.service.refusals import Code, Refusal, Wrong
from webhook_engine.variables import CallEvent
from webhook_engine.variables.errors import VariableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webhook_engine.queue import Delivery
    from webhook_engine.service.settings import ServiceSettings
    from webhook_engine.service.state import Service

JSON = "application/json"
LINES = ("application/x-ndjson", "application/jsonl", "application/ndjson")

_AT_ONCE = 100
"""Events that are read before others get a turn: a few milliseconds."""

_LINES_AT_ONCE = 1_000
"""Lines, blank ones too, likewise."""


@quick
@dataclass(frozen=True, slots=True)
class Told:
    """
    One event of a request, as it was sent.
    """

    index: int
    line: int | None
    document: object

    fault: str = ""
    """Why it is no JSON."""


async def accept(service: Service, request: web.Request) -> web.Response:
    """
    `POST /v1/events`.
    """
    service.check_running()
    kind = media_type(request, JSON, *LINES)
    async with body_of(service, request) as body:
        most = service.settings.events_per_request
        if kind in LINES:
            told = await _lines(body, most)
            documents = [each.document for each in told]
        else:
            told, documents = None, _documents(body, most, service.settings.event_bytes)
        if not documents:
            raise invalid([Wrong(path="", message="holds no event")])
        with service.events.holding(len(documents)):
            events = await _read(documents, told, body, service.settings)
            return _answer(events, await service.notify(events))


def _answer(events: Sequence[CallEvent], started: Sequence[Sequence[Delivery]]) -> web.Response:
    accepted = [
        {
            "id": event.id,
            "deliveries": [{"id": each.id, "webhook": each.webhook} for each in deliveries],
        }
        for event, deliveries in zip(events, started, strict=True)
    ]
    return web.Response(status=202, body=orjson.dumps({"accepted": accepted}), content_type=JSON)


# --- From bytes to events ----------------------------------------------------------------------------


def _documents(body: bytes, most: int, event_bytes: int) -> list[object]:
    """
    They may still be nested too deeply: no event is, so that shows when one of them is none.
    """
    # What is long is measured, and for that it is written back.
    found = read_json(body, deep=len(body) <= event_bytes)
    documents = found if isinstance(found, list) else [found]
    if len(documents) > most:
        read_json(body)
        raise _too_many(most)
    return documents


async def _lines(body: bytes, most: int) -> list[Told]:
    told: list[Told] = []
    for number, line in enumerate(io.BytesIO(body), 1):
        if number % _LINES_AT_ONCE == 0:
            await asyncio.sleep(0)
        if line.isspace():
            continue
        if len(told) == most:
            raise _too_many(most)
        told.append(_line(len(told), number, line))
    return told


def _too_many(most: int) -> Refusal:
    return Refusal(
        Code.TOO_LARGE, f"more than {most:,} events are too many at once: send them in several requests"
    )


def _line(index: int, number: int, line: bytes) -> Told:
    try:
        return Told(index, number, parse(line))
    except ValueError as error:
        return Told(index, number, None, fault=f"is no JSON: {error}")


async def _read(
    documents: Sequence[object], told: Sequence[Told] | None, body: bytes, settings: ServiceSettings
) -> list[CallEvent]:
    """
    Args:
        told: More about each, where it was a line of its own.

    Raises:
        Refusal: 422 with everything that is wrong with any of them; 400 where they are nested too deeply.
    """
    # One event is no longer than the body it came in.
    measured = len(body) > settings.event_bytes
    events: list[CallEvent] = []
    wrong: list[Told] = []
    for index, document in enumerate(documents):
        if index % _AT_ONCE == _AT_ONCE - 1:
            await asyncio.sleep(0)
        fault = told[index].fault if told else ""
        if measured and not fault:
            fault = _misfit(document, settings.event_bytes)
        event = None if fault else _event(document)
        if event is None:
            wrong.append(Told(index, told[index].line if told else None, document, fault))
            # To find a name like one that is wrong takes as long as reading many that are right.
            await asyncio.sleep(0)
        else:
            events.append(event)
    if wrong:
        if not told:
            read_json(body)
        raise await asyncio.to_thread(_refusal, wrong, settings.problems)
    return events


def _misfit(document: object, most: int) -> str:
    """
    Why an event of this size is not taken; "" where it is.
    """
    size = len(orjson.dumps(document))
    return f"takes {size:,} bytes, more than {most:,}" if size > most else ""


def _event(document: object) -> CallEvent | None:
    if not isinstance(document, dict):
        return None
    try:
        return CallEvent.from_json(document, owned=True)
    except (VariableError, RecursionError):
        return None  # what is wrong, all of it, is found out by whoever refuses it


def _refusal(wrong: Sequence[Told], most: int) -> Refusal:
    problems: list[Wrong] = []
    for told in wrong:
        found = [Wrong(path="", message=told.fault)] if told.fault else problems_of(told.document)
        problems += [replace(each, index=told.index, line=told.line) for each in found]
        if len(problems) >= most:
            break
    events = "1 event is" if len(wrong) == 1 else f"{len(wrong):,} events are"
    rest = "; only the first problems are told" if len(problems) >= most else ""
    return invalid(problems[:most], message=f"{events} wrong, so none was accepted{rest}")
