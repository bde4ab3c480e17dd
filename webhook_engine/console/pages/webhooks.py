"""
Webhooks: the manual's form, and while it is filled in, what would be sent.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from webhook_engine.console import forms
from webhook_engine.console.forms import Form
from webhook_engine.console.meanwhile import seen_in, why_not
from webhook_engine.console.preview import call_of, preview
from webhook_engine.console.recorded import recorded, recorded_one
from webhook_engine.console.references import references
from webhook_engine.console.saving import Edit, delete, save, table_of
from webhook_engine.definitions import tree_of_definitions, used_by
from webhook_engine.errors import DefinitionInUse, NotFound
from webhook_engine.variables import SAMPLES, VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from webhook_engine.console.forms import Reader, Table
    from webhook_engine.console.saving import Conflict
    from webhook_engine.console.visit import Visit
    from webhook_engine.definitions import Definitions, Webhook
    from webhook_engine.store.revisions import Revision

READERS: Final[Mapping[str, Reader]] = {
    "name": forms.kept,
    "group": forms.text,
    "type": forms.text,
    "url": forms.kept,
    "content_type": forms.text,
    "response_type": forms.text,
    "delivery": forms.text,
    "parameter[].name": forms.kept,
    "parameter[].value": forms.kept,
    "parameter[].test_value": forms.text,
    "parameter[].when_empty": forms.text,
    "parameter[].default": forms.text,
    "parameter[].in": forms.text,
    "body_root": forms.text,
    "body": forms.text,
    "header[].name": forms.kept,
    "header[].value": forms.kept,
    "outcome[].when": forms.kept,
    "outcome[].is": forms.text,
    "outcome[].say": forms.text,
    "deadline_s": forms.number,
    "max_redirects": forms.whole,
    "stale_s": forms.number,
    "safe": forms.flag,
    "enabled": forms.off,
    "order": forms.text,
    "hold_s": forms.number,
    "expires_s": forms.number,
    "max_attempts": forms.whole,
    "longest_wait_s": forms.number,
    "hosts": forms.lines,
}
"""The fields of a webhook's form, from top to bottom."""

OWNS: Final = frozenset({*(name.partition("[")[0] for name in READERS), "retry_on", "silence"})
"""The keys of a webhook that its form speaks of."""

RETRIED: Final[Mapping[int, str]] = {
    401: "401, where the target system knows a key only after a while",
    403: "403, where a right is only being given",
    404: "404, where a record is only being made",
}
"""Statuses that may be tried again, and why somebody would."""

_ORDER: Final = (*(name for name in READERS if name != "hosts"), "retry_on", "hosts", "silence")

LISTS: Final = ("parameter", "header", "outcome")
"""What the "+" buttons add lines to."""


async def webhooks(visit: Visit) -> web.StreamResponse:
    """
    All webhooks under their groups, in the definitions' order.
    """
    definitions = (await visit.console.revision()).definitions
    by_group: dict[str, list[Webhook]] = {group.name: [] for group in definitions.groups}
    for webhook in definitions.webhooks:
        by_group.setdefault(webhook.group or "", []).append(webhook)
    shown = [(name, found) for name, found in by_group.items() if found]
    return visit.page("webhooks.html", by_group=shown, groups=definitions.groups)


async def edit(visit: Visit) -> web.StreamResponse:
    """
    The form of one webhook, of a copy of one (`?copy=`), or of a new one.
    """
    revision = await visit.console.revision()
    name, copied = visit.asked("webhook"), visit.asked("copy")
    table = _known(revision, name or copied) if name or copied else _blank(revision, visit.asked("group"))
    if copied and not name:
        table["name"] = _free(f"{copied}, copy", revision.definitions)
    return await _shown(
        visit, revision, name, Form(table=table, based_on=revision.entry.number), copied=copied
    )


async def store(visit: Visit) -> web.StreamResponse:
    """
    Save the form; what is wrong with it stands at its fields.
    """
    name, based_on = visit.given("was"), seen_in(visit)
    table = read(visit)
    revision = await visit.console.revision()
    view = (table_of(revision, "webhook", visit.given("copied")) or {}).get("view") if not name else None
    saving = await save(
        visit.console,
        Edit(
            kind="webhook",
            name=name,
            table={**table, "view": view} if view else table,
            owns=OWNS,
            based_on=based_on,
            by=visit.who.email,
            note=f"{'changed' if name else 'added'} webhook {table.get('name', name)}",
        ),
    )
    if saving.entry is not None:
        said = f"Saved as revision {saving.entry.number}." if saving.is_new else "Nothing had changed."
        onward = "webhook_test" if visit.given("then") == "test" else "webhook"
        return visit.go(onward, webhook=table["name"], say=said)
    based_on = saving.conflict.entry.number if saving.conflict else revision.entry.number
    form = Form(table=table, errors=forms.in_order(saving.errors, _ORDER), based_on=based_on)
    return await _shown(
        visit,
        revision,
        name,
        form,
        conflict=saving.conflict,
        copied=visit.given("copied"),
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
    )


