"""
Why a delivery became what it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from webhook_engine.explaining import explain_delivery, lines_of

if TYPE_CHECKING:
    from webhook_engine.explaining import Explanation
    from webhook_engine.service.state import Service


async def explain(service: Service, request: web.Request) -> web.Response:
    """
    `GET /v1/deliveries/{id}/explanation`.
    """
    engine = service.engine
    if engine.queue is None:
        raise service.unavailable("there is no delivery queue here, or it is not open")
    report = await engine.queue.show(request.match_info["id"])
    explanation = await explain_delivery(
        report, engine.definitions, engine.queue.kept, secrets=engine.secrets
    )
    return web.Response(body=orjson.dumps(document_of(explanation)), content_type="application/json")


def document_of(explanation: Explanation) -> dict[str, object]:
    """
    An explanation as JSON-ready values, and the same in lines for people.
    """
    lines = [
        {"depth": each.depth, "text": each.text, "tone": str(each.tone)} for each in lines_of(explanation)
    ]
    return {**explanation.to_json(), "lines": lines}
