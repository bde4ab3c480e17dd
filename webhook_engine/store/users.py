"""
Users of the Integration Centre: who may sign in, and as what.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, select, update

from webhook_engine.errors import NotFound, StoreError
from webhook_engine.store import tables
from webhook_engine.store.changes import Changes, Topic, count_up
from webhook_engine.store.work import finished, id_of, tenant_row

if TYPE_CHECKING:
    from argon2 import PasswordHasher
    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from webhook_engine.store.database import Database

EMAIL_LIMIT: Final = 254
"""Characters in an address (RFC 5321, 4.5.3.1.3, less its brackets)."""

PASSWORD_LEAST: Final = 10
PASSWORD_LIMIT: Final = 1_000
"""Characters in a password."""

_EMAIL = re.compile(r"[^\s@<>\"',;:\\()\[\]]+@[^\s@<>\"',;:\\()\[\]]+\Z")
_HASHES_AT_ONCE: Final = 2  # each takes 64 MiB and a core

_table = tables.user
_sessions = tables.ended_session


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

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes
        changes.follow(Topic.USERS, self._refresh)
        self._known: dict[tuple[str, str], tuple[str, User]] = {}
        self._ended: frozenset[str] = frozenset()
        self._ending: set[str] = set()
        self._hashing = asyncio.Semaphore(_HASHES_AT_ONCE)
        self._link: tuple[str, bytes] | None = None

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
        hashed = await self._hash(password)
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
        self._link = None
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
        if not _is_password(password):
            found["password"] = _NO_PASSWORD
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
        if not _is_password(password):
            raise StoreError(_NO_PASSWORD)
        hashed = await self._hash(password)
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

    async def check(self, tenant: str, email: str, password: str) -> User | None:
        """
        The user that this address and password are; None where they are nobody's.

        How long that takes tells nothing about addresses that there are.
        """
        hashed, user = self._known.get((tenant, _folded(email)), ("", None))
        is_right = await self._verify(hashed, password[:PASSWORD_LIMIT])
        return user if is_right else None

    @finished
    async def note_sign_in(self, user: User) -> None:
        """
        Write down that *user* signed in now.
        """
        async with self._database.write() as connection:
            await connection.execute(
                update(_table).where(_table.c.id == user.id).values(last_sign_in_at=datetime.now(UTC))
            )
            await count_up(connection, Topic.USERS)
        await self._changes.catch_up()

    @finished
    async def end_session(self, session: str, *, until: datetime) -> None:
        """
        Let a session be nobody's from now on, in this process and every later one.

        Args:
            session: What it calls itself.

            until: When it would have ended by itself; nobody remembers it longer.
        """
        ident = _digest(session).hex()
        # At once, and though it cannot be written.
        self._ending.add(ident)
        async with self._database.write() as connection:
            await connection.execute(delete(_sessions).where(_sessions.c.until < datetime.now(UTC)))
            await connection.execute(delete(_sessions).where(_sessions.c.id == ident))
            await connection.execute(insert(_sessions).values(id=ident, until=until))
            await count_up(connection, Topic.USERS)
        await self._changes.catch_up()
        self._ending.discard(ident)

    def has_ended(self, session: str) -> bool:
        """
        Whether that session was ended.
        """
        if not (self._ended or self._ending):
            return False
        ident = _digest(session).hex()
        return ident in self._ended or ident in self._ending

    # --- The first one -----------------------------------------------------------------------------

    def first_token(self, tenant: str) -> str | None:
        """
        What lets whoever has it become the tenant's first administrator; None where there are users.

        It holds for this process, until it was used or another one was made.
        """
        if self.known(tenant):
            return None
        token = secrets.token_urlsafe(24)
        self._link = (tenant, _digest(token))
        return token

    def opens(self, tenant: str, token: str) -> bool:
        """
        Whether *token* still makes a first administrator.
        """
        whose, digest = self._link or ("", bytes(32))
        is_right = hmac.compare_digest(digest, _digest(token))
        return is_right and self._link is not None and whose == tenant and not self.known(tenant)

    # --- How ---------------------------------------------------------------------------------------

    async def _hash(self, password: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(_hasher().hash, password)

    async def _verify(self, hashed: str, password: str) -> bool:
        async with self._hashing:
            return await asyncio.to_thread(_verified, hashed, password)

    def _missing(self, tenant: str, email: str) -> NotFound:
        return NotFound("user", email, known=[user.email for user in self.known(tenant)])

    async def _refresh(self) -> None:
        """
        Take note of who there is now.
        """
        columns = select(_table, tables.tenant.c.name.label("tenant")).join_from(_table, tables.tenant)
        async with self._database.read() as connection:
            rows = await connection.execute(columns)
            ended = await connection.execute(select(_sessions.c.id))
            self._known = {(row.tenant, row.email): (row.password, _user(row)) for row in rows}
            self._ended = frozenset(ended.scalars())


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


def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()


def _verified(hashed: str, password: str) -> bool:
    """
    Whether the password is the one; without a hash as much work is done, and the answer is no.
    """
    from argon2.exceptions import InvalidHashError, VerificationError

    hasher = _hasher()
    if not hashed:
        hasher.hash(password)
        return False
    try:
        return hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


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


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def _folded(email: str) -> str:
    return email.strip().lower()


def _is_address(folded: str) -> bool:
    return len(folded) <= EMAIL_LIMIT and folded.isprintable() and _EMAIL.match(folded) is not None


def _taken(address: str) -> str:
    return f"there is a user {address} already: remove them first, or set their password"


def _is_password(password: str) -> bool:
    return PASSWORD_LEAST <= len(password) <= PASSWORD_LIMIT


_NO_EXTENSION: Final = "an agent needs an extension, such as 100-Euphoria"
_NO_PASSWORD: Final = f"a password has {PASSWORD_LEAST} to {PASSWORD_LIMIT:,} characters"
