"""
The vault: secrets by name, sealed; told to nobody but to the request that carries them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, insert, select, update

from webhook_engine.errors import NotFound, SecretMissing, StoreError, VaultLocked
from webhook_engine.store import tables
from webhook_engine.store.changes import Changes, Topic, count_up
from webhook_engine.store.work import finished, id_of, tenant_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from webhook_engine.store.database import Database
    from webhook_engine.store.sealing import Seal

NAME_LIMIT: Final = 1_000
"""Characters in a secret's name: a group's, an extension's and a field's have room in it."""

SECRET_LIMIT: Final = 64 * 1024
"""Characters in a secret."""

_UNFIT = re.compile("[\x00\ud800-\udfff]")

_table = tables.vault_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultEntry:
    """
    What may be known of a secret.
    """

    name: str
    set_by: str
    set_at: datetime

    opens: bool
    """Whether a key at hand opens it."""


@dataclass(frozen=True, slots=True)
class _Sealed:
    tenant_id: int
    sealed: str = field(repr=False)


class Vault:
    """
    Secrets go in and are used; nothing gives them out again.
    """

    def __init__(self, database: Database, seal: Seal, changes: Changes) -> None:
        self._database = database
        self._seal = seal
        self._changes = changes
        changes.follow(Topic.VAULT, self._refresh)
        self._sealed: dict[tuple[str, str], _Sealed] = {}
        self._opened: dict[_Sealed, str] = {}

    def __repr__(self) -> str:
        return f"Vault({len(self._sealed)} secrets)"

    @property
    def has_key(self) -> bool:
        """
        Whether anything can be sealed.
        """
        return self._seal.has_key

    @finished
    async def set(self, tenant: str, name: str, secret: str, *, by: str) -> None:
        """
        Seal a secret under a name, in place of what had that name.

        Raises:
            VaultLocked: There is no key to seal with.
            StoreError: The name or the secret is empty, too long, or holds what no request can carry.
        """
        async with self._database.write() as connection:
            tenant_id = (await tenant_row(connection, tenant)).id
            await self.put(connection, tenant_id, {name: secret}, by=by)
            await count_up(connection, Topic.VAULT)
        await self._changes.catch_up()

    @finished
    async def remove(self, tenant: str, name: str) -> None:
        """
        Forget a secret; a request that needs it is refused from now on.

        Raises:
            NotFound: There is none of that name.
        """
        async with self._database.write() as connection:
            found = await connection.execute(
                delete(_table).where(_table.c.tenant_id == id_of(tenant), _table.c.name == name)
            )
            if not found.rowcount:
                raise NotFound("secret", name, known=self.names(tenant))
            await count_up(connection, Topic.VAULT)
        await self._changes.catch_up()

    async def list(self, tenant: str) -> tuple[VaultEntry, ...]:
        """
        What may be known of the tenant's secrets, by name.
        """
        columns = (_table.c.tenant_id, _table.c.name, _table.c.sealed, _table.c.set_by, _table.c.set_at)
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(*columns).where(_table.c.tenant_id == id_of(tenant)).order_by(_table.c.name)
            )
            return tuple(
                VaultEntry(
                    name=row.name,
                    set_by=row.set_by,
                    set_at=row.set_at,
                    opens=self._opens(row.tenant_id, row.name, row.sealed),
                )
                for row in rows
            )

    @finished
    async def rotate(self) -> int:
        """
        Seal every secret of every tenant anew under the newest key, all or none.

        Returns:
            How many there are.

        Raises:
            VaultLocked: One of them cannot be opened; none was changed.
        """
        async with self._database.write() as connection:
            rows = (
                await connection.execute(select(_table.c.tenant_id, _table.c.name, _table.c.sealed))
            ).all()
            for row in rows:
                await connection.execute(
                    update(_table)
                    .where(_table.c.tenant_id == row.tenant_id, _table.c.name == row.name)
                    .values(sealed=self._seal.renew(row.tenant_id, row.name, row.sealed))
                )
            await count_up(connection, Topic.VAULT)
        await self._changes.catch_up()
        return len(rows)

    def names(self, tenant: str) -> tuple[str, ...]:
        """
        The names of the tenant's secrets, as this process knows them.
        """
        return tuple(sorted(name for owner, name in self._sealed if owner == tenant))

    def reveal(self, tenant: str, name: str) -> str:
        """
        The secret itself: for the request that carries it, and for nothing else.

        Raises:
            SecretMissing: There is none of that name, or no key opens it.
        """
        sealed = self._sealed.get((tenant, name))
        if sealed is None:
            raise SecretMissing(
                f"the vault has no secret {name!r}; `webhook-engine vault set` puts it there", target=""
            )
        secret = self._opened.get(sealed)
        if secret is None:
            try:
                secret = self._opened[sealed] = self._seal.open(sealed.tenant_id, name, sealed.sealed)
            except VaultLocked as error:
                raise SecretMissing(str(error), target="") from error
        return secret

    # --- For the other parts of the store ----------------------------------------------------------

    async def put(
        self, connection: AsyncConnection, tenant_id: int, secrets: Mapping[str, str], *, by: str
    ) -> None:
        """
        Seal secrets within a transaction.
        """
        now = datetime.now(UTC)
        for name, secret in secrets.items():
            _check(name, secret)
            values = {"sealed": self._seal.close(tenant_id, name, secret), "set_by": by, "set_at": now}
            found = await connection.execute(
                update(_table).where(_table.c.tenant_id == tenant_id, _table.c.name == name).values(**values)
            )
            if not found.rowcount:
                await connection.execute(insert(_table).values(tenant_id=tenant_id, name=name, **values))

    def differs(self, tenant: str, secrets: Mapping[str, str]) -> Sequence[str]:
        """
        The names of those among *secrets* that the vault does not hold as they are.
        """
        return [name for name, secret in secrets.items() if not self._holds(tenant, name, secret)]

    def _holds(self, tenant: str, name: str, secret: str) -> bool:
        try:
            return self.reveal(tenant, name) == secret
        except SecretMissing:
            return False

    async def _refresh(self) -> None:
        """
        Take note of what the vault holds now; secrets are opened when they are first needed.
        """
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(
                    tables.tenant.c.name, _table.c.name.label("secret"), _table.c.tenant_id, _table.c.sealed
                ).join_from(_table, tables.tenant)
            )
            self._sealed = {(row.name, row.secret): _Sealed(row.tenant_id, row.sealed) for row in rows}
        kept = set(self._sealed.values())
        self._opened = {sealed: secret for sealed, secret in self._opened.items() if sealed in kept}

    def _opens(self, tenant_id: int, name: str, sealed: str) -> bool:
        try:
            self._seal.open(tenant_id, name, sealed)
        except VaultLocked:
            return False
        return True


def _check(name: str, secret: str) -> None:
    if not name.strip() or len(name) > NAME_LIMIT or not name.isprintable():
        raise StoreError(f"a secret's name is one line of at most {NAME_LIMIT} characters")
    if not secret or len(secret) > SECRET_LIMIT:
        raise StoreError(f"the secret {name!r} must have 1 to {SECRET_LIMIT:,} characters")
    if _UNFIT.search(secret):
        raise StoreError(f"the secret {name!r} holds NUL or half a character, which no request can carry")
