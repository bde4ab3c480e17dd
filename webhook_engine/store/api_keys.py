"""
API keys: made and shown once, kept as a digest, removable at any time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson
from sqlalchemy import insert, select, update

from webhook_engine.errors import NotFound, StoreError
from webhook_engine.store import tables
from webhook_engine.store.changes import Changes, Topic, count_up
from webhook_engine.store.work import finished, id_of, tenant_row

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Row

    from webhook_engine.store.database import Database

PREFIX: Final = "wek_"
"""What every key begins with, so that one that leaked is recognised."""

_ID_LENGTH: Final = 10
_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"  # without those that look like another

NAME_LIMIT: Final = 200
"""Characters in a key's name, and in a scope."""

_table = tables.api_key


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """
    What is known of a key; the key itself is not.
    """

    id: str
    """The public part, which the key begins with."""

    tenant: str
    name: str

    scopes: tuple[str, ...]
    """What it may be used for; everything where empty."""

    created_by: str
    created_at: datetime

    last_used_at: datetime | None = None
    removed_at: datetime | None = None
    removed_by: str | None = None

    def allows(self, scope: str) -> bool:
        """
        Whether it may be used for this.
        """
        return not self.scopes or scope in self.scopes


_NO_KEY: Final = (
    bytes(32),
    bytes(32),
    ApiKey(id="", tenant="", name="", scopes=(), created_by="", created_at=datetime.min.replace(tzinfo=UTC)),
)


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """
    A key that was just made.
    """

    key: ApiKey

    secret: str = field(repr=False)
    """The whole key, which nobody can learn again."""


