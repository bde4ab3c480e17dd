"""
What a process still exchanges with its store when everything else has ended, and for how long.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from webhook_engine import log

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LAST_S: Final = 3.0
"""How long a stop waits for each last exchange with a store that takes nothing."""


async def last(exchange: Callable[[], Awaitable[None]], *, of: str, within_s: float) -> None:
    """
    Has a last exchange made; one that does not end is given up, and the log says so: it keeps no process.

    Args:
        of: What is exchanged, in words: `screens`.

    Raises:
        WebhookEngineError: As the exchange does.
    """
    try:
        async with asyncio.timeout(within_s) as limit:
            await exchange()
    except TimeoutError:
        if not limit.expired():
            raise
        log.event(
            "worker.unsaved",
            of=of,
            why=f"the store took nothing within {within_s:g} s",
            then="the next start has what was saved before",
        )
