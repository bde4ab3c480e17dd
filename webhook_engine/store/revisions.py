"""
Definitions of every tenant, as numbered revisions of which one is in force.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import Integer, bindparam, insert, select, update

from webhook_engine.definitions import Definitions, read_text, write_toml
from webhook_engine.errors import NotFound, StoreConflict
from webhook_engine.store import tables
from webhook_engine.store.changes import Changes, Topic, count_up
from webhook_engine.store.literals import literals_of
from webhook_engine.store.work import TenantRow, finished, id_of, tenant_row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sqlalchemy import Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from webhook_engine.store.database import Database
    from webhook_engine.store.vault import Vault

T = TypeVar("T")

_table = tables.revision
_FACTS = (_table.c.number, _table.c.saved_by, _table.c.saved_at, _table.c.note, _table.c.restored_from)

_HISTORY: Final = (
    select(*_FACTS)
    .where(
        _table.c.tenant_id
        == select(tables.tenant.c.id).where(tables.tenant.c.name == bindparam("tenant")).scalar_subquery(),
        _table.c.number < bindparam("before"),
    )
    .order_by(_table.c.number.desc())
    .limit(bindparam("limit", type_=Integer))
)
"""Built once, as that takes longer than asking."""

_DOCUMENTS: Final = _HISTORY.add_columns(_table.c.document).execution_options(yield_per=1)

_TOLD: Final = 64
"""Pages of the history that are remembered."""

_BEYOND: Final = 2**31 - 1
"""A number that no revision reaches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionEntry:
    """
    Who saved what when.
    """

    tenant: str

    number: int
    """Counts from 1, without a gap."""

    saved_by: str
    saved_at: datetime
    note: str = ""

    restored_from: int | None = None
    """The revision that this one brought back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """
    One revision, ready for use.
    """

    entry: RevisionEntry
    definitions: Definitions


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """
    What came of saving.
    """

    entry: RevisionEntry
    """The revision in force now."""

    is_new: bool
    """False where the definitions are what they were."""

    sealed: tuple[str, ...] = ()
    """Names of the secrets that went from the definitions into the vault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    text: str
    folder: str
    note: str = ""
    restored_from: int | None = None

    async def read(self) -> Definitions:
        """
        The definitions, compiled beside the loop.
        """
        return await asyncio.to_thread(
            read_text, self.text, folder=Path(self.folder) if self.folder else None
        )