class ApiKeys:
    """
    The keys of all tenants; those in force are in memory, so that a check waits for nothing.
    """

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes
        changes.follow(Topic.KEYS, self._refresh)
        self._in_force: dict[str, tuple[bytes, bytes, ApiKey]] = {}
        self._used: dict[str, datetime] = {}
        """When keys were last used, since this process began."""

        self._written: dict[str, datetime] = {}
        """What of that stands in the store."""

    def __repr__(self) -> str:
        return f"ApiKeys({len(self._in_force)} in force)"

    @finished
    async def add(self, tenant: str, name: str, *, scopes: Collection[str] = (), by: str) -> NewApiKey:
        """
        A new key, told this once.

        Args:
            scopes: What it may be used for; everything where left out.

        Raises:
            StoreError: The name is taken by a key in force, or cannot be one, or a scope cannot be one.
        """
        for text in (name, *scopes):
            _check(text)
        ident = "".join(secrets.choice(_LETTERS) for _ in range(_ID_LENGTH))
        secret = f"{PREFIX}{ident}_{secrets.token_urlsafe(32)}"
        key = ApiKey(
            id=ident,
            tenant=tenant,
            name=name,
            scopes=tuple(sorted(set(scopes))),
            created_by=by,
            created_at=datetime.now(UTC),
        )
        async with self._database.write() as connection:
            tenant_id = (await tenant_row(connection, tenant)).id
            taken = select(_table.c.id).where(
                _table.c.tenant_id == tenant_id, _table.c.name == name, _table.c.removed_at.is_(None)
            )
            if (await connection.execute(taken)).first() is not None:
                raise StoreError(f"there is a key {name!r} already: remove it first, or choose another name")
            await connection.execute(
                insert(_table).values(
                    id=ident,
                    tenant_id=tenant_id,
                    name=name,
                    digest=_digest(secret),
                    scopes=orjson.dumps(key.scopes).decode(),
                    created_by=by,
                    created_at=key.created_at,
                )
            )
            await count_up(connection, Topic.KEYS)
        await self._changes.catch_up()
        return NewApiKey(key, secret)

    @finished
    async def remove(self, tenant: str, name: str, *, by: str) -> ApiKey:
        """
        Let a key be refused from now on; what is known of it stays.

        Raises:
            NotFound: No key in force has that name.
        """
        async with self._database.write() as connection:
            found = await connection.execute(
                update(_table)
                .where(
                    _table.c.tenant_id == id_of(tenant),
                    _table.c.name == name,
                    _table.c.removed_at.is_(None),
                )
                .values(removed_at=datetime.now(UTC), removed_by=by)
                .returning(_table.c.id)
            )
            ident = found.scalar_one_or_none()
            if ident is None:
                known = [key.name for *_, key in self._in_force.values() if key.tenant == tenant]
                raise NotFound("API key", name, known=known)
            await count_up(connection, Topic.KEYS)
        await self._changes.catch_up()
        return next(key for key in await self.list(tenant, removed=True) if key.id == ident)

    async def list(self, tenant: str, *, removed: bool = False) -> tuple[ApiKey, ...]:
        """
        The tenant's keys, the oldest first.

        Args:
            removed: Whether those that are no longer in force are among them.
        """
        # When keys were used elsewhere stands in the database alone.
        if not removed and not self._database.is_shared:
            in_force = (key for *_, key in self._in_force.values() if key.tenant == tenant)
            return tuple(sorted(map(self._as_used, in_force), key=lambda key: (key.created_at, key.id)))
        keys = select(_table, tables.tenant.c.name.label("tenant")).join_from(_table, tables.tenant)
        of_tenant = keys.where(tables.tenant.c.name == tenant).order_by(_table.c.created_at, _table.c.id)
        rows = await self._database.look(lambda connection: connection.execute(of_tenant).all())
        return tuple(self._as_used(_key(row)) for row in rows if removed or row.removed_at is None)

    def _as_used(self, key: ApiKey) -> ApiKey:
        """
        With its last use, which may not be written down yet.
        """
        used = self._used.get(key.id)
        stands = used is None or (key.last_used_at is not None and key.last_used_at >= used)
        return key if stands else replace(key, last_used_at=used)

    def check(self, presented: str, *, tenant: str | None = None) -> ApiKey | None:
        """
        The key in force that this is, noted as used; None where it is none.

        How long that takes tells nothing about keys that there are, whoever's they are.

        Args:
            tenant: Only a key of this tenant will do.
        """
        ident = presented[len(PREFIX) : len(PREFIX) + _ID_LENGTH]
        digest, owner, key = self._in_force.get(ident, _NO_KEY)
        is_right = hmac.compare_digest(digest, _digest(presented))
        # Looked at in any case, so that a right key under a wrong tenant is not told by the time it takes.
        is_theirs = tenant is None or hmac.compare_digest(owner, _digest(tenant))
        if not (is_right and is_theirs and key.id):
            return None
        self._used[ident] = datetime.now(UTC)
        return key

    @finished
    async def flush(self) -> None:
        """
        Write down when keys were last used.
        """
        used = {ident: at for ident, at in self._used.items() if self._written.get(ident) != at}
        if used:
            async with self._database.write(among="api keys used") as connection:
                for ident, at in used.items():
                    await connection.execute(
                        update(_table).where(_table.c.id == ident).values(last_used_at=at)
                    )
            self._written.update(used)

    async def _refresh(self) -> None:
        """
        Take note of the keys that are in force now.
        """
        keys = select(_table, tables.tenant.c.name.label("tenant")).join_from(_table, tables.tenant)
        in_force = keys.where(_table.c.removed_at.is_(None))
        rows = await self._database.look(lambda connection: connection.execute(in_force).all())
        self._in_force = {row.id: (row.digest, _digest(row.tenant), _key(row)) for row in rows}


def _digest(key: str) -> bytes:
    # A key is 256 random bits: there is nothing to guess, so nothing to slow a guesser down with.
    return hashlib.sha256(key.encode(errors="surrogatepass")).digest()


def _key(row: Row[*tuple[Any, ...]]) -> ApiKey:
    return ApiKey(
        id=row.id,
        tenant=row.tenant,
        name=row.name,
        scopes=tuple(orjson.loads(row.scopes)),
        created_by=row.created_by,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        removed_at=row.removed_at,
        removed_by=row.removed_by,
    )


def _check(text: str) -> None:
    if not text.strip() or text != text.strip() or len(text) > NAME_LIMIT or not text.isprintable():
        raise StoreError(
            f"{text[:40]!r} is no name for a key or a scope: one line of at most {NAME_LIMIT} characters"
        )
