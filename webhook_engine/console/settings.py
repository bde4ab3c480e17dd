"""
What the console is told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """
    Whose console it is, and how long things last.
    """

    tenant: str | Callable[[], str] | None = None
    """Whose definitions it edits, told once or whenever it is asked; those of the engine's tenant where left out."""

    session_key: bytes | None = field(default=None, repr=False)
    """32 bytes that session cookies are sealed with; drawn anew for each process where left out, so that everybody
    signs in again after a restart."""

    session_s: int = 12 * 3600
    """How long somebody stays signed in."""

    https: bool | None = None
    """Whether browsers reach it over TLS, so that cookies are Secure; told by each request where left out."""

    form_bytes: int = 2 * 2**20
    """Longest form that is read."""

    form_s: float = 30.0
    """How long a form may take to arrive."""

    source: str = ""
    """What the definitions are read from, where that is not the store: they are shown and not edited then."""

    follows: bool = True
    """Whether the engine is redefined when the store has another revision in force."""

    page_rows: int = 50
    """Rows of a long list on one page."""

    tries: int = 5
    """Wrong passwords for one address before each further one has to wait; from one machine ten times as many. A
    browser in which somebody signed in before counts its own, so that nobody else's guesses keep them out."""

    longest_wait_s: float = 900.0
    """The longest such wait."""


def session_key_of(keys: Sequence[str]) -> bytes | None:
    """
    A session key out of the vault's newest key, so that sessions outlive a restart; None without any.
    """
    # The vault's keys are 256 random bits: there is nothing to stretch.
    return hashlib.sha256(f"webhook-engine console session {keys[0]}".encode()).digest() if keys else None
