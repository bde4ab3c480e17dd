"""
A delivery explained: the rules, the variables with their sources and encoders, and what decided each attempt.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from webhook_engine.console.pages.deliveries import queue_of
from webhook_engine.errors import NotFound, VariableError
from webhook_engine.explaining import explain_delivery, explain_recorded

if TYPE_CHECKING:
    from aiohttp import web

    from webhook_engine.console.visit import Visit


async def explanation(visit: Visit) -> web.StreamResponse:
    """
    Of one delivery (`?delivery=`).
    """
    queue = queue_of(visit)
    report = await queue.show(visit.asked("delivery"))
    await visit.console.in_force(await visit.console.revision())
    definitions = visit.console.engine.definitions
    explained = await explain_delivery(report, definitions, queue.kept, secrets=visit.console.engine.secrets)
    return visit.page(
        "delivery-explanation.html",
        each=explained.delivery,
        explanation=explained,
        rules={each.name: each for each in definitions.rules},
    )


async def recorded(visit: Visit) -> web.StreamResponse:
    """
    Of one event that was recorded (`?event=`), with every lookup, window and delivery that it started.
    """
    console, ident = visit.console, visit.asked("event")
    document = await console.store.recordings.of_event(console.tenant, ident)
    if document is None:
        raise NotFound("recorded event", ident)
    await console.in_force(await console.revision())
    definitions = console.engine.definitions
    explain = partial(explain_recorded, document, definitions, secrets=console.engine.secrets)
    try:
        found = await asyncio.to_thread(explain)
    except VariableError as error:
        return visit.go("why", warn=f"The recorded event {ident!r} cannot be read any more: {error}.")
    return visit.page(
        "recorded-explanation.html",
        explanation=found,
        rules={each.name: each for each in definitions.rules},
    )
