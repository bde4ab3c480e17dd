"""
Signing in and out, and the first administrator.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from webhook_engine.console import sessions
from webhook_engine.errors import StoreError
from webhook_engine.store import Role

if TYPE_CHECKING:
    from aiohttp import web

    from webhook_engine.console.throttle import Throttle
    from webhook_engine.console.visit import Visit

_LONGEST: Final = 254
"""Characters of an address that are read (RFC 5321, 4.5.3.1.3): what fails is kept for a time."""


async def show(visit: Visit) -> web.StreamResponse:
    """
    The form; whoever is signed in goes on.
    """
    if visit.visitor is not None:
        return visit.go("home")
    return visit.page("sign-in.html", email="", back=_local(visit.asked("back")), error="")


async def sign_in(visit: Visit) -> web.StreamResponse:
    """
    Check address and password, more and more slowly after wrong ones.
    """
    console, email = visit.console, visit.given("email").strip().lower()[:_LONGEST]
    back = _local(visit.given("back"))
    counts = _counts(visit, email)
    if wait_s := max(throttle.wait_s(key) for throttle, key in counts):
        error = f"Too many wrong tries. Try again in {_duration(wait_s)}."
        return _again(visit, HTTPStatus.TOO_MANY_REQUESTS, email, back, error)
    # Counted before it is checked, so that many tries at one moment count too.
    for throttle, key in counts:
        throttle.failed(key)
    user = await console.store.users.check(console.tenant, email, visit.given("password"))
    if user is None:
        return _again(
            visit,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            email,
            back,
            "That address and password do not belong together.",
        )
    for throttle, key in counts:
        throttle.succeeded(key)
    sessions.sign_in(visit.session, user.email, user.stamp)
    await console.store.users.note_sign_in(user)
    response = _onward(visit, back)
    console.sessions.remember(visit.request, response, email, path=visit.url("home"))
    return response


def _counts(visit: Visit, email: str) -> list[tuple[Throttle, str]]:
    """
    Where a wrong try counts: for the address and the machine; in a browser they signed in with before, for that alone.

    Else whoever guesses at an address, or sits behind the same proxy, could keep its owner out.
    """
    console = visit.console
    if browser := console.sessions.browser_of(visit.request, email):
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
    token = visit.asked("token")
    if not visit.console.store.users.opens(visit.console.tenant, token):
        return visit.go(
            "sign_in", warn="That link was used already or has run out. Sign in, or ask for another one."
        )
    return visit.page("first.html", email="", token=token, error="")


async def make_first(visit: Visit) -> web.StreamResponse:
    """
    Make the first administrator, and sign them in.
    """
    users, tenant = visit.console.store.users, visit.console.tenant
    token, email = visit.given("token"), visit.given("email")
    if not users.opens(tenant, token):
        return visit.go(
            "sign_in", warn="That link was used already or has run out. Sign in, or ask for another one."
        )
    try:
        user = await users.add(
            tenant,
            email,
            visit.given("password"),
            role=Role.ADMINISTRATOR,
            by="the first administrator's link",
        )
    except StoreError as error:
        return visit.page(
            "first.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, email=email, token=token, error=str(error)
        )
    sessions.sign_in(visit.session, user.email, user.stamp)
    await users.note_sign_in(user)
    response = visit.go("home", say="Welcome. Begin with a group for the target system, then add a webhook.")
    visit.console.sessions.remember(visit.request, response, user.email, path=visit.url("home"))
    return response


def _again(visit: Visit, status: HTTPStatus, email: str, back: str, error: str) -> web.Response:
    return visit.page("sign-in.html", status=status, email=email, back=back, error=error)


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
