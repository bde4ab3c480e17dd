"""
One request to the console, as its handler sees it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias

from aiohttp import web

from webhook_engine.console import sessions
from webhook_engine.console.state import NotAllowed
from webhook_engine.store.users import Role

if TYPE_CHECKING:
    from aiohttp_session import Session

    from webhook_engine.console.rendering import Rendering
    from webhook_engine.console.state import Console
    from webhook_engine.console.visitor import Visitor


Handler: TypeAlias = "Callable[[Visit], Awaitable[web.StreamResponse]]"


@dataclass(frozen=True, slots=True)
class Route:
    """
    One line of the table of routes.
    """

    method: str
    path: str

    least: Role | None
    """The least role; None for those who are not signed in."""

    handle: Handler
    name: str

    nav: str = ""
    """What the navigation calls it; not there where empty."""

    section: str = ""
    """Under which heading it stands there."""


@dataclass(slots=True, eq=False, kw_only=True)
class Visit:
    """
    Who asks for what, and the ways to answer.
    """

    console: Console
    request: web.Request
    route: Route
    session: Session
    rendering: Rendering

    visitor: Visitor | None
    """Who is signed in; every route with a least role has somebody."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    """What a form sent, in its order; read before the handler is called."""

    @property
    def who(self) -> Visitor:
        """
        Who is signed in.

        Raises:
            NotAllowed: Nobody is.
        """
        if self.visitor is None:
            raise NotAllowed("you are not signed in")
        return self.visitor

    @property
    def may_change(self) -> bool:
        """
        Whether they may change definitions, and not only see them.
        """
        return self.may_send and not self.console.settings.source

    @property
    def may_send(self) -> bool:
        """
        Whether they may send a test.
        """
        return self.visitor is not None and self.visitor.may(Role.ADMINISTRATOR)

    @property
    def is_fragment(self) -> bool:
        """
        Whether htmx asked, for a part of a page.
        """
        return "HX-Request" in self.request.headers

    def asked(self, name: str, default: str = "") -> str:
        """
        A parameter of the address.
        """
        return self.request.query.get(name, default)

    def given(self, name: str, default: str = "") -> str:
        """
        A field of the form.
        """
        return next((value for key, value in self.fields if key == name), default)

    def url(self, name: str, **query: object) -> str:
        """
        The address of the route *name*, under whatever prefix the console is mounted.
        """
        return self.rendering.url(name, **query)

    def page(self, template: str, *, status: HTTPStatus = HTTPStatus.OK, **context: object) -> web.Response:
        """
        A whole page, with the messages that were left for it.
        """
        context["flashes"] = sessions.said(self.session)
        return self._rendered(template, status, context)

    def fragment(
        self, template: str, *, status: HTTPStatus = HTTPStatus.OK, **context: object
    ) -> web.Response:
        """
        A part of a page, for htmx to put in its place.
        """
        return self._rendered(template, status, context)

    def go(self, name: str, *, say: str = "", warn: str = "", at: str = "", **query: object) -> web.Response:
        """
        On to another page, with a message for it.

        Args:
            at: The id of that part of it where to begin.
        """
        for kind, message in (("done", say), ("warning", warn)):
            if message:
                sessions.say(self.session, kind, message)
        where = self.url(name, **query) + (f"#{at}" if at else "")
        if self.is_fragment:
            return web.Response(status=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": where})
        return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": where})

    def _rendered(self, template: str, status: HTTPStatus, context: dict[str, object]) -> web.Response:
        html = self.rendering.render(template, self, context)
        return web.Response(text=html, status=status, content_type="text/html")
