"""
Users of the Integration Centre: who there are, and what each may do.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, select, update

from webhook_engine.errors import NotFound, StoreError
from webhook_engine.store import tables
from webhook_engine.store.changes import Changes, Topic, count_up
from webhook_engine.store.passwords import NO_PASSWORD, is_password
from webhook_engine.store.work import finished, id_of, tenant_row

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from webhook_engine.store.database import Database
    from webhook_engine.store.passwords import Passwords

EMAIL_LIMIT: Final = 254
"""Characters in an address (RFC 5321, 4.5.3.1.3, less its brackets)."""

_EMAIL = re.compile(r"[^\s@<>\"',;:\\()\[\]]+@[^\s@<>\"',;:\\()\[\]]+\Z")

_table = tables.user


class Role(StrEnum):
    """
    What a user may do; each may do what those before it may.
    """

    AGENT = "agent"
    """Works at the agent desktop."""

    MANAGER = "manager"
    """Sees groups, webhooks, agent views, deliveries and the log."""

    ADMINISTRATOR = "administrator"
    """Changes them."""

    def may(self, least: Role) -> bool:
        """
        Whether this role reaches to what *least* is needed for.
        """
        return _ORDER.index(self) >= _ORDER.index(least)


_ORDER: Final = tuple(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """
    What is known of a user; the password is not.
    """

    id: int
    tenant: str

    email: str
    """In small letters."""

    role: Role

    extension: str = ""
    """The extension whose desktop is theirs; none where empty."""

    created_by: str
    created_at: datetime
    last_sign_in_at: datetime | None = None

    stamp: str = field(default="", repr=False)
    """Another one after each change of the password, so that older sessions end."""


class Users:
    """
    The users of all tenants; who they are is in memory, so that a page waits for nothing.
    """

    def __init__(self, database: Database, changes: Changes, passwords: Passwords) -> None:
        self._database = database
        self._changes = changes
        self._passwords = passwords
        changes.follow(Topic.USERS, self._refresh)
        self._known: dict[tuple[str, str], tuple[str, User]] = {}

    def __repr__(self) -> str:
        return f"Users({len(self._known)})"

    @finished
    async def add(
        self, tenant: str, email: str, password: str, *, role: Role, extension: str = "", by: str
    ) -> User:
        """
        Somebody who may sign in from now on.

        Args:
            extension: `NUMBER-TENANT`; an agent needs one.

        Raises:
            StoreError: The address is no address or is taken, the password is too short or too long, or an
                agent has no extension.
        """
        wrong = self.wrong_with(tenant, email, password, role=role, extension=extension)
        if wrong:
            raise StoreError("; ".join(wrong.values()))
        address = _folded(email)
        hashed = await self._passwords.hash(password)
        async with self._database.write() as connection:
            tenant_id = (await tenant_row(connection, tenant)).id
            taken = select(_table.c.id).where(_table.c.tenant_id == tenant_id, _table.c.email == address)
            if (await connection.execute(taken)).first() is not None:
                raise StoreError(_taken(address))
            await connection.execute(
                insert(_table).values(
                    tenant_id=tenant_id,
                    email=address,
                    role=role.value,
                    extension=extension,
                    password=hashed,
                    created_by=by,
                    created_at=datetime.now(UTC),
                )
            )
            await count_up(connection, Topic.USERS)
        await self._changes.catch_up()
        return self._known[tenant, address][1]

    def wrong_with(
        self, tenant: str, email: str, password: str, *, role: Role, extension: str = ""
    ) -> dict[str, str]:
        """
        Why nobody can be added like this: what is wrong with `email`, `password` and `extension`, each in a sentence.
        """
        address = _folded(email)
        found: dict[str, str] = {}
        if not _is_address(address):
            found["email"] = f"{email[:60]!r} is no e-mail address; write one such as naledi@example.com"
        elif self.find(tenant, address) is not None:
            found["email"] = _taken(address)
        if role is Role.AGENT and not extension:
            found["extension"] = _NO_EXTENSION
        if not is_password(password):
            found["password"] = NO_PASSWORD
        return found

    @finished
    async def remove(self, tenant: str, email: str) -> None:
        """
        Let somebody in no more, and end their sessions.

        Raises:
            NotFound: There is no such user.
            StoreError: They are the tenant's last administrator.
        """
        address = _folded(email)
        async with self._database.write() as connection:
            await _check_others(connection, tenant, address)
            found = await connection.execute(
                delete(_table).where(_table.c.tenant_id == id_of(tenant), _table.c.email == address)
            )
            if not found.rowcount:
                raise self._missing(tenant, address)
            await count_up(connection, Topic.USERS)
        await self._changes.catch_up()

    @finished
    async def set_role(self, tenant: str, email: str, role: Role, *, extension: str = "") -> User:
        """
        Another role for somebody, from their next request on.

        Args:
            extension: `NUMBER-TENANT`, in place of the one they had; an agent needs one.

        Raises:
            NotFound: There is no such user.
            StoreError: They are the tenant's last administrator and would be none, or an agent without extension.
        """
        address = _folded(email)
        if role is Role.AGENT and not extension:
            raise StoreError(_NO_EXTENSION)
        async with self._database.write() as connection:
            if role is not Role.ADMINISTRATOR:
                await _check_others(connection, tenant, address)
            found = await connection.execute(
                update(_table)
                .where(_table.c.tenant_id == id_of(tenant), _table.c.email == address)
                .values(role=role.value, extension=extension)
            )
            if not found.rowcount:
                raise self._missing(tenant, address)
            await count_up(connection, Topic.USERS)
        await self._changes.catch_up()
        return self._known[tenant, address][1]

    @finished
    async def set_password(self, tenant: str, email: str, password: str) -> None:
        """
        Another password for somebody, whose sessions end.

        Raises:
            NotFound: There is no such user.
            StoreError: The password is too short or too long.
        """
        address = _folded(email)
        if not is_password(password):
            raise StoreError(NO_PASSWORD)
        hashed = await self._passwords.hash(password)
        async with self._database.write() as connection:
            found = await connection.execute(
                update(_table)
                .where(_table.c.tenant_id == id_of(tenant), _table.c.email == address)
                .values(password=hashed)
            )
            if not found.rowcount:
                raise self._missing(tenant, address)
            await count_up(connection, Topic.USERS)
        await self._changes.catch_up()

    async def list(self, tenant: str) -> tuple[User, ...]:
        """
        The tenant's users, by address.
        """
        return self.known(tenant)

    def known(self, tenant: str) -> tuple[User, ...]:
        """
        The same, as this process knows them.
        """
        users = (user for _, user in self._known.values() if user.tenant == tenant)
        return tuple(sorted(users, key=lambda user: user.email))

    def find(self, tenant: str, email: str) -> User | None:
        """
        The user with that address, where there is one.
        """
        _, user = self._known.get((tenant, _folded(email)), ("", None))
        return user

    def hash_of(self, user: User) -> str:
        """
        What is kept in place of their password; empty where they are gone.
        """
        hashed, _ = self._known.get((user.tenant, user.email), ("", None))
        return hashed

    def _missing(self, tenant: str, email: str) -> NotFound:
        return NotFound("user", email, known=[user.email for user in self.known(tenant)])

    async def _refresh(self) -> None:
        """
        Take note of who there is now.
        """
        columns = select(_table, tables.tenant.c.name.label("tenant")).join_from(_table, tables.tenant)
        async with self._database.read() as connection:
            rows = await connection.execute(columns)
            self._known = {(row.tenant, row.email): (row.password, _user(row)) for row in rows}


async def _check_others(connection: AsyncConnection, tenant: str, address: str) -> None:
    """
    Within the transaction of a change: two who take each other's role at one moment cannot both.

    Raises:
        StoreError: There is no other administrator, and this one would be none.
    """
    whose = _table.c.tenant_id == id_of(tenant)
    others = select(_table.c.id).where(
        whose, _table.c.email != address, _table.c.role == Role.ADMINISTRATOR.value
    )
    role = (
        await connection.execute(select(_table.c.role).where(whose, _table.c.email == address))
    ).scalar_one_or_none()
    if role == Role.ADMINISTRATOR and (await connection.execute(others.limit(1))).first() is None:
        raise StoreError(
            f"{address} is the last administrator of {tenant or 'this tenant'}, and nobody could let others "
            "in: add another administrator first"
        )


def _user(row: Row[*tuple[Any, ...]]) -> User:
    return User(
        id=row.id,
        tenant=row.tenant,
        email=row.email,
        role=Role(row.role),
        extension=row.extension,
        created_by=row.created_by,
        created_at=row.created_at,
        last_sign_in_at=row.last_sign_in_at,
        stamp=hashlib.sha256(row.password.encode()).hexdigest()[:16],
    )


def _folded(email: str) -> str:
    return email.strip().lower()


def _is_address(folded: str) -> bool:
    return len(folded) <= EMAIL_LIMIT and folded.isprintable() and _EMAIL.match(folded) is not None


def _taken(address: str) -> str:
    return f"there is a user {address} already: remove them first, or set their password"


_NO_EXTENSION: Final = "an agent needs an extension, such as 100-Euphoria"
