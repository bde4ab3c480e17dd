"""
What the console is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """
    Whose console it is, and how long things last.
    """

    tenant: str | None = None
    """Whose definitions it edits; those of the engine's tenant where left out."""

    session_key: bytes | None = field(default=None, repr=False)
    """32 bytes that session cookies are sealed with; drawn anew for each process where left out, so that everybody
    signs in again after a restart."""

    session_s: int = 12 * 3600
    """How long somebody stays signed in."""

    https: bool | None = None
    """Whether browsers reach it over TLS, so that cookies are Secure; told by each request where left out."""

    form_bytes: int = 2 * 2**20
    """Longest form that is read."""

    follows: bool = True
    """Whether the engine is redefined when the store has another revision in force."""

    page_rows: int = 50
    """Rows of a long list on one page."""

    tries: int = 5
    """Wrong passwords for one address, or from one machine, before each further one has to wait."""

    longest_wait_s: float = 900.0
    """The longest such wait."""
