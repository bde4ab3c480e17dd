"""
Every address of the service, on one page.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

from webhook_engine.service import agents, asking, deliveries, events, explaining, holds, probes
from webhook_engine.service.keys import Scope

if TYPE_CHECKING:
    from aiohttp import web

    from webhook_engine.service.state import Service

    Handle = Callable[[Service, web.Request], Awaitable[web.StreamResponse]]


class Endpoint(NamedTuple):
    """
    What is done at one address.
    """

    method: str
    path: str

    scope: Scope | None
    """What a key must be for; None where nobody needs one."""

    handle: Handle


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("POST", "/v1/events", Scope.EVENTS, events.accept),
    Endpoint("POST", "/v1/webhooks/{name}/ask", Scope.ASK, asking.ask),
    Endpoint("POST", "/v1/webhooks/{name}/open", Scope.ASK, asking.open_),
    Endpoint("POST", "/v1/webhooks/{name}/resume", Scope.DELIVERIES, holds.resume),
    Endpoint("GET", "/v1/holds", Scope.DELIVERIES, holds.list_),
    Endpoint("GET", "/v1/agents/{extension}/stream", Scope.STREAM, agents.follow),
    Endpoint("POST", "/v1/agents/{extension}/pops/{id}/dismiss", Scope.STREAM, agents.dismiss),
    Endpoint("GET", "/v1/deliveries", Scope.DELIVERIES, deliveries.list_),
    Endpoint("POST", "/v1/deliveries/replay", Scope.DELIVERIES, deliveries.replay),
    Endpoint("POST", "/v1/deliveries/drop", Scope.DELIVERIES, deliveries.drop),
    Endpoint("GET", "/v1/deliveries/{id}", Scope.DELIVERIES, deliveries.show),
    Endpoint("GET", "/v1/deliveries/{id}/explanation", Scope.DELIVERIES, explaining.explain),
    Endpoint("GET", "/v1/health", None, probes.health),
    Endpoint("GET", "/v1/ready", None, probes.ready),
    Endpoint("GET", "/v1/openapi.json", None, probes.openapi),
    Endpoint("GET", "/metrics", Scope.METRICS, probes.metrics),
)
