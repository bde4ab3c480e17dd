"""
Signing in and out, and the first administrator.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from webhook_engine import log
from webhook_engine.console import sessions
from webhook_engine.console.forms import Form
from webhook_engine.errors import NotFound, StoreError, StoreUnavailable
from webhook_engine.store import Role

if TYPE_CHECKING:
    from aiohttp import web

    from webhook_engine.console.throttle import Throttle
    from webhook_engine.console.visit import Visit
    from webhook_engine.store.users import User

_standard = logging.getLogger(log.NAME)

_LONGEST: Final = 254
"""Characters of an address that are read (RFC 5321, 4.5.3.1.3): what fails is kept for a time."""


async def show(visit: Visit) -> web.StreamResponse:
    """
    The form; whoever is signed in goes on.
    """
    _check_own(visit)
    if visit.visitor is not None:
        return visit.go("home")
    return visit.page("sign-in.html", email="", back=_local(visit.asked("back")), error="", wrong="")


async def sign_in(visit: Visit) -> web.StreamResponse:
    """
    Check address and password, more and more slowly after wrong ones.
    """
    _check_own(visit)
    console, email = visit.console, visit.given("email").strip().lower()[:_LONGEST]
    back = _local(visit.given("back"))
    counts = _counts(visit, email)
    if wait_s := max(throttle.wait_s(key) for throttle, key in counts):
        error = f"Too many wrong tries. Try again in {_duration(wait_s)}."
        return _again(visit, HTTPStatus.TOO_MANY_REQUESTS, email, back, error=error)
    # Counted before it is checked, so that many tries at one moment count too.
    for throttle, key in counts:
        throttle.failed(key)
    user = await console.store.signing_in.check(console.tenant, email, visit.given("password"))
    if user is None:
        return _again(
            visit,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            email,
            back,
            wrong="That address and password do not belong together.",
        )
    for throttle, key in counts:
        throttle.succeeded(key)
    sessions.sign_in(visit.session, user.email, user.stamp)
    await _note(visit, user)
    response = _onward(visit, back)
    console.sessions.remember(visit.request, response, email, tenant=console.tenant, path=visit.url("home"))
    return response


def _counts(visit: Visit, email: str) -> list[tuple[Throttle, str]]:
    """
    Where a wrong try counts: for the address and the machine; in a browser they signed in with before, for that alone.

    Else whoever guesses at an address, or sits behind the same proxy, could keep its owner out.
    """
    console = visit.console
    if browser := console.sessions.browser_of(visit.request, email, tenant=console.tenant):
        return [(console.throttle, f"{browser} {email}")]
    return [(console.throttle, email), (console.machines, str(visit.request.remote))]


async def sign_out(visit: Visit) -> web.StreamResponse:
    """
    End the session.
    """
    await visit.console.sessions.end(visit.session)
    return visit.go("sign_in")


async def show_first(visit: Visit) -> web.StreamResponse:
    """
    The form for an empty store's first administrator.
    """
    _check_own(visit)
    token = visit.asked("token")
    if not visit.console.store.signing_in.opens(visit.console.tenant, token):
        return visit.go(
            "sign_in", warn="That link was used already or has run out. Sign in, or ask for another one."
        )
    return visit.page("first.html", form=Form(), token=token)


async def make_first(visit: Visit) -> web.StreamResponse:
    """
    Make the first administrator, and sign them in.
    """
    _check_own(visit)
    users, signing_in = visit.console.store.users, visit.console.store.signing_in
    tenant = visit.console.tenant
    token, email = visit.given("token"), visit.given("email")
    if not signing_in.opens(tenant, token):
        return visit.go(
            "sign_in", warn="That link was used already or has run out. Sign in, or ask for another one."
        )
    password, role = visit.given("password"), Role.ADMINISTRATOR
    if wrong := users.wrong_with(tenant, email, password, role=role):
        form = Form(table={"email": email}, errors={name: [each] for name, each in wrong.items()})
        return visit.page("first.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, form=form, token=token)
    try:
        user = await users.add(tenant, email, password, role=role, by="the first administrator's link")
    except StoreError as error:
        status, form = _status(error), Form(table={"email": email}, errors={"": [str(error)]})
        return visit.page("first.html", status=status, form=form, token=token)
    sessions.sign_in(visit.session, user.email, user.stamp)
    await _note(visit, user)
    response = visit.go("home", say="Welcome. Begin with a group for the target system, then add a webhook.")
    visit.console.sessions.remember(
        visit.request, response, user.email, tenant=tenant, path=visit.url("home")
    )
    return response


async def _note(visit: Visit, user: User) -> None:
    """
    Write down that they are there; a store that cannot be written to keeps nobody out, least of all who mends it.
    """
    try:
        await visit.console.store.signing_in.note(user)
    except StoreUnavailable as error:
        _standard.warning("sign_in.not_noted", extra={"why": error.why})


def _again(
    visit: Visit, status: HTTPStatus, email: str, back: str, *, error: str = "", wrong: str = ""
) -> web.Response:
    """
    The form again, with an *error* of the whole or what is *wrong* at its password.
    """
    return visit.page("sign-in.html", status=status, email=email, back=back, error=error, wrong=wrong)


def _check_own(visit: Visit) -> None:
    """
    Raises:
        NotFound: Who is there is said by the embedding application.
    """
    if visit.console.user_of is not None:
        raise NotFound("page", visit.route.path)


def _status(error: StoreError) -> HTTPStatus:
    is_later = isinstance(error, StoreUnavailable)
    return HTTPStatus.SERVICE_UNAVAILABLE if is_later else HTTPStatus.UNPROCESSABLE_ENTITY


def _onward(visit: Visit, back: str) -> web.Response:
    from aiohttp import web

    if not back:
        return visit.go("home")
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": back})


def _local(address: str) -> str:
    """
    *address* where it is a page of this machine; nothing where it would lead elsewhere.
    """
    is_local = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if is_local else ""


def _duration(wait_s: float) -> str:
    seconds = max(1, round(wait_s))
    return f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} minutes"
