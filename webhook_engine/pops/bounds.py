"""
How much a board remembers.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PopBounds:
    """
    What one tenant's pops may take in memory; beyond it, the oldest goes first, and ended calls before others.
    """

    calls: int = 10_000
    """Calls that are remembered, with or without pops."""

    call_age_s: float = 12 * 3600.0
    """Seconds after its last event at which a call is forgotten, in case its end was never told."""

    events_per_call: int = 500
    """Event ids, and starts of webhooks by them, by which a call knows what it was told before; and agents who are
    done with it."""

    pops_per_agent: int = 50
    """Open at one time."""

    pop_bytes: int = 64 * 1024 * 1024
    """Windows and tables that are open, of all agents together, as JSON."""

    agents: int = 10_000
    """Agents whose messages are kept."""

    messages_per_agent: int = 200
    """Kept for streams that resume; whoever missed more gets a snapshot."""

    message_bytes_per_agent: int = 512 * 1024
    message_bytes: int = 64 * 1024 * 1024
    """Of all agents together, as JSON."""

    rows: int = 200
    """Rows of a table that are shown; how many were left out is told."""

    table_bytes: int = 128 * 1024
    """Of one table as JSON, the names of its columns included; rows are left out until it fits."""