async def remove(visit: Visit) -> web.StreamResponse:
    """
    Delete a webhook that nothing uses.
    """
    name = visit.given("webhook")
    try:
        gone = await delete(visit.console, "webhook", name, by=visit.who.email, based_on=seen_in(visit))
    except DefinitionInUse as error:
        users = ", ".join(error.used_by)
        return visit.go("webhook", webhook=name, warn=f"{name} cannot be deleted: in use by {users}.")
    if gone.conflict is not None:
        where = {} if gone.conflict.is_gone else {"webhook": name}
        return visit.go("webhook" if where else "webhooks", warn=why_not(name, gone.conflict), **where)
    return visit.go("webhooks", say=f"{name} was deleted.")


async def show_preview(visit: Visit) -> web.StreamResponse:
    """
    The request that the form as it stands would make, and what is wrong with its templates.
    """
    revision = await visit.console.revision()
    tree = tree_of_definitions(revision.definitions)
    table = read(visit)
    chosen = await recorded_one(visit, visit.given("sample"))
    call = call_of(visit.given("sample"), visit.given("dynamic_parameter"), recorded=chosen)
    shown = await asyncio.to_thread(preview, tree, table, call, test_values=chosen is None)
    numbers = forms.lines_typed(visit.fields)
    # The path in the table, and the name in the form.
    templated = [(path, forms.path_typed(path, numbers)) for path in _templated(table)]
    errors = {forms.path_typed(path, numbers): messages for path, messages in shown.errors.items()}
    return visit.fragment(
        "_preview.html",
        preview=shown,
        errors=errors,
        form=Form(table=table),
        templated=templated,
        recorded=chosen,
    )


async def line(visit: Visit) -> web.StreamResponse:
    """
    One more line of a list, blank; for the "+" button.
    """
    kind = visit.asked("list")
    if kind not in LISTS:
        raise NotFound("list", kind, known=LISTS)
    index = forms.whole(visit.asked("index"))
    number = index if isinstance(index, int) and 0 < index <= 10 * forms.ROWS else 1
    return visit.fragment("_line.html", list=kind, index=number, form=Form())


def read(visit: Visit) -> Table:
    """
    The webhook that the form spells.
    """
    table = forms.read_table(visit.fields, READERS)
    for parameter in table.get("parameter", ()):
        # A default of nothing at all is one too, where it is asked for.
        if parameter.get("when_empty") == "default":
            parameter.setdefault("default", "")
        if parameter.get("when_empty") != "default":
            parameter.pop("default", None)
    if retried := [forms.whole(each) for each in forms.ticked(visit.fields, "retry_on")]:
        table["retry_on"] = retried
    if silenced := forms.ticked(visit.fields, "silence"):
        table["silence"] = silenced
    return table


def _templated(table: Table) -> list[str]:
    """
    The fields of the form that hold templates or expressions, in its order.
    """
    parameters = range(1, len(table.get("parameter", ())) + 1)
    return [
        "url",
        *(f"parameter[{index}].{key}" for index in parameters for key in ("value", "test_value")),
        *(f"header[{index}].value" for index in range(1, len(table.get("header", ())) + 1)),
        *(
            f"outcome[{index}].{key}"
            for index in range(1, len(table.get("outcome", ())) + 1)
            for key in ("when", "say")
        ),
        "body",
    ]


def _known(revision: Revision, name: str) -> Table:
    table = table_of(revision, "webhook", name)
    if table is None:
        raise NotFound("webhook", name, known=[webhook.name for webhook in revision.definitions.webhooks])
    return table


def _blank(revision: Revision, group: str) -> Table:
    groups = [each.name for each in revision.definitions.groups]
    chosen = group if group in groups else next(iter(groups), "")
    return {"type": "ajax-get", "group": chosen, "parameter": [{}]}


def _free(name: str, definitions: Definitions) -> str:
    taken = {webhook.name for webhook in definitions.webhooks}
    numbered = (f"{name} {number}" for number in range(2, len(taken) + 3))
    return next(each for each in (name, *numbered) if each not in taken)


async def _shown(
    visit: Visit,
    revision: Revision,
    name: str,
    form: Form,
    *,
    conflict: Conflict | None = None,
    copied: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> web.Response:
    definitions = revision.definitions
    users = used_by(definitions, "webhook", name) if name in definitions.index.webhooks else ()
    return visit.page(
        "webhook.html",
        status=status,
        was=name,
        copied=copied,
        form=form,
        conflict=conflict,
        groups=[group.name for group in definitions.groups],
        used_by=references(visit, users),
        variables=[*VARIABLES.values(), *definitions.variables],
        samples=list(SAMPLES),
        calls=await recorded(visit),
        chosen="",
        advice=await visit.console.advisor.of(definitions, "webhook", name, form.table.get("silence", ())),
        retried=RETRIED,
        drifted=[each for each in visit.console.engine.drift.findings() if each.webhook == name],
    )
