"""
Agents: the extensions that may use webhooks.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from webhook_engine.console import forms
from webhook_engine.console.forms import Form
from webhook_engine.console.saving import Edit, delete, save
from webhook_engine.errors import DefinitionInUse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from webhook_engine.console.forms import Reader
    from webhook_engine.console.visit import Visit

READERS: Final[Mapping[str, Reader]] = {"extension": forms.kept, "name": forms.text}
"""The fields of an agent's form."""


async def agents(visit: Visit) -> web.StreamResponse:
    """
    All agents, with the groups that they are members of; and a form for one more.
    """
    return await _shown(visit, Form())


async def store(visit: Visit) -> web.StreamResponse:
    """
    Add an agent; one that there is takes the new name.
    """
    table = forms.read_table(visit.fields, READERS)
    extension = str(table.get("extension", ""))
    revision = await visit.console.revision()
    saving = await save(
        visit.console,
        Edit(
            kind="agent",
            name=extension,
            table=table,
            owns=frozenset(READERS),
            based_on=revision.entry.number,
            by=visit.who.email,
            note=f"set agent {extension}",
        ),
    )
    if saving.entry is not None:
        return visit.go("agents", say=f"{extension} may use webhooks.")
    form = Form(table=table, errors=saving.errors)
    return await _shown(visit, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


async def remove(visit: Visit) -> web.StreamResponse:
    """
    Let an extension use no webhook any more.
    """
    extension = visit.given("extension")
    try:
        await delete(visit.console, "agent", extension, by=visit.who.email)
    except DefinitionInUse as error:
        users = ", ".join(error.used_by)
        return visit.go("agents", warn=f"{extension} cannot be removed: a member of {users}.")
    return visit.go("agents", say=f"{extension} may not use webhooks any more.")


async def _shown(visit: Visit, form: Form, *, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    definitions = (await visit.console.revision()).definitions
    rows = [
        (agent, [group.name for group in definitions.groups if group.member(agent.extension) is not None])
        for agent in definitions.agents
    ]
    return visit.page("agents.html", status=status, rows=rows, form=form)
