"""
The store of a running process, for commands: one address for each act, behind the key that the process left them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from aiohttp import web

from webhook_engine.definitions import read_text, write_toml
from webhook_engine.drift import stored
from webhook_engine.errors import (
    DefinitionError,
    NotFound,
    StoreError,
    StoreUnavailable,
    StoreUncertain,
    VaultLocked,
)
from webhook_engine.process.memory import uncollected
from webhook_engine.service import Endpoint, Scope
from webhook_engine.service.keys import bearer_of
from webhook_engine.service.reading import invalid, object_of
from webhook_engine.service.refusals import Code, Refusal, Wrong
from webhook_engine.store import Role

if TYPE_CHECKING:
    from webhook_engine.service.reading import TakesBodies
    from webhook_engine.store import ApiKey, Campaign, NewApiKey, Saved, Store, User, VaultEntry

PATH = "/v1/admin/{act}"

_BEYOND: Final = 2**63

_CALLS_AT_ONCE: Final = 100


class Act(NamedTuple):
    """
    What can be done with a running process's store.
    """

    do: Callable[[Store, Mapping[str, Any]], Awaitable[object]]

    takes: Mapping[str, tuple[type, ...]]
    """Names and kinds of what it needs; all of them."""


def endpoints(
    store: Store,
    tenants: Callable[[], Awaitable[Sequence[str]]],
    *,
    is_own: Callable[[str], Awaitable[bool]],
) -> tuple[Endpoint, ...]:
    """
    For `make_app(…, more=…)`; the rest is as in `acting`.

    Args:
        is_own: Whether a key is that of commands on this machine. An act reaches every tenant of the store and the
            files of this machine, and an API key is for one tenant, whatever its scopes.
    """
    act = acting(store, tenants)

    async def handle(service: TakesBodies, request: web.Request) -> web.Response:
        if not await is_own(bearer_of(request)):
            raise Refusal(
                Code.FORBIDDEN, "the store is administered by commands on this machine, and by no API key"
            )
        return await act(service, request)

    return (Endpoint("POST", PATH, Scope.ADMIN, handle),)


def acting(
    store: Store, tenants: Callable[[], Awaitable[Sequence[str]]]
) -> Callable[[TakesBodies, web.Request], Awaitable[web.Response]]:
    """
    Does the act that an address names, for whoever was let in.

    Args:
        tenants: Those that a command may mean which names none.
    """

    async def handle(service: TakesBodies, request: web.Request) -> web.Response:
        name = request.match_info["act"]
        if name == "tenants":
            return _json(await tenants())
        act = ACTS.get(name)
        if act is None:
            raise NotFound("act", name, known=ACTS)
        given = await object_of(service, request, *act.takes)
        if wrong := [each for each, kinds in act.takes.items() if not _is_of(given.get(each), kinds)]:
            raise invalid([Wrong(path=each, message="is missing, or of another kind") for each in wrong])
        try:
            return _json(await act.do(store, given))
        except (StoreUnavailable, StoreUncertain):
            raise
        except VaultLocked as error:
            raise Refusal(Code.INVALID, f"{error}; then start process {os.getpid()} again") from error
        except NotFound as error:
            raise Refusal(Code.NOT_FOUND, str(error)) from error
        except (StoreError, DefinitionError) as error:
            # Whoever may administer may read where the files are.
            raise Refusal(Code.INVALID, str(error)) from error

    return handle


def _is_of(value: object, kinds: tuple[type, ...]) -> bool:
    """
    Whether it is of one of the kinds: every list is one of names, and every number one that the store can hold.
    """
    if isinstance(value, list):
        return list in kinds and all(isinstance(each, str) for each in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int in kinds and abs(value) < _BEYOND
    return type(value) in kinds


def _json(document: object) -> web.Response:
    return web.Response(body=orjson.dumps(document), content_type="application/json")


async def _save(store: Store, given: Mapping[str, Any]) -> Saved:
    folder = Path(given["folder"]) if given["folder"] is not None else None
    with uncollected():
        definitions = await asyncio.to_thread(read_text, given["text"], folder=folder)
    return await store.definitions.save(given["tenant"], definitions, by=given["by"], note=given["note"])


async def _load(store: Store, given: Mapping[str, Any]) -> Mapping[str, object]:
    revision = await store.definitions.load(given["tenant"], given["number"])
    folder = revision.definitions.folder
    text = await asyncio.to_thread(write_toml, revision.definitions)
    return {"entry": revision.entry, "text": text, "folder": None if folder is None else str(folder)}


async def _set_secret(store: Store, given: Mapping[str, Any]) -> None:
    await store.vault.set(given["tenant"], given["name"], given["secret"], by=given["by"])


async def _list_secrets(store: Store, given: Mapping[str, Any]) -> tuple[VaultEntry, ...]:
    return await store.vault.list(given["tenant"])


async def _remove_secret(store: Store, given: Mapping[str, Any]) -> None:
    await store.vault.remove(given["tenant"], given["name"])


async def _rotate(store: Store, _: Mapping[str, Any]) -> int:
    return await store.vault.rotate()


async def _add_key(store: Store, given: Mapping[str, Any]) -> NewApiKey:
    return await store.keys.add(given["tenant"], given["name"], scopes=given["scopes"], by=given["by"])


async def _list_keys(store: Store, given: Mapping[str, Any]) -> tuple[ApiKey, ...]:
    return await store.keys.list(given["tenant"], removed=given["removed"])


async def _remove_key(store: Store, given: Mapping[str, Any]) -> ApiKey:
    return await store.keys.remove(given["tenant"], given["name"], by=given["by"])


async def _add_user(store: Store, given: Mapping[str, Any]) -> User:
    if given["role"] not in tuple(Role):
        raise StoreError(f"{given['role']!r} is no role: it is one of {', '.join(Role)}")
    return await store.users.add(
        given["tenant"],
        given["email"],
        given["password"],
        role=Role(given["role"]),
        extension=given["extension"],
        by=given["by"],
    )


async def _list_users(store: Store, given: Mapping[str, Any]) -> tuple[User, ...]:
    return await store.users.list(given["tenant"])


async def _set_password(store: Store, given: Mapping[str, Any]) -> None:
    await store.users.set_password(given["tenant"], given["email"], given["password"])


async def _remove_user(store: Store, given: Mapping[str, Any]) -> None:
    await store.users.remove(given["tenant"], given["email"])


async def _add_campaign(store: Store, given: Mapping[str, Any]) -> Campaign:
    return await store.campaigns.add(
        given["tenant"],
        given["name"],
        lists=given["lists"],
        labels=given["labels"],
        agents=given["agents"],
        by=given["by"],
    )


async def _add_list(store: Store, given: Mapping[str, Any]) -> None:
    await store.campaigns.add_list(given["tenant"], given["campaign"], given["name"])


async def _assign(store: Store, given: Mapping[str, Any]) -> None:
    await store.campaigns.assign(given["tenant"], given["campaign"], given["extension"])


async def _unassign(store: Store, given: Mapping[str, Any]) -> None:
    await store.campaigns.unassign(given["tenant"], given["campaign"], given["extension"])


async def _list_campaigns(store: Store, given: Mapping[str, Any]) -> tuple[Campaign, ...]:
    return await store.campaigns.list(given["tenant"])


async def _page_of_calls(store: Store, given: Mapping[str, Any]) -> Mapping[str, object]:
    limit = max(1, min(given["limit"], _CALLS_AT_ONCE))
    found = await store.recordings.page(given["tenant"], limit=limit, before=given["before"])
    return found._asdict()


async def _call_of_event(store: Store, given: Mapping[str, Any]) -> Mapping[str, object] | None:
    return await store.recordings.of_event(given["tenant"], given["event"])


async def _forget_calls(store: Store, given: Mapping[str, Any]) -> int:
    return await store.recordings.forget(given["tenant"])


async def _drifted(store: Store, given: Mapping[str, Any]) -> list[dict[str, object]]:
    return [each.to_json() for each in await stored.findings(store, given["tenant"])]


async def _learnt(store: Store, given: Mapping[str, Any]) -> Mapping[str, object]:
    return await stored.learnt(store, given["tenant"])


async def _accept_drift(store: Store, given: Mapping[str, Any]) -> list[dict[str, object]]:
    found = await stored.accept(store, given["tenant"], given["webhook"], given["columns"])
    return [each.to_json() for each in found]


_TEXT, _MAYBE_TEXT = (str,), (str, type(None))

ACTS: Mapping[str, Act] = MappingProxyType(
    {
        "definitions.save": Act(
            _save, {"tenant": _TEXT, "text": _TEXT, "folder": _MAYBE_TEXT, "by": _TEXT, "note": _TEXT}
        ),
        "definitions.load": Act(_load, {"tenant": _TEXT, "number": (int, type(None))}),
        "vault.set": Act(_set_secret, {"tenant": _TEXT, "name": _TEXT, "secret": _TEXT, "by": _TEXT}),
        "vault.list": Act(_list_secrets, {"tenant": _TEXT}),
        "vault.remove": Act(_remove_secret, {"tenant": _TEXT, "name": _TEXT}),
        "vault.rotate": Act(_rotate, {}),
        "keys.add": Act(_add_key, {"tenant": _TEXT, "name": _TEXT, "scopes": (list,), "by": _TEXT}),
        "keys.list": Act(_list_keys, {"tenant": _TEXT, "removed": (bool,)}),
        "campaigns.add": Act(
            _add_campaign,
            {
                "tenant": _TEXT,
                "name": _TEXT,
                "lists": (list,),
                "labels": (list,),
                "agents": (list,),
                "by": _TEXT,
            },
        ),
        "campaigns.add_list": Act(_add_list, {"tenant": _TEXT, "campaign": _TEXT, "name": _TEXT}),
        "campaigns.assign": Act(_assign, {"tenant": _TEXT, "campaign": _TEXT, "extension": _TEXT}),
        "campaigns.unassign": Act(_unassign, {"tenant": _TEXT, "campaign": _TEXT, "extension": _TEXT}),
        "campaigns.list": Act(_list_campaigns, {"tenant": _TEXT}),
        "keys.remove": Act(_remove_key, {"tenant": _TEXT, "name": _TEXT, "by": _TEXT}),
        "recordings.page": Act(
            _page_of_calls, {"tenant": _TEXT, "limit": (int,), "before": (int, type(None))}
        ),
        "recordings.of_event": Act(_call_of_event, {"tenant": _TEXT, "event": _TEXT}),
        "learnt.findings": Act(_drifted, {"tenant": _TEXT}),
        "learnt.export": Act(_learnt, {"tenant": _TEXT}),
        "learnt.accept": Act(
            _accept_drift, {"tenant": _TEXT, "webhook": _TEXT, "columns": (list, type(None))}
        ),
        "recordings.forget": Act(_forget_calls, {"tenant": _TEXT}),
        "users.add": Act(
            _add_user,
            dict.fromkeys(("tenant", "email", "password", "role", "extension", "by"), _TEXT),
        ),
        "users.list": Act(_list_users, {"tenant": _TEXT}),
        "users.set_password": Act(_set_password, {"tenant": _TEXT, "email": _TEXT, "password": _TEXT}),
        "users.remove": Act(_remove_user, {"tenant": _TEXT, "email": _TEXT}),
    }
)
