"""
Groups: the ground rules of one target system.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from webhook_engine.console import forms
from webhook_engine.console.forms import Form
from webhook_engine.console.meanwhile import seen_in, why_not
from webhook_engine.console.references import references
from webhook_engine.console.saving import Conflict, Edit, Saving, delete, drafted, save, table_of
from webhook_engine.definitions import used_by
from webhook_engine.definitions.groups import SECRETS_OF
from webhook_engine.definitions.words import Authentication
from webhook_engine.errors import DefinitionInUse, NotFound, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp import web

    from webhook_engine.console.forms import Reader, Table
    from webhook_engine.console.visit import Visit
    from webhook_engine.definitions import Definitions
    from webhook_engine.store.vault import VaultEntry

READERS: Final[Mapping[str, Reader]] = {
    "name": forms.kept,
    "authentication": forms.text,
    "level": forms.text,
    "key_in": forms.text,
    "key_name": forms.text,
    "key_prefix": forms.text,
    "key": forms.text,
    "credentials_in": forms.text,
    "username_name": forms.text,
    "password_name": forms.text,
    "username": forms.text,
    "password": forms.text,
    "oauth2.token_url": forms.kept,
    "oauth2.grant": forms.text,
    "oauth2.client_in": forms.text,
    "oauth2.scope": forms.text,
    "oauth2.client_id": forms.text,
    "oauth2.client_secret": forms.text,
    "oauth2.refresh_token": forms.text,
    "max_in_flight": forms.whole,
    "max_per_second": forms.number,
    "ca_file": forms.text,
}
"""The fields of a group's form."""

_SIGNING: Final = "signing_secrets"

_OWNS: Final = frozenset({_SIGNING, "silence", *(name.partition(".")[0] for name in READERS)})

_BY_AUTHENTICATION: Final[Mapping[str, frozenset[str]]] = {
    "none": frozenset(),
    "api-key": frozenset({"level", "key_in", "key_name", "key_prefix", "key"}),
    "credentials": frozenset(
        {"level", "credentials_in", "username_name", "password_name", "username", "password"}
    ),
    "oauth2": frozenset({"level", "oauth2"}),
}
"""Authentication -> the keys that mean something with it."""

_ALWAYS: Final = frozenset({"name", "authentication", "max_in_flight", "max_per_second", "ca_file"})


async def groups(visit: Visit) -> web.StreamResponse:
    """
    All groups, with their webhooks and members counted.
    """
    definitions = (await visit.console.revision()).definitions
    counts: dict[str, int] = {}
    for webhook in definitions.webhooks:
        if webhook.group is not None:
            counts[webhook.group] = counts.get(webhook.group, 0) + 1
    return visit.page("groups.html", groups=definitions.groups, counts=counts, agents=len(definitions.agents))


async def edit(visit: Visit) -> web.StreamResponse:
    """
    The form of one group, or of a new one.
    """
    revision = await visit.console.revision()
    name = visit.asked("group")
    table = table_of(revision, "group", name) if name else {}
    if table is None:
        raise NotFound("group", name, known=[group.name for group in revision.definitions.groups])
    form = Form(table=table, based_on=revision.entry.number)
    return await _shown(visit, name, form)


