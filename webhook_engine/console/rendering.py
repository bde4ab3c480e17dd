"""
Templates and what all of them know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp_jinja2
from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from webhook_engine.console import sessions
from webhook_engine.console.words import LABELS, WORDS, took_of, word_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from webhook_engine.console.state import Console
    from webhook_engine.console.visit import Route, Visit

TEMPLATES: web.AppKey[Environment] = web.AppKey("webhook_engine.console.templates", Environment)
"""Where an application keeps them, beside templates of its own."""


class Rendering:
    """
    The templates of one application.
    """

    def __init__(self, app: web.Application, console: Console, routes: Sequence[Route]) -> None:
        self._app = app
        self._console = console
        self._routes = routes
        self._paths: dict[str, str] = {}
        self._environment = aiohttp_jinja2.setup(
            app,
            app_key=TEMPLATES,
            loader=PackageLoader("webhook_engine.console"),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters.update(
            word=word_of, when=self._when, field_id=field_id, spelled=spelled, took=took_of
        )
        self._environment.globals.update(WORDS=WORDS)

    def url(self, name: str, **query: object) -> str:
        """
        The address of a route, or of an asset where the name begins with `asset:`.
        """
        kind, _, file = name.partition(":")
        if file:
            query = {"name": self._console.assets.name_of(file)}
        path = self._paths.get(kind) or self._path(kind)
        stated = {key: str(value) for key, value in query.items() if value not in (None, "")}
        return f"{path}?{urlencode(stated)}" if stated else path

    def _path(self, name: str) -> str:
        path = str(self._app.router[name].url_for())
        # Until then it may still be mounted somewhere.
        if self._app.frozen:
            self._paths[name] = path
        return path

    def render(self, template: str, visit: Visit, context: dict[str, Any]) -> str:
        """
        The text of a page or a fragment.
        """
        known = {
            "visit": visit,
            "visitor": visit.visitor,
            "url": visit.url,
            "csrf": sessions.csrf_of(visit.session),
            "tenant": self._console.tenant,
            "source": self._console.settings.source,
            "nav": self._navigation(visit),
            "route": visit.route,
        }
        return aiohttp_jinja2.render_string(template, visit.request, {**known, **context}, app_key=TEMPLATES)

    def _navigation(self, visit: Visit) -> list[tuple[str, list[Route]]]:
        """
        Heading -> the pages under it that this visitor may see, in the order of the table.
        """
        visitor = visit.visitor
        found: dict[str, list[Route]] = {}
        for route in self._routes if visitor is not None else ():
            if route.name == "users" and self._console.user_of is not None:
                continue  # they are the embedding application's
            if route.nav and route.least is not None and visitor is not None and visitor.may(route.least):
                found.setdefault(route.section, []).append(route)
        return list(found.items())

    def _when(self, moment: datetime) -> str:
        """
        A moment as the tenant's clock shows it.
        """
        zone = self._console.engine.definitions.tenant.time_zone
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def field_id(name: str) -> str:
    """
    The id of the field called *name*: `parameter[2].value` is `f-parameter-2-value`.
    """
    return "f-" + name.replace("[", "-").replace("].", "-").replace("]", "").replace(".", "-").replace(
        "_", "-"
    )


def spelled(path: str) -> str:
    """
    The path of a field as its form calls it: `parameter[2].test_value` is "parameter 2, test value".
    """
    return ", ".join(_label(part) for part in path.split("."))


def _label(part: str) -> str:
    key, _, number = part.partition("[")
    return LABELS.get(key, key.replace("_", " ")) + (f" {number.rstrip(']')}" if number else "")
