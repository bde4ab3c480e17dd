"""
Webhooks, by their groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

    from webhook_engine.console.visit import Visit
    from webhook_engine.definitions import Webhook


async def webhooks(visit: Visit) -> web.StreamResponse:
    """
    All webhooks under their groups, in the definitions' order.
    """
    definitions = (await visit.console.revision()).definitions
    by_group: dict[str, list[Webhook]] = {group.name: [] for group in definitions.groups}
    for webhook in definitions.webhooks:
        by_group.setdefault(webhook.group or "", []).append(webhook)
    shown = [(name, found) for name, found in by_group.items() if found]
    return visit.page("webhooks.html", by_group=shown, groups=definitions.groups)
