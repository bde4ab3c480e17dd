"""
How many servers of a cluster keep streams: each counts once, by however many addresses it can be reached.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nats.aio.client import Client

_LOOK_S: Final = 2.0

_LONGEST: Final = 64 * 2**10
"""Of what a server says of itself, in bytes."""

_MOST: Final = 100
"""Addresses that are looked at."""


async def keepers(client: Client, others: Iterable[str] = ()) -> int:
    """
    How many servers of the connected one's cluster have JetStream and can be reached from here, itself among them.

    Args:
        others: Addresses beside those that the cluster tells, `nats://HOST:PORT` or `HOST:PORT`: one that was told to
            advertise nothing tells none.
    """
    mine: dict[str, Any] = client._server_info
    places = dict.fromkeys([*(mine.get("connect_urls") or ()), *others])
    found = await asyncio.gather(*(_introduced(each) for each in [*places][:_MOST]))
    of_us = [each for each in (mine, *found) if each.get("cluster") == mine.get("cluster")]
    return len({each.get("server_id") for each in of_us if each.get("jetstream")})


async def _introduced(place: str) -> dict[str, Any]:
    """
    What a server says of itself to whoever connects, before it asks who that is; {} where none does.
    """
    try:
        parts = urlsplit(place if "://" in place else f"nats://{place}")
        async with asyncio.timeout(_LOOK_S):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 4222, limit=_LONGEST)
            try:
                said = await reader.readline()
            finally:
                writer.transport.abort()
        word, _, document = said.partition(b" ")
        told = orjson.loads(document) if word == b"INFO" else {}
    except (OSError, TimeoutError, ValueError):
        return {}  # it is one that no client reaches, or none of NATS
    return told if isinstance(told, dict) else {}
