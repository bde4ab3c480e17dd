"""
The bounds within which a request is sent and its response read.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """
    What one process grants to a request and to its response.

    How long a request may take in all is its webhook's own `deadline_s`.
    """

    response_bytes: int = 10 * 1024 * 1024
    """Longest body that is read, counted after decompression."""

    header_bytes: int = 64 * 1024
    """Longest head of a response, all its lines together."""

    header_lines: int = 128
    """Most header lines in a response."""

    connect_s: float = 5.0
    """Seconds for one address to accept a connection and finish its TLS handshake."""

    dns_s: float = 5.0
    """Seconds for a host name to be looked up."""

    lookups: int = 32
    """Host names looked up at one time; one that hangs costs one of these and nothing else."""

    connections: int = 1024
    """Open connections to all target systems of one egress policy."""

    # Apache and Node.js close a connection after five idle seconds. Letting go
    # earlier avoids writing a request into a connection that is about to end.
    keep_alive_s: float = 4.0
    """Seconds an idle connection is kept for the next request."""
