"""
The agent desktop: what calls open and show, live; and what an agent starts by hand.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import web

from webhook_engine.console import byhand, forms
from webhook_engine.console.byhand import NotStarted
from webhook_engine.console.state import NotAllowed
from webhook_engine.errors import NotFound
from webhook_engine.store.users import Role

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from webhook_engine.console.visit import Visit
    from webhook_engine.service.stream import AgentStreams

CHECKED_S: Final = 30.0
"""How long a stream may go on after its reader was signed out."""

_STREAM: Final = "text/event-stream"


async def desktop(visit: Visit) -> web.StreamResponse:
    """
    The desktop of one's own extension; of another (`?agent=`) for administrators, who look and touch nothing.
    """
    definitions = visit.console.engine.definitions
    agent = _agent(visit)
    own = visit.who.extension
    return visit.page(
        "desktop.html",
        agent=agent,
        own=own,
        is_agent=definitions.is_agent(agent),
        is_looking=agent != own,
        agents=definitions.agents if visit.may_send else (),
        buttons=byhand.buttons_of(definitions),
    )


async def stream(visit: Visit) -> web.StreamResponse:
    """
    The agent's pops as Server-Sent Events, as long as the reader is signed in and may read them.
    """
    if _STREAM not in visit.request.headers.get("Accept", ""):
        raise web.HTTPNotAcceptable(reason="this address is read by the agent desktop")
    agent = _agent(visit)
    if not visit.console.engine.definitions.is_agent(agent):
        raise NotFound("agent", agent)
    streams = visit.console.streams if agent == visit.who.extension else visit.console.looking
    watching = asyncio.create_task(_watch(visit, agent, streams))
    try:
        return await streams.serve(visit.request, agent)
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _watch(visit: Visit, agent: str, streams: AgentStreams) -> None:
    """
    Ends the stream once whoever reads it may not any more.
    """
    while True:
        await asyncio.sleep(CHECKED_S)
        if not await _still_may(visit, agent):
            streams.end(visit.request)
            return


async def _still_may(visit: Visit, agent: str) -> bool:
    console = visit.console
    session = await console.sessions.load(visit.request, path=visit.url("home"))
    visitor = await console.visitor(visit.request, session)
    if visitor is None or not console.engine.definitions.is_agent(agent):
        return False
    return visitor.extension == agent or visitor.may(Role.ADMINISTRATOR)


async def run(visit: Visit) -> web.StreamResponse:
    """
    A manual webhook, with what the agent typed as DYNAMIC_PARAMETER.
    """
    agent = _own(visit)
    return await _told(
        byhand.press(
            visit.console.engine,
            agent,
            visit.given("webhook"),
            parameter=visit.given("parameter").strip(),
            call_id=visit.given("call"),
        ),
    )


async def link(visit: Visit) -> web.StreamResponse:
    """
    The webhook that a cell of an open table leads to.
    """
    agent = _own(visit)
    row, column = (forms.whole(visit.given(name)) for name in ("row", "column"))
    return await _told(
        byhand.follow(
            visit.console.engine,
            agent,
            visit.given("pop"),
            row=row if isinstance(row, int) else -1,
            column=column if isinstance(column, int) else -1,
            shown=visit.given("shown"),
        ),
    )


async def dismiss(visit: Visit) -> web.StreamResponse:
    """
    Close a pop, on all of the agent's screens.
    """
    if not visit.console.engine.pops.dismiss(_own(visit), visit.given("pop")):
        return _said("It is closed already.", is_refused=True)
    return _said("")


async def _told(starting: Coroutine[Any, Any, str]) -> web.Response:
    try:
        return _said(await starting)
    except (NotStarted, NotFound) as error:
        return _said(f"{error}.", is_refused=True)


def _said(text: str, *, is_refused: bool = False) -> web.Response:
    """
    A sentence for the agent, as the desktop's script reads it.
    """
    return web.Response(
        status=HTTPStatus.UNPROCESSABLE_ENTITY if is_refused else HTTPStatus.OK,
        body=orjson.dumps({"said": text}),
        content_type="application/json",
    )


def _agent(visit: Visit) -> str:
    """
    Whose desktop is asked for.

    Raises:
        NotAllowed: It is another's, and the visitor no administrator.
    """
    own, asked = visit.who.extension, visit.asked("agent")
    if asked and asked != own and not visit.who.may(Role.ADMINISTRATOR):
        raise NotAllowed("this is another agent's desktop")
    return asked or own


def _own(visit: Visit) -> str:
    """
    Raises:
        NotAllowed: The desktop is another's: whoever looks touches nothing.
    """
    own = visit.who.extension
    if visit.given("agent", own) != own:
        raise NotAllowed("only the agent starts and closes something at their desktop")
    return own
