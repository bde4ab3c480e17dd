"""
Long work on an event loop, taken in turns with everything else there.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

TURN_S: Final = 0.005
"""Seconds for which others wait at most, where no single item takes longer."""

Item = TypeVar("Item")


async def in_turns(items: Iterable[Item]) -> AsyncIterator[Item]:
    """
    Each of *items*; between two of them others have their turn, once enough time has gone by.
    """
    began = perf_counter()
    for item in items:
        yield item
        if perf_counter() - began > TURN_S:
            await asyncio.sleep(0)
            began = perf_counter()
