"""
Where everybody begins, and what every page needs besides itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from webhook_engine.console.visit import Visit


async def home(visit: Visit) -> web.StreamResponse:
    """
    What there is, and what to do next.
    """
    revision = await visit.console.revision()
    return visit.page("home.html", definitions=revision.definitions, entry=revision.entry)


async def asset(visit: Visit) -> web.StreamResponse:
    """
    A script, a style or a picture.
    """
    found = visit.console.assets.find(visit.asked("name"))
    if found is None:
        raise web.HTTPNotFound
    return found.answer(visit.request)
