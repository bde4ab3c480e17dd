"""
A delivery explained: the rules, the variables with their sources and encoders, and what decided each attempt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook_engine.console.pages.deliveries import queue_of
from webhook_engine.explaining import explain_delivery

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
