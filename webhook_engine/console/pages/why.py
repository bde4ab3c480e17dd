"""
Why rules did or did not fire for a call event: the trace of their matching, made readable.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import orjson

from webhook_engine.console.forms import NO_ERRORS, Form
from webhook_engine.errors import NotFound, VariableError
from webhook_engine.variables import SAMPLES, CallEvent, Moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from webhook_engine.console.visit import Visit
    from webhook_engine.rules import Trace

LONGEST: Final = 256 * 1024
"""Characters of an event that is pasted."""


async def show(visit: Visit) -> web.StreamResponse:
    """
    A field for an event, with one to begin with; or what came of the event of a delivery (`?delivery=`).
    """
    if visit.asked("delivery"):
        return await _explained(visit, await _recorded(visit, visit.asked("delivery")))
    sample = CallEvent(Moment.RINGING, next(iter(SAMPLES.values())), id="an-event")
    return _shown(visit, _written(sample))


async def explain(visit: Visit) -> web.StreamResponse:
    """
    What every rule makes of the event; nothing is started.
    """
    given = visit.given("event")
    if len(given) > LONGEST:
        return _refused(visit, given[:1000], f"has at most {LONGEST:,} characters")
    try:
        event = CallEvent.from_json(given)
    except VariableError as error:
        return _refused(visit, given, str(error))
    return await _explained(visit, event, given)


async def _explained(visit: Visit, event: CallEvent, given: str = "") -> web.Response:
    await visit.console.in_force(await visit.console.revision())
    trace = visit.console.engine.match(event).trace
    return _shown(visit, given or _written(event), event=event, trace=trace)


async def _recorded(visit: Visit, delivery: str) -> CallEvent:
    """
    The event that a delivery was made for.

    Raises:
        NotFound: There is no such delivery.
    """
    queue = visit.console.engine.queue
    if queue is None:
        raise NotFound("delivery", delivery)
    reference: Mapping[str, Any] = (await queue.show(delivery)).reference
    if "event" not in reference:
        raise NotFound("event of the delivery", delivery)
    return CallEvent.from_json(reference["event"])


def _written(event: CallEvent) -> str:
    return orjson.dumps(event.to_json(), option=orjson.OPT_INDENT_2).decode()


def _refused(visit: Visit, given: str, why: str) -> web.Response:
    return _shown(visit, given, why=why, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _shown(
    visit: Visit,
    given: str,
    *,
    event: CallEvent | None = None,
    trace: Trace | None = None,
    why: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> web.Response:
    return visit.page(
        "why.html",
        status=status,
        form=Form(table={"event": given}, errors={"event": [why]} if why else NO_ERRORS),
        event=event,
        trace=trace,
    )
