"""
Signing in to the Integration Centre: whose a password is, which sessions have ended, and what lets the first one in.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from webhook_engine.store import tables
from webhook_engine.store.changes import Changes, Topic, count_up
from webhook_engine.store.work import finished

if TYPE_CHECKING:
    from webhook_engine.store.database import Database
    from webhook_engine.store.passwords import Passwords
    from webhook_engine.store.users import User, Users

_sessions = tables.ended_session


class SigningIn:
    """
    How users get in, and out again; which sessions have ended is in memory, so that a page waits for nothing.
    """

    def __init__(self, database: Database, changes: Changes, users: Users, passwords: Passwords) -> None:
        self._database = database
        self._changes = changes
        self._users = users
        self._passwords = passwords
        # Whoever signs in is looked up first, so users are known before this is.
        changes.follow(Topic.USERS, self._refresh)
        self._ended: frozenset[str] = frozenset()
        self._ending: set[str] = set()
        self._link: tuple[str, bytes] | None = None

    async def check(self, tenant: str, email: str, password: str) -> User | None:
        """
        The user that this address and password are; None where they are nobody's.

        How long that takes tells nothing about addresses that there are.
        """
        user = self._users.find(tenant, email)
        hashed = "" if user is None else self._users.hash_of(user)
        return user if await self._passwords.is_right(hashed, password) else None

    @finished
    async def note(self, user: User) -> None:
        """
        Write down that *user* signed in now.
        """
        async with self._database.write() as connection:
            await connection.execute(
                update(tables.user)
                .where(tables.user.c.id == user.id)
                .values(last_sign_in_at=datetime.now(UTC))
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
        if self._users.known(tenant):
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
        return is_right and self._link is not None and whose == tenant and not self._users.known(tenant)

    async def _refresh(self) -> None:
        """
        Take note of which sessions have ended, and whether the first user has come.
        """
        async with self._database.read() as connection:
            ended = await connection.execute(select(_sessions.c.id))
            self._ended = frozenset(ended.scalars())
        if self._link is not None and self._users.known(self._link[0]):
            self._link = None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
