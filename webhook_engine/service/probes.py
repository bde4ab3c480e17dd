"""
How the service is, for machines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from webhook_engine.service.metrics import CONTENT_TYPE

if TYPE_CHECKING:
    from webhook_engine.service.state import Service


async def health(_: Service, __: web.Request) -> web.Response:
    """
    `GET /v1/health`: the process answers.
    """
    return web.json_response({"status": "ok"})


async def ready(service: Service, _: web.Request) -> web.Response:
    """
    `GET /v1/ready`: events are accepted.
    """
    if (why := service.why_not_ready()) is not None:
        raise service.unavailable(why)
    return web.json_response({"status": "ready"})


async def metrics(service: Service, _: web.Request) -> web.Response:
    """
    `GET /metrics`.
    """
    return web.Response(body=await service.metrics.text(service), headers={"Content-Type": CONTENT_TYPE})


async def openapi(_: Service, __: web.Request) -> web.Response:
    """
    `GET /v1/openapi.json`.
    """
    from webhook_engine.service.openapi import DOCUMENT

    return web.Response(body=orjson.dumps(DOCUMENT), content_type="application/json")
