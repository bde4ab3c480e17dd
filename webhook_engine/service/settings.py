"""
What the service grants to its clients.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from webhook_engine.service.stream import StreamSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """
    How much a request may hold, and how much the service takes in hand at a time.
    """

    body_bytes: int = 4 * 2**20
    """Longest body of a request, counted after decompression."""

    body_s: float = 30.0
    """How long a body may take to arrive."""

    events_per_request: int = 1_000

    event_bytes: int = 256 * 2**10
    """Of one event, as JSON."""

    bytes_in_hand: int = 32 * 2**20
    """Bodies of requests that are being read or worked on; beyond it 429. A body of unknown length counts as the
    longest that is allowed."""

    events_in_hand: int = 10_000
    """Events that are on their way to the disk; beyond it 429."""

    asks_in_hand: int = 1_000
    """Agents who wait for a target system; beyond it 429."""

    streams: int = 10_000
    """Open agent streams; beyond it 429."""

    retry_after_s: int = 2
    """What a client is told to wait that was refused with 429 or 503."""

    problems: int = 500
    """Told of one request; how many were left out is said."""

    bulk: int = 10_000
    """Deliveries that one request replays or drops."""

    stream: StreamSettings = field(default_factory=StreamSettings)
