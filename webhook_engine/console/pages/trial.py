"""
Test and Configure, and the Agent View.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from webhook_engine.console import forms
from webhook_engine.console.forms import NO_ERRORS, Form
from webhook_engine.console.preview import call_of
from webhook_engine.console.recorded import recorded, recorded_one
from webhook_engine.console.saving import Edit, save
from webhook_engine.console.trials import Tried, agent_view_of, whole_of
from webhook_engine.console.uses import Use
from webhook_engine.definitions import Column, View
from webhook_engine.errors import DefinitionError, EgressRefused, WebhookEngineError
from webhook_engine.variables import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp import web

    from webhook_engine.console.forms import Reader, Table
    from webhook_engine.console.saving import Conflict
    from webhook_engine.console.trials import Choice, Whole
    from webhook_engine.console.visit import Visit
    from webhook_engine.definitions import CompiledWebhook
    from webhook_engine.store.revisions import Revision
    from webhook_engine.trying import Trial

READERS: Final[Mapping[str, Reader]] = {
    "view.records": forms.text,
    "view.column[].show": forms.flag,
    "view.column[].path": forms.kept,
    "view.column[].label": forms.text,
    "view.column[].link": forms.text,
}
"""The fields of the columns' form."""

_CHANGING: Final = frozenset({"POST", "PUT", "DELETE"})


async def show(visit: Visit) -> web.StreamResponse:
    """
    The test values and, where it was tested, what came of that.
    """
    revision = await visit.console.revision()
    compiled = revision.definitions.compiled(visit.asked("webhook"))
    return await _shown(visit, revision, compiled, compiled.view)


async def send(visit: Visit) -> web.StreamResponse:
    """
    Send the test values, as the engine sends everything.
    """
    name = visit.given("webhook")
    revision = await visit.console.revision()
    compiled = revision.definitions.compiled(name)
    if compiled.method in _CHANGING and not visit.given("sure"):
        return await _shown(
            visit,
            revision,
            compiled,
            compiled.view,
            refused="This type can change data at the target system: tick that this is meant.",
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
        )
    await visit.console.in_force(revision)
    chosen = await recorded_one(visit, visit.given("sample"))
    call = call_of(visit.given("sample"), visit.given("dynamic_parameter"), recorded=chosen)
    agent = visit.given("agent") or call.extension
    trial = await visit.console.engine.try_out(name, call.replace(extension=agent))
    tried = Tried(
        trial=trial,
        by=visit.who.email,
        agent=agent,
        at=datetime.now(UTC),
        sample=visit.given("sample"),
        dynamic_parameter=visit.given("dynamic_parameter"),
    )
    visit.console.trials.keep(name, tried)
    visit.console.uses.note(name, agent, _use(name, trial), is_sent=trial.attempt is not None)
    return visit.go("webhook_test", webhook=name, at="outcome")


def _use(webhook: str, trial: Trial) -> Use:
    view = trial.view
    return Use(
        at=datetime.now(UTC),
        webhook=webhook,
        outcome=view.outcome,
        sentence=view.sentence,
        status=view.status,
    )


async def read_again(visit: Visit) -> web.StreamResponse:
    """
    The same response with its records at another path; nothing is sent.
    """
    revision = await visit.console.revision()
    compiled = revision.definitions.compiled(visit.given("webhook"))
    return await _shown(visit, revision, compiled, _view(_read(visit)))


async def configure(visit: Visit) -> web.StreamResponse:
    """
    Save which columns an agent sees.
    """
    name, based_on = visit.given("webhook"), forms.whole(visit.given("based_on"))
    table = _read(visit)
    saving = await save(
        visit.console,
        Edit(
            kind="webhook",
            name=name,
            table={"name": name, **table},
            owns=frozenset({"view"}),
            based_on=based_on if isinstance(based_on, int) else 0,
            by=visit.who.email,
            note=f"chose columns of webhook {name}",
        ),
    )
    if saving.entry is not None:
        said = f"Saved as revision {saving.entry.number}." if saving.is_new else "Nothing had changed."
        return visit.go("webhook_agent_view", webhook=name, say=said)
    revision = await visit.console.revision()
    compiled = revision.definitions.compiled(name)
    return await _shown(
        visit,
        revision,
        compiled,
        _view(table),
        errors=saving.errors,
        conflict=saving.conflict,
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
    )


