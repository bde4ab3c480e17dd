"""
What `doctor` says of the settings and the store.
"""

from __future__ import annotations

import sqlite3
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from webhook_engine.cli.console import counted
from webhook_engine.errors import DefinitionError, NotFound, SettingsError, StoreError, StoreOwned
from webhook_engine.locking import folder_in_the_way

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from webhook_engine.definitions import Definitions
    from webhook_engine.settings import Settings
    from webhook_engine.store import Store

Verdict = Literal["ok", "note", "wrong"]

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """
    One thing that was looked at.
    """

    verdict: Verdict
    subject: str
    detail: str


async def look_at_store(
    settings: Settings, definitions: Definitions | None, *, fix: bool
) -> tuple[Diagnosis, ...]:
    """
    Everything about the settings, the store's files, its schema and its vault.

    Args:
        definitions: Whose references to the vault to look up, where they are not the store's own.

        fix: Whether to mend what can be mended.
    """
    found = [*_environment(), *([] if settings.is_shared else [_sqlite()])]
    key_file = settings.usual_key_file
    found += rights(key_file, "key file", fix=fix)
    if key_file.is_dir():
        found.append(Diagnosis("wrong", "key file", folder_in_the_way(key_file)))
    if settings.is_shared:
        found += await _database_upgraded(settings) if fix else []
        return (*found, *await _inside(settings, definitions))
    path = settings.database_path
    if not path.exists():
        found.append(Diagnosis("note", "store", f"{path} is not there yet; `webhook-engine import` makes it"))
        return (*found, *_unknown(definitions, "there is no store"))
    found += rights(path, "store", fix=fix)
    if fix:
        found += await _upgraded(path)
    return (*found, *await _inside(settings, definitions))


def _environment() -> Iterator[Diagnosis]:
    from webhook_engine.settings_sources import unknown_variables

    for name, hint in unknown_variables():
        yield Diagnosis("note", name, f"is no setting{hint}")


def _sqlite() -> Diagnosis:
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < (3, 51, 3):
        return Diagnosis(
            "ok",
            "sqlite",
            f"{version}, which can damage a file that two programs write: let nothing else open the store",
        )
    return Diagnosis("ok", "sqlite", version)


def rights(path: Path, subject: str, *, fix: bool) -> Iterator[Diagnosis]:
    """
    Whether only the owner of a file can read it.
    """
    if not path.is_file():
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & _OTHERS:
        return
    if fix:
        path.chmod(mode & ~_OTHERS)
        yield Diagnosis("ok", subject, f"{path} was open to other users and is closed to them now")
    else:
        yield Diagnosis(
            "wrong", subject, f"{path} can be read by other users: chmod 600 it, or run doctor with --fix"
        )


async def _upgraded(path: Path) -> list[Diagnosis]:
    from webhook_engine.store import upgrade

    try:
        copy = await upgrade(path)
    except StoreError:
        return []  # told by who opens it next
    return (
        [Diagnosis("ok", "store", f"has this version's schema now; as it was, it is in {copy}")]
        if copy
        else []
    )


async def _database_upgraded(settings: Settings) -> list[Diagnosis]:
    from webhook_engine.store.postgresql import upgrade

    try:
        is_upgraded = await upgrade(settings.database)
    except StoreError:
        return []  # told by who opens it next
    return [Diagnosis("ok", "store", "has this version's schema now")] if is_upgraded else []


async def _inside(settings: Settings, definitions: Definitions | None) -> list[Diagnosis]:
    from webhook_engine.store import Store

    name = settings.database_name
    try:
        store = Store.from_settings(settings)
    except SettingsError as error:
        return [Diagnosis("wrong", "vault key", each) for each in error.problems]
    try:
        async with store:
            tenants = await store.tenants()
            whose = ", ".join(tenant or "one without a name" for tenant in tenants) or "nobody's yet"
            return [
                Diagnosis("ok", "store", f"{name}: {whose}"),
                *await _vault(store, tenants),
                *await _references(store, settings, tenants, definitions),
            ]
    except StoreOwned as error:
        found = [Diagnosis("ok", "store", f"{name} is in use by {error.owner}; not looked into")]
        return [*found, *_unknown(definitions, "a running process has the store")]
    except StoreError as error:
        return [Diagnosis("wrong", "store", str(error))]


async def _vault(store: Store, tenants: tuple[str, ...]) -> list[Diagnosis]:
    entries = [entry for tenant in tenants for entry in await store.vault.list(tenant)]
    secrets = counted(len(entries), "secret")
    closed = [entry.name for entry in entries if not entry.opens]
    if not store.vault.has_key:
        advice = "set WEBHOOK_ENGINE_KEY, or make a key file with `webhook-engine vault new-key`"
        verdict: Verdict = "wrong" if entries else "note"
        return [Diagnosis(verdict, "vault key", f"there is none, for {secrets}; {advice}")]
    if closed:
        detail = f"opens {len(entries) - len(closed)} of {secrets}, but not {', '.join(closed)}"
        return [Diagnosis("wrong", "vault key", detail)]
    return [Diagnosis("ok", "vault key", f"opens all {secrets}")]


async def _references(
    store: Store, settings: Settings, tenants: tuple[str, ...], definitions: Definitions | None
) -> list[Diagnosis]:
    """
    Each reference to the vault that leads nowhere: of these definitions, or of every tenant's in force.
    """
    from webhook_engine.store import vault_names

    wanted = {}
    found = []
    if definitions is not None:
        wanted[settings.tenant or definitions.tenant.name or (tenants[0] if tenants else "")] = definitions
    else:
        for tenant in tenants:
            try:
                wanted[tenant] = (await store.definitions.load(tenant)).definitions
            except NotFound:
                continue  # keys and secrets may come before definitions
            except DefinitionError as error:
                found += [
                    Diagnosis("wrong", f"definitions of {tenant}", str(each)) for each in error.problems
                ]
    return found + [
        Diagnosis("wrong", f"secret {name}", f"is not in the vault; `webhook-engine vault set {name}`")
        for tenant, each in wanted.items()
        for name in vault_names(each)
        if name not in store.vault.names(tenant)
    ]


def _unknown(definitions: Definitions | None, why: str) -> Iterator[Diagnosis]:
    if definitions is None:
        return
    from webhook_engine.store import vault_names

    for name in vault_names(definitions):
        yield Diagnosis("note", f"secret {name}", f"is in the vault, and {why}")
