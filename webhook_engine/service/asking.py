"""
A webhook asked or opened for an agent who waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from webhook_engine.errors import DispatchError, TemplateError, WrongType
from webhook_engine.failing import failed
from webhook_engine.pops.view import view_json
from webhook_engine.service.diagnosis import call_problems
from webhook_engine.service.reading import invalid, object_of
from webhook_engine.service.refusals import Code, Refusal, Wrong
from webhook_engine.variables import CallContext
from webhook_engine.variables.errors import VariableError

if TYPE_CHECKING:
    from webhook_engine.service.state import Service


async def ask(service: Service, request: web.Request) -> web.Response:
    """
    `POST /v1/webhooks/{name}/ask`.
    """
    service.check_running()
    name = request.match_info["name"]
    with service.asks.holding(1):
        call = await _call(service, request)
        try:
            view = await service.engine.ask(name, call)
        except WrongType as error:
            raise Refusal(
                Code.WRONG_TYPE,
                f"the webhook {name!r} is a page for the agent's browser: POST the same to …/{name}/open",
            ) from error
    return _json(view_json(view, service.engine.pops.bounds))


async def open_(service: Service, request: web.Request) -> web.Response:
    """
    `POST /v1/webhooks/{name}/open`.
    """
    name = request.match_info["name"]
    call = await _call(service, request)
    try:
        url = service.engine.open(name, call)
    except WrongType as error:
        raise Refusal(
            Code.WRONG_TYPE, f"the webhook {name!r} sends a request: POST the same to …/{name}/ask"
        ) from error
    except (DispatchError, TemplateError) as error:
        # Said as an agent is told it: where secrets are kept is not for clients.
        raise invalid([Wrong(path="call", message=failed(name, error).sentence)]) from error
    return _json({"url": url})


async def _call(service: Service, request: web.Request) -> CallContext:
    document = await object_of(service, request, "call")
    call = document.get("call")
    if call is None:
        raise invalid([Wrong(path="call", message="is missing")])
    if isinstance(call, dict):
        try:
            return CallContext.from_json(call)
        except VariableError:
            pass  # told below, with whatever else is wrong
    raise invalid(call_problems(call))


def _json(document: object) -> web.Response:
    return web.Response(body=orjson.dumps(document), content_type="application/json")
