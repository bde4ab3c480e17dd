"""
The tenant: clock, country, PBX, and the private networks that webhooks may reach.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from webhook_engine.console import forms
from webhook_engine.console.forms import Form
from webhook_engine.console.saving import TENANT, Edit, save, table_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from webhook_engine.console.forms import Reader
    from webhook_engine.console.visit import Visit

READERS: Final[Mapping[str, Reader]] = {
    "time_zone": forms.text,
    "country": forms.text,
    "pbx_server": forms.text,
    "datetime_tokens": forms.text,
    "allowed_networks": forms.lines,
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
