"""
Webhooks whose deliveries are kept back, for operators.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from aiohttp import web

if TYPE_CHECKING:
    from webhook_engine.service.state import Service


async def list_(service: Service, _: web.Request) -> web.Response:
    """
    `GET /v1/holds`.
    """
    report = service.engine.report()
    if report is None:
        raise service.unavailable("there is no delivery queue here, or it is not open")
    holds = [{"webhook": each.webhook, "reason": each.reason, "since": each.since} for each in report.holds]
    return _json({"holds": holds})


async def resume(service: Service, request: web.Request) -> web.Response:
    """
    `POST /v1/webhooks/{name}/resume`.
    """
    return _json({"resumed": await service.engine.resume(request.match_info["name"])})


def _json(document: object) -> web.Response:
    return web.Response(body=orjson.dumps(document, option=orjson.OPT_UTC_Z), content_type="application/json")
