"""
The service as an aiohttp application, by itself or within another one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from webhook_engine.service.door import add_headers, door, guarded
from webhook_engine.service.routes import ENDPOINTS, Endpoint
from webhook_engine.service.settings import ServiceSettings
from webhook_engine.service.state import Service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from webhook_engine.service.backend import Backend
    from webhook_engine.service.keys import KeyChecker
    from webhook_engine.service.noting import Noting

SERVICE: web.AppKey[Service] = web.AppKey("webhook_engine.service", Service)
"""Where an application made here keeps its service: `app[SERVICE].stop()` begins a graceful end."""


def make_app(
    engine: Backend,
    *,
    keys: KeyChecker,
    settings: ServiceSettings | None = None,
    more: Sequence[Endpoint] = (),
    noting: Noting | None = None,
) -> web.Application:
    """
    The engine over HTTP: run by itself, or mounted with `add_subapp` anywhere in an aiohttp application.

    The engine is the caller's: it is open before the application starts and closed after it has ended.

    Args:
        keys: Who may ask for what.

        more: Endpoints besides the service's own, behind the same door.

        noting: Where requests are written down; nowhere where left out.
    """
    service = Service(engine, keys, settings or ServiceSettings(), noting)
    # Bodies are bounded where they are read: within another application, its bound would count and not this one.
    app = web.Application(middlewares=[door(service)], client_max_size=service.settings.body_bytes)
    app[SERVICE] = service
    for endpoint in (*ENDPOINTS, *more):
        app.router.add_route(endpoint.method, endpoint.path, guarded(service, endpoint))
        if endpoint.method == "GET":
            app.router.add_route("HEAD", endpoint.path, guarded(service, endpoint))
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(_stop)
    app.cleanup_ctx.append(_watch_keys)
    return app


async def _watch_keys(app: web.Application) -> AsyncIterator[None]:
    watching = asyncio.create_task(app[SERVICE].revoking.run())
    yield
    watching.cancel()
    await asyncio.wait([watching])


async def _stop(app: web.Application) -> None:
    app[SERVICE].stop()