class Revisions:
    """
    The definitions of all tenants.
    """

    def __init__(self, database: Database, vault: Vault, changes: Changes) -> None:
        self._database = database
        self._vault = vault
        self._changes = changes
        self._loaded: dict[str, Revision] = {}
        self._told: tuple[int, dict[tuple[str, int, int | None], tuple[RevisionEntry, ...]]] = (-1, {})
        """Pages of the history, for as long as nothing changes."""

    @finished
    async def save(
        self, tenant: str, definitions: Definitions, *, by: str, note: str = "", based_on: int | None = None
    ) -> Saved:
        """
        Make these the tenant's definitions in force, as a new revision unless nothing changed.

        A secret that stands in them goes into the vault, and the revision refers to it: both or neither.

        Args:
            based_on: The revision that was edited, 0 where there was none; None saves over whatever is there.

        Raises:
            StoreConflict: Another revision is in force than the one that was edited.
            VaultLocked: They hold a secret, and there is no key to seal it with.
            DefinitionError: Two of their secrets would have one name in the vault.
        """
        folder = str(definitions.folder.resolve()) if definitions.folder is not None else ""
        text = await asyncio.to_thread(write_toml, definitions)
        document = _Document(text=text, folder=folder, note=note)
        secrets = literals_of(definitions)
        new = {name: secrets[name] for name in self._vault.differs(tenant, secrets)}
        async with self._database.write() as connection:
            row = await tenant_row(connection, tenant)
            before = await self._row(connection, tenant, row.current)
            if based_on is not None and based_on != (row.current or 0):
                saved_by = before.saved_by if before is not None else "nobody"
                raise StoreConflict(
                    tenant=tenant, based_on=based_on, current=row.current or 0, saved_by=saved_by
                )
            if new:
                await self._vault.put(connection, row.id, new, by=by)
                await count_up(connection, Topic.VAULT)
            entry = _entry(tenant, before) if before is not None else None
            is_new = before is None or (before.document, before.folder) != (document.text, folder)
            if is_new or entry is None:
                entry = await _append(connection, tenant, row, document, by=by)
                await count_up(connection, Topic.DEFINITIONS)
        await self._changes.catch_up()
        return Saved(entry=entry, is_new=is_new, sealed=tuple(new))

    @finished
    async def restore(self, tenant: str, number: int, *, by: str, note: str = "") -> Saved:
        """
        Bring an earlier revision back, as a new one; secrets are those that the vault holds now.

        Raises:
            NotFound: There is no such revision.
            DefinitionError: This version of the project cannot read it any more.
        """
        async with self._database.write() as connection:
            row = await tenant_row(connection, tenant)
            kept = await self._row(connection, tenant, number)
            if kept is None:
                raise NotFound("revision", str(number))
            if number == row.current:
                return Saved(entry=_entry(tenant, kept), is_new=False)
            document = _Document(text=kept.document, folder=kept.folder, note=note, restored_from=number)
            await document.read()
            entry = await _append(connection, tenant, row, document, by=by)
            await count_up(connection, Topic.DEFINITIONS)
        await self._changes.catch_up()
        return Saved(entry=entry, is_new=True)

    async def load(self, tenant: str, number: int | None = None) -> Revision:
        """
        The tenant's definitions: those in force, or those of a revision.

        Raises:
            NotFound: The tenant has none, or there is no such revision.
            DefinitionError: This version of the project cannot read them any more.
        """
        async with self._database.read() as connection:
            current = await self._current(connection, tenant)
            wanted = current if number is None else number
            kept = self._loaded.get(tenant)
            if kept is not None and kept.entry.number == wanted:
                return kept
            row = await self._row(connection, tenant, wanted)
        if row is None:
            raise NotFound("tenant", tenant) if wanted is None else NotFound("revision", str(wanted))
        definitions = await _Document(text=row.document, folder=row.folder).read()
        revision = Revision(entry=_entry(tenant, row), definitions=definitions)
        if wanted == current:
            self._loaded[tenant] = revision
        return revision

    async def history(
        self, tenant: str, *, limit: int = 100, before: int | None = None
    ) -> tuple[RevisionEntry, ...]:
        """
        The tenant's revisions, newest first.

        Args:
            before: Only those with a lower number.
        """
        number = self._changes.number(Topic.DEFINITIONS)
        if self._told[0] != number:
            self._told = (number, {})
        told = self._told[1]
        if (tenant, limit, before) not in told:
            asked = _asked(tenant, limit, before)
            found = await self._database.look(
                lambda connection: tuple(_entry(tenant, row) for row in connection.execute(_HISTORY, asked))
            )
            if len(told) == _TOLD:
                told.clear()
            told[tenant, limit, before] = found
        return told[tenant, limit, before]

    async def documents(
        self, tenant: str, *, limit: int = 100, before: int | None = None
    ) -> tuple[tuple[RevisionEntry, str], ...]:
        """
        The tenant's revisions, newest first, each with its text of TOML, whoever can still read that.

        Args:
            before: Only those with a lower number.
        """
        return await self.pieces(tenant, str, limit=limit, before=before)

    async def pieces(
        self, tenant: str, cut: Callable[[str], T], *, limit: int = 100, before: int | None = None
    ) -> tuple[tuple[RevisionEntry, T], ...]:
        """
        The tenant's revisions, newest first, each with what *cut* takes out of its text of TOML.

        They are cut beside the loop as they are read, so that the texts are never all in memory.

        Args:
            before: Only those with a lower number.
        """
        asked = _asked(tenant, limit, before)
        return await self._database.look(
            lambda connection: tuple(
                (_entry(tenant, row), cut(row.document)) for row in connection.execute(_DOCUMENTS, asked)
            )
        )

    async def watch(self, tenant: str) -> AsyncIterator[Revision]:
        """
        The tenant's definitions in force, and each time they change those in force then.

        Where they change faster than they are taken, the ones between are left out.
        """
        seen: int | None = None
        while True:
            changed = self._changes.number(Topic.DEFINITIONS)
            async with self._database.read() as connection:
                current = await self._current(connection, tenant)
            if current not in (None, seen):
                revision = await self.load(tenant, current)
                seen = revision.entry.number
                yield revision
            await self._changes.after(Topic.DEFINITIONS, changed)

    async def _current(self, connection: AsyncConnection, tenant: str) -> int | None:
        found = select(tables.tenant.c.current).where(tables.tenant.c.name == tenant)
        return (await connection.execute(found)).scalar_one_or_none()

    async def _row(
        self, connection: AsyncConnection, tenant: str, number: int | None
    ) -> Row[*tuple[Any, ...]] | None:
        if number is None:
            return None
        return (await connection.execute(_one(tenant, number))).first()


def _asked(tenant: str, limit: int, before: int | None) -> dict[str, object]:
    return {"tenant": tenant, "limit": limit, "before": _BEYOND if before is None else min(before, _BEYOND)}


def _one(tenant: str, number: int) -> Select[*tuple[Any, ...]]:
    return select(*_FACTS, _table.c.document, _table.c.folder).where(
        _table.c.tenant_id == id_of(tenant), _table.c.number == number
    )


def _entry(tenant: str, row: Row[*tuple[Any, ...]]) -> RevisionEntry:
    return RevisionEntry(
        tenant=tenant,
        number=row.number,
        saved_by=row.saved_by,
        saved_at=row.saved_at,
        note=row.note,
        restored_from=row.restored_from,
    )


async def _append(
    connection: AsyncConnection,
    tenant: str,
    row: TenantRow,
    document: _Document,
    *,
    by: str,
) -> RevisionEntry:
    entry = RevisionEntry(
        tenant=tenant,
        number=(row.current or 0) + 1,
        saved_by=by,
        saved_at=datetime.now(UTC),
        note=document.note,
        restored_from=document.restored_from,
    )
    await connection.execute(
        insert(_table).values(
            tenant_id=row.id,
            number=entry.number,
            document=document.text,
            folder=document.folder,
            saved_by=by,
            saved_at=entry.saved_at,
            note=entry.note,
            restored_from=entry.restored_from,
        )
    )
    await connection.execute(
        update(tables.tenant).where(tables.tenant.c.id == row.id).values(current=entry.number)
    )
    return entry
