"""
What everybody may change of their own: their password.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from webhook_engine.console import sessions
from webhook_engine.console.forms import Form
from webhook_engine.errors import NotFound, StoreError

if TYPE_CHECKING:
    from aiohttp import web

    from webhook_engine.console.visit import Visit


async def show(visit: Visit) -> web.StreamResponse:
    """
    The form for another password.
    """
    _check_own(visit)
    return visit.page("account.html", form=Form())


async def store(visit: Visit) -> web.StreamResponse:
    """
    Take another password for who knows the one they have; their other sessions end.
    """
    _check_own(visit)
    console, email, new = visit.console, visit.who.email, visit.given("new")
    # Of their own, or whoever guesses at an address kept its owner from another password as long as they go on.
    if console.changing.wait_s(email):
        return _again(visit, "old", "too many wrong tries: wait a while", HTTPStatus.TOO_MANY_REQUESTS)
    console.changing.failed(email)
    if await console.store.signing_in.check(console.tenant, email, visit.given("old")) is None:
        return _again(visit, "old", "this is not your password")
    console.changing.succeeded(email)
    if new != visit.given("again"):
        return _again(visit, "again", "this is not the same as above")
    try:
        await console.store.users.set_password(console.tenant, email, new)
    except StoreError as error:
        return _again(visit, "new", str(error))
    user = console.store.users.find(console.tenant, email)
    if user is not None:
        sessions.sign_in(visit.session, user.email, user.stamp)
    return visit.go("account", say="Your password is the new one. Sessions elsewhere have ended.")


def _again(
    visit: Visit, field: str, wrong: str, status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY
) -> web.Response:
    return visit.page("account.html", form=Form(errors={field: [wrong]}), status=status)


def _check_own(visit: Visit) -> None:
    """
    Raises:
        NotFound: The embedding application has passwords of its own.
    """
    if visit.console.user_of is not None:
        raise NotFound("page", visit.route.path)
