from __future__ import annotations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web
    from webhook_engine.console.visit import Visit


async def monitoring(visit: Visit) -> web.StreamResponse:
    return visit.page("no-queue.html", title="API Monitoring")


async def csv(visit: Visit) -> web.StreamResponse:
    return visit.page("no-queue.html", title="API Monitoring")
