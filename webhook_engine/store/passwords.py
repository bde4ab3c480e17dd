"""
Passwords: what is kept in place of one, and whether one is right.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LEAST: Final = 10
LIMIT: Final = 1_000
"""Characters in a password."""

NO_PASSWORD: Final = f"a password has {LEAST} to {LIMIT:,} characters"
"""What is wrong with one that is none."""

_AT_ONCE: Final = 2  # each takes 64 MiB and a core


class Passwords:
    """
    Hashes and compares beside the loop, few at once.
    """

    def __init__(self) -> None:
        self._few = asyncio.Semaphore(_AT_ONCE)

    async def hash(self, password: str) -> str:
        """
        What is kept in its place.
        """
        async with self._few:
            return await asyncio.to_thread(_hasher().hash, password)

    async def is_right(self, hashed: str, password: str) -> bool:
        """
        Whether the password is the one; without a hash as much work is done, and the answer is no.
        """
        async with self._few:
            return await asyncio.to_thread(_verified, hashed, password[:LIMIT])


def is_password(password: str) -> bool:
    """
    Whether somebody can have it as their password.
    """
    return LEAST <= len(password) <= LIMIT


def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()


def _verified(hashed: str, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    hasher = _hasher()
    if not hashed:
        hasher.hash(password)
        return False
    try:
        return hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