async def store(visit: Visit) -> web.StreamResponse:
    """
    Save the form; what is wrong with it stands at its fields.
    """
    visit.console.check_editable()
    name, based_on = visit.given("was"), seen_in(visit)
    typed = forms.read_table(visit.fields, READERS)
    revision = await visit.console.revision()
    before = table_of(revision, "group", name) or {}
    table = _fitting(typed, before)
    if silenced := forms.ticked(visit.fields, "silence"):
        table["silence"] = silenced
    try:
        new = await _signing(visit, table, before.get(_SIGNING, []))
    except StoreError as error:
        form = Form(table=table, errors={"": [str(error)]}, based_on=revision.entry.number)
        return await _shown(visit, name, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    change = Edit(
        kind="group",
        name=name,
        table=table,
        owns=_OWNS,
        based_on=based_on,
        by=visit.who.email,
        note=f"{'changed' if name else 'added'} group {table.get('name', name)}",
    )
    if _is_elsewhere(table.get("ca_file"), revision.definitions):
        _, _, errors = await asyncio.to_thread(drafted, revision, change)
        saving = Saving(errors={**errors, "ca_file": [_ELSEWHERE]})
    else:
        saving = await save(visit.console, change)
    if saving.entry is not None:
        said = f"Saved as revision {saving.entry.number}." if saving.is_new else "Nothing had changed."
        return visit.go("groups", say=f"{table['name']}: {said}")
    if new:
        await visit.console.store.vault.remove(visit.console.tenant, new)
        table[_SIGNING] = table[_SIGNING][1:]
    based_on = saving.conflict.entry.number if saving.conflict else revision.entry.number
    errors = forms.in_order(saving.errors, (*READERS, _SIGNING, "silence"))
    form = Form(table=table, errors=errors, based_on=based_on)
    return await _shown(visit, name, form, conflict=saving.conflict, status=HTTPStatus.UNPROCESSABLE_ENTITY)


_ELSEWHERE: Final = (
    "must be the name of a file in the folder of the definitions, such as own-ca.pem: whoever runs the machine "
    "names one elsewhere, in a file that is imported"
)


def _is_elsewhere(file: object, definitions: Definitions) -> bool:
    """
    Whether a file of certificates is not theirs to name: what became of it would tell which files the machine has.

    What stands in the definitions already was named by whoever runs the machine, or passed here.
    """
    if not isinstance(file, str) or file in {group.ca_file for group in definitions.groups}:
        return False
    if "\x00" in file or Path(file).is_absolute():
        return True
    folder = (definitions.folder or Path()).resolve()
    # A link that leads out of the folder is no file of it either; one that leads nowhere reads the same.
    return ".." in Path(file).parts or not _resolved(folder / file).is_relative_to(folder)


def _resolved(file: Path) -> Path:
    try:
        return file.resolve()
    except (OSError, RuntimeError):  # Links in a circle, or a name that is too long.
        return file


async def _signing(visit: Visit, table: Table, before: Sequence[object]) -> str:
    """
    Put the signing secrets into *table*: a new one before those that are kept; and give the new one's name.
    """
    dropped = forms.ticked(visit.fields, "drop_signing")
    kept = [secret for secret in before if _called(secret) not in dropped]
    typed, name = visit.given("new_signing"), ""
    if typed:
        # A name of its own each time, as the older one goes on being referred to.
        name = f"{table.get('name') or 'group'}/signing/{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"
        vault, tenant = visit.console.store.vault, visit.console.tenant
        await vault.set(tenant, name, typed, by=visit.who.email)
    if name or kept:
        table[_SIGNING] = [*([{"vault": name}] if name else []), *kept]
    return name


def _called(secret: object) -> str:
    """
    By what a tick means this secret and no other, whatever stands before it by then.
    """
    return (
        " ".join(map(str, next(iter(secret.items())))) if isinstance(secret, dict) else "in the definitions"
    )


async def remove(visit: Visit) -> web.StreamResponse:
    """
    Delete a group that no webhook uses.
    """
    name = visit.given("group")
    try:
        gone = await delete(visit.console, "group", name, by=visit.who.email, based_on=seen_in(visit))
    except DefinitionInUse as error:
        return visit.go(
            "group", group=name, warn=f"{name} cannot be deleted: in use by {', '.join(error.used_by)}."
        )
    if gone.conflict is not None:
        where = {} if gone.conflict.is_gone else {"group": name}
        return visit.go("group" if where else "groups", warn=why_not(name, gone.conflict), **where)
    return visit.go("groups", say=f"{name} was deleted.")


async def _shown(
    visit: Visit,
    name: str,
    form: Form,
    *,
    conflict: Conflict | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> web.Response:
    revision = await visit.console.revision()
    definitions = revision.definitions
    # Those in force, also where a form was refused that would have dropped some.
    signing = (table_of(revision, "group", name) or {}).get(_SIGNING, [])
    vault = await vault_of(visit) if "vault" in str((form.table, signing)) else {}
    return visit.page(
        "group.html",
        status=status,
        was=name,
        form=form,
        conflict=conflict,
        secrets=secrets_of(form.table, vault),
        signing=[(_called(secret), where(secret, vault)) for secret in signing],
        dropped=forms.ticked(visit.fields, "drop_signing"),
        used_by=references(visit, _users(definitions, name)),
        advice=await visit.console.advisor.of(definitions, "group", name, form.table.get("silence", ())),
        may_edit=visit.may_change,
    )


async def vault_of(visit: Visit) -> Mapping[str, VaultEntry]:
    """
    Name in the vault -> what may be known of that secret.
    """
    return {entry.name: entry for entry in await visit.console.store.vault.list(visit.console.tenant)}


def _users(definitions: Definitions, name: str) -> tuple[str, ...]:
    try:
        return used_by(definitions, "group", name)
    except NotFound:
        return ()


def _fitting(typed: Table, before: Mapping[str, Any]) -> Table:
    """
    The table less what means nothing with its authentication; secrets that were not typed stay what they were.
    """
    authentication = str(typed.get("authentication", "none"))
    wanted = _ALWAYS | _BY_AUTHENTICATION.get(authentication, frozenset())
    table = {key: value for key, value in typed.items() if key in wanted}
    oauth2 = authentication == "oauth2"
    if typed.get("level") == "user" and not oauth2:
        return {key: value for key, value in table.items() if key not in {"key", "username", "password"}}
    if authentication in tuple(Authentication):
        into = table.setdefault("oauth2", {}) if oauth2 else table
        _keep(
            into, before.get("oauth2", {}) if oauth2 else before, SECRETS_OF[Authentication(authentication)]
        )
    return table


def _keep(into: Table, before: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if name not in into and name in before:
            into[name] = before[name]


TYPED: Final = "typed"
"""Where a secret is that was sent with a form that was refused: nowhere, as no page shows it again."""


def secrets_of(table: Mapping[str, Any], vault: Mapping[str, VaultEntry]) -> Mapping[str, str]:
    """
    Field of a secret -> where it is and since when, in words; never what it is.
    """
    holders = {"": table, "oauth2.": table.get("oauth2", {})}
    names = [name for names in SECRETS_OF.values() for name in names]
    return {
        f"{prefix}{name}": where(holder[name], vault)
        for prefix, holder in holders.items()
        for name in names
        if name in holder
    }


def where(reference: object, vault: Mapping[str, VaultEntry]) -> str:
    """
    Where a secret is, in words.
    """
    if not isinstance(reference, dict):
        return TYPED
    kind, value = next(iter(reference.items()))
    if kind == "env":
        return f"from the environment variable {value}"
    if kind == "file":
        return f"from the file {value}"
    entry = vault.get(value)
    if entry is None:
        return f"missing: the vault has no secret {value}"
    if not entry.opens:
        return f"in the vault, but no key at hand opens it ({value})"
    return f"in the vault, set by {entry.set_by} on {entry.set_at:%Y-%m-%d %H:%M} UTC"
