"""
The members of a group of level *user*: each agent's own key or credentials, written and never shown.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from webhook_engine.console import forms
from webhook_engine.console.forms import NO_ERRORS, Form
from webhook_engine.console.pages.groups import vault_of, where
from webhook_engine.console.saving import change, table_of
from webhook_engine.console.tables import position_of
from webhook_engine.console.uses import Last
from webhook_engine.definitions import Level
from webhook_engine.definitions.groups import SECRETS_OF
from webhook_engine.errors import NotFound, QueueError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp import web

    from webhook_engine.console.forms import Reader, Table
    from webhook_engine.console.visit import Visit
    from webhook_engine.definitions import Definitions, Group
    from webhook_engine.store.vault import VaultEntry

LABELS: Final[Mapping[str, str]] = {
    "key": "API key",
    "username": "User name",
    "password": "Password",
    "client_id": "Client id",
    "client_secret": "Client secret",
    "refresh_token": "Refresh token",
}

READERS: Final[Mapping[str, Reader]] = dict.fromkeys(LABELS, forms.text)
"""The fields of a member's form."""


async def members(visit: Visit) -> web.StreamResponse:
    """
    Every agent, and who of them lacks secrets of their own.
    """
    return await _shown(visit, visit.asked("group"))


async def uses(visit: Visit) -> web.StreamResponse:
    """
    When each agent used the group last, and was refused: a part of the page, as it looks through many deliveries.
    """
    definitions = (await visit.console.revision()).definitions
    group = _group(definitions, visit.asked("group"))
    last, unread = await _last(visit, _sent(definitions, group.name))
    found = [(agent.extension, last.get(agent.extension, Last())) for agent in definitions.agents]
    return visit.fragment("_uses.html", uses=found, unread=unread)


async def store(visit: Visit) -> web.StreamResponse:
    """
    Write an agent's secrets; what is left blank stays what it was.
    """
    name, extension = visit.given("group"), visit.given("extension")
    definitions = (await visit.console.revision()).definitions
    group = _group(definitions, name)
    definitions.agent(extension)
    if meanwhile := await _meanwhile(visit, name, extension):
        return await _shown(visit, name, wrong=extension, errors={"": [meanwhile]})
    typed = forms.read_table(visit.fields, {key: READERS[key] for key in SECRETS_OF[group.authentication]})
    saving = await change(
        visit.console,
        lambda tree: _put(tree, name, extension, typed),
        by=visit.who.email,
        note=f"set the secrets of {extension} in group {name}",
    )
    if saving.entry is None:
        return await _shown(visit, name, wrong=extension, errors=saving.errors)
    return visit.go("members", group=name, say=f"The secrets of {extension} are in the vault.")


async def _meanwhile(visit: Visit, name: str, extension: str) -> str:
    """
    What somebody else did with the agent's secrets since the page was shown; empty where nobody did anything.
    """
    group = table_of(await visit.console.revision(), "group", name) or {}
    vault = await vault_of(visit)
    member = _member(group, extension)
    if ("seen", _seen(member, vault)) in visit.fields or not visit.given("seen"):
        return ""
    now = "; ".join(f"{LABELS[key]}: {where(value, vault)}" for key, value in _secrets(member))
    return f"somebody else saved this meanwhile, and nothing was changed. Now: {now or 'no secrets'}"


def _seen(member: Table | None, vault: Mapping[str, VaultEntry]) -> str:
    """
    What a page says of a member's secrets, as the page can send it back.
    """
    told = (f"{key} {_since(value, vault)}" for key, value in _secrets(member))
    return "; ".join(told) or "nothing"


def _since(reference: object, vault: Mapping[str, VaultEntry]) -> str:
    if not isinstance(reference, dict):
        return "written in the definitions"  # never what it is
    sealed = reference.get("vault")
    entry = vault.get(str(sealed))
    return str(reference) if entry is None else f"{sealed} {entry.set_at.isoformat()}"


