"""
What every request passes: session, user, role and token before the handler, and after it the shape of refusals.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING

from aiohttp import web

from webhook_engine import log
from webhook_engine.console import sessions
from webhook_engine.console.forms import ROWS
from webhook_engine.console.headers import KEPT, OURS
from webhook_engine.console.state import NotAllowed
from webhook_engine.console.visit import Visit
from webhook_engine.errors import (
    NotFound,
    QueueUnavailable,
    StoreUnavailable,
    StoreUncertain,
    WebhookEngineError,
)
from webhook_engine.store.api_log import SUCCESS
from webhook_engine.store.facts import ApiRequest
from webhook_engine.store.users import Role

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from webhook_engine.console.rendering import Rendering
    from webhook_engine.console.state import Console
    from webhook_engine.console.visit import Route

_standard = logging.getLogger(log.NAME)

_CHANGES = frozenset({"POST", "PUT", "DELETE", "PATCH"})
_FIELDS = 5 * ROWS
"""Fields of a form: a column of a response has four."""

_LATER_S = 5
"""What is said to whoever asks while a database cannot be reached."""

_FOREIGN = frozenset({"cross-site", "same-site"})


def guarded(console: Console, rendering: Rendering, route: Route) -> Handler:
    """
    The route's handler for those who may use it.
    """

    async def handle(request: web.Request) -> web.StreamResponse:
        request[OURS] = True
        began = perf_counter()
        path = rendering.url("home")
        session = await console.sessions.load(request, path=path)
        visitor = await console.visitor(request, session)
        visit = Visit(
            console=console,
            request=request,
            route=route,
            session=session,
            rendering=rendering,
            visitor=visitor,
        )
        try:
            response = await _handled(visit)
        except web.HTTPException as error:
            response = refusal(visit, HTTPStatus(error.status), error.reason)
        except WebhookEngineError as error:
            response = refusal(visit, _status(error), str(error))
        except ConnectionError:
            raise  # the browser has gone, and nobody reads an answer
        except Exception:
            _standard.exception("page.failed", extra={"page": route.name})
            response = refusal(
                visit, HTTPStatus.INTERNAL_SERVER_ERROR, "this page failed; the log has the cause"
            )
        _note(visit, response, perf_counter() - began)
        if KEPT not in response.headers:  # an asset is everybody's
            await console.sessions.save(request, response, session, path=path)
        return response

    return handle


def _note(visit: Visit, response: web.StreamResponse, took_s: float) -> None:
    """
    Have what an administrator does written down; what is only looked at is not.
    """
    console, route = visit.console, visit.route
    if route.method != "POST" or route.least is not Role.ADMINISTRATOR or visit.visitor is None:
        return
    is_well = response.status < HTTPStatus.BAD_REQUEST
    console.store.api_requests.note(
        ApiRequest(
            tenant=console.tenant,
            at=datetime.now(UTC) - timedelta(seconds=took_s),
            key=visit.visitor.email,
            action=f"{route.method} {route.path}",
            took_s=took_s,
            outcome=SUCCESS if is_well else f"{response.status} {response.reason}",
        )
    )


async def _handled(visit: Visit) -> web.StreamResponse:
    route, visitor = visit.route, visit.visitor
    if route.least is not None:
        if visitor is None:
            return _to_sign_in(visit)
        if not visitor.may(route.least):
            raise NotAllowed(f"this page is for the role {route.least}; you are signed in as {visitor.role}")
    if visit.request.method in _CHANGES:
        visit.fields = await _fields(visit)
        _check_token(visit)
    return await route.handle(visit)


def _to_sign_in(visit: Visit) -> web.StreamResponse:
    if visit.console.user_of is not None:
        raise NotAllowed("you are not signed in")
    if visit.request.method in _CHANGES:
        raise NotAllowed("you are not signed in any more; sign in in another window, then send this again")
    back = visit.request.path_qs
    return visit.go("sign_in", back="" if back == visit.url("home") else back)


async def _fields(visit: Visit) -> list[tuple[str, str]]:
    limit = visit.console.settings.form_bytes
    size = visit.request.content_length
    if size is None or size > limit:
        raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=size or 0)
    # The bounds of the application count for the request as it came: another one's, where the console is mounted.
    form = visit.request.clone(client_max_size=limit, client_max_fields=_FIELDS)
    try:
        async with asyncio.timeout(visit.console.settings.form_s):
            given = await form.post()
    except TimeoutError:
        raise web.HTTPRequestTimeout(reason="the form did not arrive in time: send it again") from None
    return [(name, value) for name, value in given.items() if isinstance(value, str)]


def _check_token(visit: Visit) -> None:
    """
    Raises:
        NotAllowed: The change does not come from a page of this session.
    """
    headers = visit.request.headers
    token = headers.get("X-CSRF-Token") or visit.given("csrf")
    if headers.get("Sec-Fetch-Site") in _FOREIGN or not sessions.has_csrf(visit.session, token):
        raise NotAllowed("this form was not sent from a page of yours, or it is too old: load the page again")


def _status(error: WebhookEngineError) -> HTTPStatus:
    if isinstance(error, NotAllowed):
        return HTTPStatus.FORBIDDEN
    if isinstance(error, QueueUnavailable | StoreUnavailable | StoreUncertain):
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.NOT_FOUND if isinstance(error, NotFound) else HTTPStatus.UNPROCESSABLE_ENTITY


def refusal(visit: Visit, status: HTTPStatus, sentence: str) -> web.Response:
    """
    Why not, as a page; or as a fragment where htmx asked.
    """
    shown = sentence[:1].upper() + sentence[1:] + ("" if sentence.endswith((".", "!", "?")) else ".")
    if visit.is_fragment:
        return visit.fragment("_refusal.html", status=status, sentence=shown)
    response = visit.page("refusal.html", status=status, sentence=shown, code=status)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(_LATER_S)
    return response
