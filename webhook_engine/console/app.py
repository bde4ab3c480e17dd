"""
The console as an aiohttp application, by itself or within another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from webhook_engine.console.door import guarded
from webhook_engine.console.headers import add_headers
from webhook_engine.console.rendering import Rendering
from webhook_engine.console.routes import ROUTES
from webhook_engine.console.settings import ConsoleSettings
from webhook_engine.console.state import Console

if TYPE_CHECKING:
    from webhook_engine.console.state import UserOf
    from webhook_engine.engine import Engine
    from webhook_engine.store import Store

CONSOLE: web.AppKey[Console] = web.AppKey("webhook_engine.console", Console)
"""Where an application made here keeps its console."""


def console(
    engine: Engine,
    store: Store,
    *,
    settings: ConsoleSettings | None = None,
    user_of: UserOf | None = None,
) -> web.Application:
    """
    The Integration Centre: run by itself, or mounted with `add_subapp` anywhere in an aiohttp application.

    Engine and store are the caller's: open before the application starts, and closed after it has ended.

    Args:
        user_of: Who is there, in an application with a sign-in of its own; None for nobody. The console's own
            sign-in is not used then.
    """
    chosen = settings or ConsoleSettings()
    app = web.Application(client_max_size=chosen.form_bytes)
    add_console(app, engine, store, settings=chosen, user_of=user_of)
    return app


def add_console(
    app: web.Application,
    engine: Engine,
    store: Store,
    *,
    settings: ConsoleSettings | None = None,
    user_of: UserOf | None = None,
) -> None:
    """
    Put the Integration Centre's pages into an application that has others, such as the service's: at its root.

    Args:
        user_of: As for `console`.
    """
    shared = Console(engine, store, settings=settings or ConsoleSettings(), user_of=user_of)
    app[CONSOLE] = shared
    rendering = Rendering(app, shared, ROUTES)
    for route in ROUTES:
        resource = app.router.add_resource(
            route.path, name=route.name if route.name not in app.router else None
        )
        handler = guarded(shared, rendering, route)
        resource.add_route(route.method, handler)
        if route.method == "GET":
            resource.add_route("HEAD", handler)
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(shared.stop)
    app.cleanup_ctx.append(shared.follow)
    app.cleanup_ctx.append(shared.works.tend)
    app.cleanup_ctx.append(shared.uses.watch(engine.pops))