async def agent_view(visit: Visit) -> web.StreamResponse:
    """
    Exactly what an agent would see of the last test.
    """
    revision = await visit.console.revision()
    compiled = revision.definitions.compiled(visit.asked("webhook"))
    name = compiled.definition.name
    tried, url, why, view = None, "", "", None
    if compiled.definition.type.is_sent:
        tried = visit.console.trials.last(name)
        if tried is not None:
            view = await asyncio.to_thread(agent_view_of, tried, revision.definitions, name)
    else:
        await visit.console.in_force(revision)
        chosen = await recorded_one(visit, visit.asked("sample"))
        call = call_of(visit.asked("sample"), visit.asked("dynamic_parameter"), recorded=chosen)
        try:
            url = visit.console.engine.render(name, call, test_values=chosen is None).url
        except WebhookEngineError as error:
            why = str(error)
    return visit.page(
        "agent-view.html",
        webhook=compiled.definition,
        tried=tried,
        view=view,
        opens=url,
        why=why,
        samples=list(SAMPLES),
        calls=await recorded(visit),
        chosen=visit.asked("sample"),
        dynamic_parameter=visit.asked("dynamic_parameter"),
    )


def _read(visit: Visit) -> Table:
    """
    The view that the form spells: the ticked columns, in its order.
    """
    view = forms.read_table(visit.fields, READERS).get("view", {})
    columns = [
        {key: value for key, value in column.items() if key != "show"}
        for column in view.get("column", ())
        if column.get("show")
    ]
    records = {"records": view["records"]} if "records" in view else {}
    return {"view": {**records, **({"column": columns} if columns else {})}}


def _view(table: Table) -> View:
    view = table["view"]
    columns = [
        Column(path=column.get("path", ""), label=column.get("label"), link=column.get("link"))
        for column in view.get("column", ())
    ]
    return View(records=view.get("records"), columns=tuple(columns))


async def _shown(
    visit: Visit,
    revision: Revision,
    compiled: CompiledWebhook,
    view: View,
    *,
    errors: Mapping[str, Sequence[str]] = NO_ERRORS,
    conflict: Conflict | None = None,
    refused: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> web.Response:
    definitions, webhook = revision.definitions, compiled.definition
    tried = visit.console.trials.last(webhook.name)
    whole, problem = await _whole(tried, compiled, view) if tried is not None else (None, "")
    if whole is not None and visit.fields:
        typed = forms.read_table(visit.fields, READERS).get("view", {}).get("column", ())
        by_path = {each.get("path"): each for each in typed}
        whole = replace(whole, columns=[_as_typed(each, by_path.get(each.path)) for each in whole.columns])
    based_on = conflict.entry.number if conflict else revision.entry.number
    table = {"view": {"records": view.records}}
    shown_errors = errors or ({"view.records": [problem]} if problem else NO_ERRORS)
    return visit.page(
        "test.html",
        status=status,
        webhook=webhook,
        changes_data=compiled.method in _CHANGING,
        samples=list(SAMPLES),
        calls=await recorded(visit),
        chosen=visit.given("sample") or (tried.sample if tried is not None else ""),
        dynamic_parameter=visit.given("dynamic_parameter")
        or (tried.dynamic_parameter if tried is not None else ""),
        agents=definitions.agents,
        agent=visit.given("agent") or visit.asked("agent") or (tried.agent if tried is not None else ""),
        tried=tried,
        whole=whole,
        form=Form(table=table, errors=shown_errors, based_on=based_on),
        conflict=conflict,
        refused=refused,
        is_egress=tried is not None and isinstance(tried.trial.view.error, EgressRefused),
        others=[each.name for each in definitions.webhooks if each.name != webhook.name],
    )


def _as_typed(column: Choice, typed: Table | None) -> Choice:
    """
    The column with what was typed at it, also where it has no tick.
    """
    if typed is None:
        return column
    return replace(column, label=typed.get("label", ""), link=typed.get("link", ""))


async def _whole(tried: Tried, compiled: CompiledWebhook, view: View) -> tuple[Whole | None, str]:
    """
    The response with all its columns, and which path could not be read; without it, it is as it is found.
    """
    problem = ""
    for each in (view, View(columns=view.columns), View()):
        try:
            return await asyncio.to_thread(whole_of, tried, compiled, each), problem
        except DefinitionError as error:
            problem = problem or "; ".join(found.message for found in error.problems)
    return None, problem
