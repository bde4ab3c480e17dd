"""
Definitions as they change: in files that somebody edits, or in the store.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from webhook_engine.definitions import Definitions, read
from webhook_engine.definitions.files import files_of
from webhook_engine.errors import DefinitionError, NotFound, Problem, SettingsError, StoreError
from webhook_engine.process.memory import uncollected
from webhook_engine.store import Topic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from webhook_engine.store import Store

LOOK_S: Final = 0.25
"""Between two looks at the files; an edit counts once it is the same for two of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """
    Definitions to be put in force.
    """

    tenant: str
    definitions: Definitions

    source: str
    """As a person knows it: `integration.toml`, `revision 3`."""


class Editions(Protocol):
    """
    Where a process has its definitions from.
    """

    async def first(self) -> Edition:
        """
        Those to begin with.

        Raises:
            WebhookEngineError: There are some, and they cannot be used.
        """

    def changes(self) -> AsyncIterator[Edition | DefinitionError]:
        """
        Those that follow, or what is wrong with them; never ends.
        """


# --- Files -------------------------------------------------------------------------------------------


class FileEditions:
    """
    The definitions in a file or a folder, as somebody edits them.
    """

    def __init__(self, path: Path, *, tenant: str | None = None, otherwise: str = "") -> None:
        """
        Args:
            tenant: Whose they must be.

            otherwise: Whose they are, where neither they nor *tenant* say so. Whose they were at first
                they remain: an edit makes no other tenant of a process.
        """
        self._path, self._tenant, self._otherwise = path, tenant, otherwise
        self._seen: _Look = ()

    async def first(self) -> Edition:
        self._seen = await asyncio.to_thread(_look, self._path)
        edition = await asyncio.to_thread(self._read)
        self._tenant = edition.tenant or None
        return edition

    async def changes(self) -> AsyncIterator[Edition | DefinitionError]:
        before = self._seen
        while True:
            await asyncio.sleep(LOOK_S)
            now = await asyncio.to_thread(_look, self._path)
            # Whoever writes a file may be half way through it.
            if now != self._seen and now == before:
                self._seen = now
                try:
                    with uncollected():
                        edition = await asyncio.to_thread(self._read)
                except DefinitionError as error:
                    yield error
                except Exception as error:  # an edit may not end what works
                    yield _refused(f"cannot be read ({type(error).__name__}: {error})", str(self._path))
                else:
                    yield edition
            before = now

    def _read(self) -> Edition:
        definitions = read(self._path)
        if not definitions.webhooks and not definitions.groups:
            raise _refused("defines nothing", str(self._path))
        stated = definitions.tenant.name
        if stated and self._tenant not in (None, stated):
            problem = f"defines the tenant {stated!r}, and this process works for {self._tenant!r}"
            raise DefinitionError([Problem(path="tenant.name", message=problem, source=str(self._path))])
        tenant = stated or self._tenant or self._otherwise
        return Edition(tenant=tenant, definitions=definitions, source=str(self._path))


def _refused(message: str, source: str = "") -> DefinitionError:
    return DefinitionError([Problem(path="", message=message, source=source or None)])


_Look = tuple[tuple[str, int, int, int], ...]
"""Of each file: name, time of change, size, number on the disk."""


def _look(path: Path) -> _Look:
    return tuple(each for file in files_of(path) if (each := _stat(file)) is not None)


def _stat(file: Path) -> tuple[str, int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None  # as good as not there; reading says why
    return str(file), found.st_mtime_ns, found.st_size, found.st_ino


# --- The store ---------------------------------------------------------------------------------------


class StoreEditions:
    """
    A tenant's definitions in force, revision after revision.
    """

    def __init__(self, store: Store, *, tenant: str | None) -> None:
        """
        Args:
            tenant: Whose; the store's only one where left out, as soon as it has one.
        """
        self._store, self._tenant = store, tenant
        self._changed = store.changes.number(Topic.DEFINITIONS)

    async def first(self) -> Edition:
        return await self._load()

    async def changes(self) -> AsyncIterator[Edition | DefinitionError]:
        while True:
            self._changed = await self._store.changes.after(Topic.DEFINITIONS, self._changed)
            try:
                edition = await self._load()
            except DefinitionError as error:
                yield error
            except (SettingsError, StoreError) as error:
                yield _refused(str(error))
            else:
                yield edition

    async def _load(self) -> Edition:
        tenant = await self._whose()
        try:
            with uncollected():
                revision = await self._store.definitions.load(tenant)
        except NotFound:
            return Edition(tenant=tenant, definitions=Definitions(), source="nothing yet")
        return Edition(
            tenant=tenant, definitions=revision.definitions, source=f"revision {revision.entry.number}"
        )

    async def _whose(self) -> str:
        if self._tenant is None:
            tenants = await self._store.tenants()
            if len(tenants) > 1:
                whose = ", ".join(map(repr, tenants))
                raise SettingsError(
                    [f"tenant: the store has {whose}: say whose this process is, with --tenant"]
                )
            if not tenants or not tenants[0]:
                return ""
            self._tenant = tenants[0]
        return self._tenant
