"""
Users: who may sign in to the Integration Centre, and as what.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from webhook_engine.console.forms import Form
from webhook_engine.console.state import NotAllowed
from webhook_engine.errors import NotFound, StoreError
from webhook_engine.store.users import Role

if TYPE_CHECKING:
    from aiohttp import web

    from webhook_engine.console.visit import Visit
    from webhook_engine.store.users import User


_FIELDS: Final[tuple[str, ...]] = ("email", "role", "extension", "password")
"""In the order of the form, in which what is wrong with it is told."""


async def users(visit: Visit) -> web.StreamResponse:
    """
    Everybody who may sign in, and a form for one more.
    """
    _check_own(visit)
    return await _shown(visit, Form())


async def store(visit: Visit) -> web.StreamResponse:
    """
    Let somebody sign in.
    """
    _check_own(visit)
    email, role, extension = (visit.given(name).strip() for name in ("email", "role", "extension"))
    table = {"email": email, "role": role, "extension": extension}
    known, tenant, password = visit.console.store.users, visit.console.tenant, visit.given("password")
    chosen = Role(role) if role in tuple(Role) else None
    wrong = known.wrong_with(tenant, email, password, role=chosen or Role.MANAGER, extension=extension)
    if chosen is None:
        wrong["role"] = f"{role!r:.40} is no role"
    if wrong or chosen is None:
        errors = {name: [wrong[name]] for name in _FIELDS if name in wrong}
        return await _shown(visit, Form(table=table, errors=errors), status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        user = await known.add(tenant, email, password, role=chosen, extension=extension, by=visit.who.email)
    except StoreError as error:
        form = Form(table=table, errors={"": [str(error)]})
        return await _shown(visit, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return visit.go("users", say=f"{user.email} may sign in as {user.role}.")


async def change(visit: Visit) -> web.StreamResponse:
    """
    Give somebody another role, or another extension.
    """
    _check_own(visit)
    email, role, extension = (visit.given(name).strip() for name in ("email", "role", "extension"))
    if role not in tuple(Role):
        return visit.go("users", warn=f"Nothing was changed: {role!r:.40} is no role.")
    known, tenant = visit.console.store.users, visit.console.tenant
    now = known.find(tenant, email)
    # As it is known, in whichever letters it was typed.
    if now is not None and now.email == visit.who.email and Role(role) is not visit.who.role:
        return visit.go("users", warn="Somebody else has to change your role: you could not take it back.")
    if now is not None and visit.given("seen") not in ("", _seen(now)):
        return visit.go("users", warn=f"Nothing was changed: somebody else changed {email} meanwhile.")
    try:
        user = await known.set_role(tenant, email, Role(role), extension=extension)
    except NotFound:
        return visit.go("users", warn=f"{email} was removed already.")
    except StoreError as error:
        return visit.go("users", warn=f"Nothing was changed: {error}.")
    return visit.go("users", say=f"{user.email} is {user.role} now.")


def _seen(user: User) -> str:
    return f"{user.role} {user.extension}"


async def remove(visit: Visit) -> web.StreamResponse:
    """
    Let somebody sign in no more; their sessions end.
    """
    _check_own(visit)
    email = visit.given("email")
    found = visit.console.store.users.find(visit.console.tenant, email)
    if found is not None and found.email == visit.who.email:
        return visit.go("users", warn="Somebody else has to remove you: there would be nobody here.")
    try:
        await visit.console.store.users.remove(visit.console.tenant, email)
    except NotFound:
        return visit.go("users", warn=f"{email} was removed already.")
    except StoreError as error:
        return visit.go("users", warn=f"Nobody was removed: {error}.")
    return visit.go("users", say=f"{email} may not sign in any more.")


def _check_own(visit: Visit) -> None:
    """
    Raises:
        NotAllowed: The embedding application has users of its own.
    """
    if visit.console.user_of is not None:
        raise NotAllowed("users are those of the application around the Integration Centre: see there")


async def _shown(visit: Visit, form: Form, *, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    agents = [agent.extension for agent in (await visit.console.revision()).definitions.agents]
    known = await visit.console.store.users.list(visit.console.tenant)
    everybody = [(user, _seen(user)) for user in known]
    return visit.page("users.html", status=status, users=everybody, agents=agents, form=form)
