"""
Whose turn it is: what a claim takes of each target.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

RETRIES_EVERY = 4
"""One turn in so many of a target goes to a retry while there are fresh deliveries: neither starves."""

LONG_ROW = 100
"""With so many fresh ones waiting, every second turn of a target goes to the newest: what comes in after an
outage does not wait until all that the outage left behind is sent."""


class Share(NamedTuple):
    """
    What one target gets of a claim.
    """

    target: str
    fresh: int
    again: int
    """Retries."""

    newest: int = 0
    """So many of the fresh are the newest; the others are the oldest."""


def share_out(limit: int, wants: Mapping[str, int]) -> dict[str, int]:
    """
    Who gets how much of *limit*: the same for all, and what one does not want goes to the others.

    Where it is not enough for all, the first get one each.
    """
    shares: dict[str, int] = {}
    hungry = list(wants)
    while limit > 0 and hungry:
        each = max(1, limit // len(hungry))
        for name in hungry[:limit]:
            part = min(each, wants[name] - shares.get(name, 0))
            shares[name] = shares.get(name, 0) + part
            limit -= part
        hungry = [name for name in hungry if shares.get(name, 0) < wants[name]]
    return shares