def _secrets(member: Table | None) -> list[tuple[str, object]]:
    return [(key, value) for key, value in (member or {}).items() if key in LABELS]


async def remove(visit: Visit) -> web.StreamResponse:
    """
    Take an agent's secrets away; requests of theirs are refused from now on.
    """
    name, extension = visit.given("group"), visit.given("extension")
    revision = await visit.console.revision()
    group = _group(revision.definitions, name)
    member = group.member(extension)
    if member is None:
        raise NotFound("member", extension, known=[each.extension for each in group.members])
    if meanwhile := await _meanwhile(visit, name, extension):
        return await _shown(visit, name, wrong=extension, errors={"": [meanwhile]})
    table = _member(table_of(revision, "group", name) or {}, extension) or {}
    await change(
        visit.console,
        lambda tree: _drop(tree, name, extension),
        by=visit.who.email,
        note=f"removed {extension} from group {name}",
    )
    kept = visit.console.store.vault.names(visit.console.tenant)
    for reference in table.values():
        sealed = reference.get("vault") if isinstance(reference, dict) else None
        # One that was made for this member alone is nobody's now.
        if sealed in kept and str(sealed).startswith(f"{name}/{extension}/"):
            await visit.console.store.vault.remove(visit.console.tenant, str(sealed))
    return visit.go("members", group=name, say=f"{extension} is no member any more.")


async def _shown(
    visit: Visit, name: str, *, wrong: str = "", errors: Mapping[str, Sequence[str]] = NO_ERRORS
) -> web.Response:
    revision = await visit.console.revision()
    group = _group(revision.definitions, name)
    vault = await vault_of(visit)
    table = table_of(revision, "group", name) or {}
    rows = []
    for agent in revision.definitions.agents:
        member = _member(table, agent.extension)
        fields = SECRETS_OF[group.authentication]
        states = {key: where(member[key], vault) for key in fields if member and key in member}
        shown = Form(errors=errors if agent.extension == wrong else NO_ERRORS)
        rows.append((agent, member is not None, states, shown, _seen(member, vault)))
    return visit.page(
        "members.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        group=group,
        rows=rows,
        fields=[(key, LABELS[key]) for key in SECRETS_OF[group.authentication]],
        webhooks=_sent(revision.definitions, name),
        lacking=sum(not has for _, has, *_ in rows),
    )


def _sent(definitions: Definitions, group: str) -> list[str]:
    return [each.name for each in definitions.webhooks if each.group == group and each.type.is_sent]


async def _last(visit: Visit, webhooks: Sequence[str]) -> tuple[Mapping[str, Last], str]:
    """
    The last use and refusal of each agent; and why they are not known, where the deliveries cannot be read now.
    """
    try:
        return await visit.console.uses.of(webhooks, visit.console.engine.queue), ""
    except QueueError as error:
        return {}, str(error)


def _group(definitions: Definitions, name: str) -> Group:
    group = definitions.group(name)
    if group.level is not Level.USER:
        raise NotFound("group of level user", name)
    return group


def _member(group: Mapping[str, Any], extension: str) -> Table | None:
    members: list[Table] = group.get("member", [])
    position = position_of(members, extension)
    return None if position is None else members[position]


def _put(tree: dict[str, Any], name: str, extension: str, typed: Table) -> str:
    groups = tree["group"]
    group = position_of(groups, name)
    if group is None:
        raise NotFound("group", name)
    members = groups[group].setdefault("member", [])
    position = position_of(members, extension)
    if position is None:
        members.append({"extension": extension, **typed})
        position = len(members) - 1
    else:
        members[position] |= typed
    return f"group[{group + 1}].member[{position + 1}]"


def _drop(tree: dict[str, Any], name: str, extension: str) -> str:
    groups = tree["group"]
    group = position_of(groups, name)
    if group is not None:
        members = groups[group].get("member", [])
        groups[group]["member"] = [each for each in members if each["extension"] != extension]
    return f"group[{(group or 0) + 1}]"
