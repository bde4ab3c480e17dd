"""
The tenant: clock, country, PBX, and the private networks that webhooks may reach.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from webhook_engine.console import forms
from webhook_engine.console.forms import Form
from webhook_engine.console.saving import TENANT, Edit, save, table_of
from webhook_engine.dispatch.egress import is_the_machines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from aiohttp import web

    from webhook_engine.console.forms import Reader
    from webhook_engine.console.visit import Visit

_NETWORKS: Final = "allowed_networks"

READERS: Final[Mapping[str, Reader]] = {
    "time_zone": forms.text,
    "country": forms.text,
    "pbx_server": forms.text,
    "datetime_tokens": forms.text,
    _NETWORKS: forms.lines,
    "record_events": forms.whole,
    "record_days": forms.number,
}
"""The fields of the tenant's form."""


async def edit(visit: Visit) -> web.StreamResponse:
    """
    The form.
    """
    revision = await visit.console.revision()
    form = Form(table=table_of(revision, TENANT, TENANT) or {}, based_on=revision.entry.number)
    return visit.page("tenant.html", form=form, conflict=None)


async def store(visit: Visit) -> web.StreamResponse:
    """
    Save the form.
    """
    based_on = forms.whole(visit.given("based_on"))
    table = forms.read_table(visit.fields, READERS)
    revision = await visit.console.revision()
    if closed := _closed(table.get(_NETWORKS) or [], revision.definitions.allowed_networks):
        form = Form(table=table, errors={_NETWORKS: closed}, based_on=revision.entry.number)
        return visit.page("tenant.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, form=form, conflict=None)
    saving = await save(
        visit.console,
        Edit(
            kind=TENANT,
            name=TENANT,
            table=table,
            owns=frozenset(READERS),
            based_on=based_on if isinstance(based_on, int) else 0,
            by=visit.who.email,
            note="changed the tenant",
        ),
    )
    if saving.entry is not None:
        said = f"Saved as revision {saving.entry.number}." if saving.is_new else "Nothing had changed."
        return visit.go("tenant", say=said)
    revision = await visit.console.revision()
    number = saving.conflict.entry.number if saving.conflict else revision.entry.number
    form = Form(table=table, errors=saving.errors, based_on=number)
    return visit.page(
        "tenant.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, form=form, conflict=saving.conflict
    )


def _closed(stated: Iterable[str], before: Collection[str]) -> list[str]:
    """
    Which networks an administrator may not open, in sentences: they decide for their tenant, and not for the machine.
    """
    new = [each for each in stated if each not in before]
    return [
        f"{each} holds this machine itself or what its cloud tells it: whoever runs the machine opens that, "
        "with `webhook-engine import`"
        for each in new
        if is_the_machines(each)
    ]
