"""
What every request passes: its key, its errors, its headers, its count.
"""

from __future__ import annotations

import logging
from time import perf_counter
from typing import TYPE_CHECKING

from aiohttp import web

from webhook_engine import log
from webhook_engine.errors import WebhookEngineError
from webhook_engine.service.keys import KEY, admit
from webhook_engine.service.refusals import Code, Refusal, refusal_of, refusal_of_http

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

    from webhook_engine.service.routes import Endpoint
    from webhook_engine.service.state import Service

_ENDPOINT = web.RequestKey("webhook_engine.endpoint", str)
_IS_NOTED = web.RequestKey("webhook_engine.is_noted", bool)
_NOWHERE = "none"
_UNENDING = "/v1/agents/{extension}/stream"

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # The versions of what runs here are nobody's business.
    "Server": "webhook-engine",
}

_standard = logging.getLogger(log.NAME)


def guarded(service: Service, endpoint: Endpoint) -> Handler:
    """
    The endpoint's handler for those who may use it.
    """

    async def handle(request: web.Request) -> web.StreamResponse:
        request[_ENDPOINT], request[_IS_NOTED] = endpoint.path, endpoint.scope is not None
        if endpoint.scope is not None:
            await admit(request, service.keys, endpoint.scope)
        return await endpoint.handle(service, request)

    return handle


def door(service: Service) -> Middleware:
    """
    Turns errors into their shape, and counts.
    """

    @web.middleware
    async def pass_through(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = perf_counter()
        try:
            response = await handler(request)
        except (Refusal, WebhookEngineError, web.HTTPException) as error:
            response = _refused(service, request, error)
        except ConnectionError:
            if request.transport is not None and not request.transport.is_closing():
                response = _failed(request)
            else:
                # The client has gone and nobody reads this; what is raised, aiohttp logs as an error of ours.
                return web.Response(status=400)
        except Exception:
            response = _failed(request)
        endpoint = request.get(_ENDPOINT, _NOWHERE)
        service.metrics.requests.labels(endpoint, str(response.status)).inc()
        took_s = perf_counter() - began
        if endpoint != _UNENDING:
            service.metrics.request_s.labels(endpoint).observe(took_s)
        # Probes are nobody's business.
        if service.noting is not None and request.get(_IS_NOTED):
            service.noting.note(f"{request.method} {endpoint}", request.get(KEY), response, took_s)
        return response

    return pass_through


def _refused(service: Service, request: web.Request, error: Exception) -> web.Response:
    if isinstance(error, Refusal):
        refusal: Refusal | None = error
    elif isinstance(error, web.HTTPException):
        refusal = refusal_of_http(error)
    else:
        assert isinstance(error, WebhookEngineError)  # noqa: S101  # what is left of those that are caught
        refusal = refusal_of(error, after_s=service.settings.retry_after_s)
    if refusal is None:
        return _failed(request)
    said = str(error) if isinstance(error, WebhookEngineError) else refusal.message
    log.event(
        "request.refused",
        method=request.method,
        endpoint=request.get(_ENDPOINT, _NOWHERE),
        code=str(refusal.code),
        # What is wrong with a call quotes the call, which belongs to nobody's log.
        why="" if refusal.code is Code.INVALID else said,
    )
    return refusal.answer()


def _failed(request: web.Request) -> web.Response:
    """
    The answer to what nobody foresaw; called where the error is being handled, which only the log is told.
    """
    _standard.exception("request.failed", extra={"endpoint": request.get(_ENDPOINT, _NOWHERE)})
    return Refusal(Code.INTERNAL, "the service failed at this; its log has the cause").answer()


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """
    For an application's `on_response_prepare`: what every answer says, streams included.
    """
    for name, value in HEADERS.items():
        response.headers[name] = value
