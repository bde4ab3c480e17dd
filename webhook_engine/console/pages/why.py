"""
Why rules did or did not fire for a call event: the trace of their matching, made readable.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import orjson

from webhook_engine.console.chains import Chains
from webhook_engine.console.forms import NO_ERRORS, Form
from webhook_engine.console.recorded import recorded, recorded_one, recordings
from webhook_engine.errors import NotFound, VariableError
from webhook_engine.explaining import shown_event
from webhook_engine.variables import SAMPLES, CallEvent, Moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web

    from webhook_engine.console.chains import Led
    from webhook_engine.console.visit import Visit
    from webhook_engine.rules import Trace

LONGEST: Final = 256 * 1024
"""Characters of an event that is pasted."""


async def show(visit: Visit) -> web.StreamResponse:
    """
    A field for an event, with one to begin with; or what came of a recorded one (`?call=`, `?delivery=`).
    """
    key = visit.asked("call") or (f"delivery:{visit.asked('delivery')}" if visit.asked("delivery") else "")
    if key:
        found = await recorded_one(visit, key)
        if found is None:
            raise NotFound("recorded call", key)
        engine = visit.console.engine
        event = await asyncio.to_thread(shown_event, found.event, engine.secrets, engine.definitions)
        return await _explained(visit, event, key=key)
    sample = CallEvent(Moment.RINGING, next(iter(SAMPLES.values())), id="an-event")
    return await _shown(visit, _written(sample))


async def explain(visit: Visit) -> web.StreamResponse:
    """
    What every rule makes of the event; nothing is started.
    """
    given = visit.given("event")
    if len(given) > LONGEST:
        return await _refused(visit, given[:1000], f"has at most {LONGEST:,} characters")
    try:
        event = CallEvent.from_json(given)
    except VariableError as error:
        return await _refused(visit, given, str(error))
    return await _explained(visit, event, given)


async def _explained(visit: Visit, event: CallEvent, given: str = "", *, key: str = "") -> web.Response:
    console = visit.console
    await console.in_force(await console.revision())
    match = console.engine.match(event)
    led = await Chains(console.engine, console.trials).of(match.starts, event)
    return await _shown(visit, given or _written(event), event=event, trace=match.trace, led=led, key=key)


def _written(event: CallEvent) -> str:
    return orjson.dumps(event.to_json(), option=orjson.OPT_INDENT_2).decode()


async def _refused(visit: Visit, given: str, why: str) -> web.Response:
    return await _shown(visit, given, why=why, status=HTTPStatus.UNPROCESSABLE_ENTITY)


async def _shown(
    visit: Visit,
    given: str,
    *,
    event: CallEvent | None = None,
    trace: Trace | None = None,
    led: Sequence[Led] = (),
    key: str = "",
    why: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> web.Response:
    return visit.page(
        "why.html",
        status=status,
        form=Form(table={"event": given}, errors={"event": [why]} if why else NO_ERRORS),
        event=event,
        trace=trace,
        led=led,
        calls=await recorded(visit),
        recordings=await recordings(visit),
        chosen=key,
        rules={each.name: each for each in visit.console.engine.definitions.rules},
    )
