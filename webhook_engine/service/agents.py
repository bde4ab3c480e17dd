"""
An agent's screen: followed, and closed pop by pop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from webhook_engine.errors import NotFound
from webhook_engine.service.refusals import Code, later

if TYPE_CHECKING:
    from webhook_engine.service.state import Service


async def follow(service: Service, request: web.Request) -> web.StreamResponse:
    """
    `GET /v1/agents/{extension}/stream`.
    """
    service.check_running()
    agent = _agent(service, request)
    if len(service.streams) >= service.settings.streams:
        raise later(
            Code.BUSY,
            f"{len(service.streams):,} streams are open",
            after_s=service.settings.stream.heartbeat_s,
        )
    with service.revoking.watching(request):
        return await service.streams.serve(request, agent)


async def dismiss(service: Service, request: web.Request) -> web.Response:
    """
    `POST /v1/agents/{extension}/pops/{id}/dismiss`.
    """
    agent, pop = _agent(service, request), request.match_info["id"]
    if not service.engine.pops.dismiss(agent, pop):
        raise NotFound("open pop", pop)
    return web.Response(status=204)


def _agent(service: Service, request: web.Request) -> str:
    """
    Raises:
        NotFound: No agent has that extension.
    """
    extension = request.match_info["extension"]
    known = {agent.extension for agent in service.engine.definitions.agents}
    if extension not in known:
        raise NotFound("agent", extension, known=known)
    return extension
