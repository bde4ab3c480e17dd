"""
What streams, consumers and subjects are called.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, unquote

EVENTS: Final = "EVENTS"
"""The stream of call events that nobody has taken yet."""

REFUSED: Final = "EVENTS-REFUSED"
"""The stream of messages that are no events, for people to look at."""

_NAMELESS: Final = "-"


def token_of(tenant: str) -> str:
    """
    A tenant as one token of a subject: what may not stand there is percent-encoded, and no name is `-`.
    """
    if not tenant:
        return _NAMELESS
    # Safe for a URL and yet not here: a dot ends a token.
    token = quote(tenant, safe="").replace(".", "%2E").replace("~", "%7E")
    return "%2D" if token == _NAMELESS else token


def tenant_of(token: str) -> str:
    """
    The tenant again.
    """
    return "" if token == _NAMELESS else unquote(token)


def subject_of(tenant: str) -> str:
    """
    Where a tenant's call events are published: `events.<tenant>`.
    """
    return f"events.{token_of(tenant)}"


def refused_subject_of(tenant: str) -> str:
    """
    Where a tenant's messages are kept that are no events.
    """
    return f"events-refused.{token_of(tenant)}"


def consumer_of(tenant: str) -> str:
    """
    The durable consumer that all processes of a tenant share.
    """
    return f"webhook-engine-{token_of(tenant)}"
