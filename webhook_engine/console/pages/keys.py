"""
API Manager: the keys of other systems.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from webhook_engine.console import forms
from webhook_engine.console.forms import Form
from webhook_engine.console.words import WORDS
from webhook_engine.errors import StoreError

if TYPE_CHECKING:
    from aiohttp import web

    from webhook_engine.console.visit import Visit
    from webhook_engine.store import NewApiKey

_MOST: Final = 100
"""Actions that one key is limited to."""


async def keys(visit: Visit) -> web.StreamResponse:
    """
    The keys in force, and a form for one more.
    """
    return await _shown(visit, Form(), removed=bool(visit.asked("removed")))


async def store(visit: Visit) -> web.StreamResponse:
    """
    Make a key. The page that answers shows it, and nothing shows it again.
    """
    name = visit.given("name").strip()
    ticked = [value for field, value in visit.fields if field == "scope" and value in WORDS["scope"]]
    more = forms.lines(visit.given("actions")) or []
    actions = [str(each) for each in more] if isinstance(more, list) else []
    table = {"name": name, "scope": ticked, "actions": actions, "limited": visit.given("limited")}
    errors: dict[str, list[str]] = {}
    if not name:
        errors["name"] = ["say what the key is for, such as the other system's name"]
    if table["limited"] and not (ticked or actions):
        errors["scope"] = ["tick what the key is for, or let it be for everything"]
    if len(actions) > _MOST:
        errors["actions"] = [f"are {len(actions):,}; at most {_MOST} for one key"]
    made: NewApiKey | None = None
    if not errors:
        scopes = {*ticked, *actions} if table["limited"] else ()
        try:
            made = await visit.console.store.keys.add(
                visit.console.tenant, name, scopes=scopes, by=visit.who.email
            )
        except StoreError as error:
            errors[_field_of(error, actions)] = [str(error)]
    form = Form() if made else Form(table=table, errors=errors)
    return await _shown(visit, form, made=made)


async def remove(visit: Visit) -> web.StreamResponse:
    """
    Let a key be refused from now on.
    """
    name = visit.given("name")
    await visit.console.store.keys.remove(visit.console.tenant, name, by=visit.who.email)
    return visit.go("keys", say=f"The key {name} is refused from now on.")


def _field_of(error: StoreError, actions: list[str]) -> str:
    """
    Where the store's complaint belongs: it quotes what it does not like.
    """
    return "actions" if any(repr(each[:40]) in str(error) for each in actions) else "name"


async def _shown(
    visit: Visit, form: Form, *, made: NewApiKey | None = None, removed: bool = False
) -> web.Response:
    found = await visit.console.store.keys.list(visit.console.tenant, removed=removed)
    return visit.page(
        "keys.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK,
        found=sorted(found, key=lambda each: each.removed_at is not None),
        form=form,
        made=made,
        removed=removed,
    )
