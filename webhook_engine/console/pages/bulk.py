"""
Deliveries replayed and dropped in bulk, with progress.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from webhook_engine.console.filters import Filter
from webhook_engine.console.pages.deliveries import deed_of, queue_of
from webhook_engine.console.state import NotAllowed
from webhook_engine.console.works import ALLOWED, AT_ONCE

if TYPE_CHECKING:
    from aiohttp import web

    from webhook_engine.console.visit import Visit


async def begin(visit: Visit) -> web.StreamResponse:
    """
    Replay or drop all that fit the filter.
    """
    deed, chosen = deed_of(visit), Filter.of(visit, visit.given)
    if chosen.errors:
        problems = "; ".join(f"{name}: {each}" for name, found in chosen.errors.items() for each in found)
        raise NotAllowed(f"nothing was changed, because the filter cannot be read: {problems}")
    if chosen.state is not None and chosen.state not in ALLOWED[deed]:
        raise NotAllowed(f"what is {chosen.state} cannot be {'replayed' if deed == 'replay' else 'dropped'}")
    work = visit.console.works.begin(deed, chosen, queue_of(visit), by=visit.who.email)
    if work is None:
        raise NotAllowed(f"{AT_ONCE} of these are under way already: wait until one of them is over")
    return visit.go("work", work=work.id)


async def show(visit: Visit) -> web.StreamResponse:
    """
    How far it is: a page, and the part of it that is asked for again until it is over.
    """
    if not visit.asked("work"):
        return visit.page("works.html", works=visit.console.works.recent, status=HTTPStatus.OK)
    work = visit.console.works.find(visit.asked("work"))
    if visit.is_fragment:
        return visit.fragment("_work.html", work=work)
    return visit.page("works.html", works=[work], status=HTTPStatus.OK)


async def stop(visit: Visit) -> web.StreamResponse:
    """
    Do no more of it.
    """
    work = visit.console.works.find(visit.given("work"))
    await visit.console.works.stop(work)
    return visit.go("work", work=work.id)
