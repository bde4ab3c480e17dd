"""
What responses look like now, said to be right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook_engine.drift import stored

if TYPE_CHECKING:
    from aiohttp import web

    from webhook_engine.console.visit import Visit


async def accept(visit: Visit) -> web.StreamResponse:
    """
    Of one webhook (`webhook`): a column that is named, or all that have drifted.
    """
    console, webhook = visit.console, visit.given("webhook")
    columns = [visit.given("column")] if visit.given("column") else None
    # Here at once; in the other processes when they look next.
    here = console.engine.drift.accept(webhook, columns)
    everywhere = await stored.accept(console.store, console.tenant, webhook, columns)
    found = everywhere or here
    if not found:
        return visit.go("webhook", webhook=webhook, warn="Nothing has drifted any more.")
    told = ", ".join(each.column for each in found)
    return visit.go("webhook", webhook=webhook, say=f"What responses look like now counts as right: {told}.")
