"""
A small CRM on loopback: the target system of the demo and of the README.

It keeps customers and orders, speaks JSON and XML, wants a key of each agent
for orders, refuses some callers with status 200, and can be slow. What it is
asked to echo it reads with ordinary parsers, so that it shows what a target
system would have understood.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType

import orjson
import xmltodict
from aiohttp import web

PORT = 8765
"""Where `examples/integration.toml` looks for it."""

AGENT_KEYS: Mapping[str, str] = MappingProxyType({"CRM_KEY_100": "demo-key-of-agent-100"})
"""The keys that the CRM gave to agents, by the environment variable that holds each."""

_CUSTOMERS: tuple[dict[str, object], ...] = (
    {
        "id": 1001,
        "properties": {
            "name": "Thandi Mokoena",
            "company": "Umlazi Timber (Pty) Ltd",
            "phone": "+27821234567",
            "city": "Durban",
            "since": "2019-04-01",
        },
        "phones": [
            {"label": "work", "value": "+27315550100"},
            {"label": "mobile", "value": "+27821234567"},
        ],
        "owner": [7, "Sipho Dlamini"],
        "tags": ["gold", "timber"],
    },
)

_ORDERS: Mapping[str, list[dict[str, object]]] = MappingProxyType(
    {
        "1001": [
            {"order": "A-77", "placed": "2026-02-11", "total": 1499.90, "state": "delivered"},
            {
                "order": "A-93",
                "placed": "2026-03-01",
                "total": 310.00,
                "state": "packed",
                "note": "call first",
            },
        ]
    }
)

SLOW_S = 30.0
"""How long `/api/credit` takes; no agent waits for it."""

routes = web.RouteTableDef()


def _json(document: object, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(document), status=status, content_type="application/json")


def _xml(document: Mapping[str, object]) -> web.Response:
    text = xmltodict.unparse(dict(document))
    return web.Response(text=text, content_type="text/xml")


def _with_phone(number: str) -> list[dict[str, object]]:
    return [each for each in _CUSTOMERS if number in str(each)]


@routes.get("/customers/{tag}")
async def page(request: web.Request) -> web.Response:
    """
    A page for the agent's browser.
    """
    return web.Response(text=f"<h1>Customer {int(request.match_info['tag'])}</h1>", content_type="text/html")


@routes.get("/api/{call_queue}/contacts")
async def contacts(request: web.Request) -> web.Response:
    """
    Customers by telephone number, as JSON under an envelope.
    """
    found = _with_phone(request.query.get("phone", "-"))
    return _json({"total": len(found), "results": found})


@routes.get("/xml/contacts")
async def contacts_as_xml(request: web.Request) -> web.Response:
    """
    The same customers as XML.
    """
    found = _with_phone(request.query.get("phone", "-"))
    return _xml(
        {"XML": {"results": [{"id": each["id"], "properties": each["properties"]} for each in found]}}
    )


@routes.get("/api/customers/{id}/orders")
async def orders(request: web.Request) -> web.Response:
    """
    The orders of one customer; a customer without orders is answered with 204.
    """
    found = _ORDERS.get(request.match_info["id"])
    return _json(found) if found else web.Response(status=204)


@routes.post("/api/orders")
async def place_order(request: web.Request) -> web.Response:
    """
    An order, which only an agent with a key of their own may place.
    """
    if request.headers.get("X-Api-Key") not in AGENT_KEYS.values():
        return _json({"error": "This key is nobody's"}, status=401)
    wanted = orjson.loads(await request.read())
    return _json({"order": "A-94", "customer": wanted["customer"], "state": "placed"}, status=201)


@routes.post("/api/calls")
async def log_call(request: web.Request) -> web.Response:
    """
    A disposed call, as JSON.
    """
    call = orjson.loads(await request.read())
    return _json(
        {"logged": {"id": 5012, "outcome": call["outcome"], "seconds": call["duration"]}}, status=201
    )


@routes.post("/xml/calls")
async def log_call_as_xml(request: web.Request) -> web.Response:
    """
    A disposed call, as XML.
    """
    call = xmltodict.parse(await request.read())["call"]
    return _xml({"XML": {"Status": "Success", "Number": call["contact"]["number"]}})


@routes.get("/xml/account")
async def account(_: web.Request) -> web.Response:
    """
    A refusal as many systems send it: status 200, the truth in the body.
    """
    return _xml({"XML": {"Error": "Account suspended: see accounts department"}})


@routes.get("/api/credit")
async def credit(_: web.Request) -> web.Response:
    """
    An answer that comes too late for anybody.
    """
    await asyncio.sleep(SLOW_S)
    return _json({"credit": "good"})


@routes.route("*", "/echo/{rest:.*}")
async def echo(request: web.Request) -> web.Response:
    """
    What a target system understands of a request: the value of each part, read by ordinary parsers.
    """
    understood: dict[str, object] = {"path": request.match_info["rest"], "query": dict(request.query)}
    if "X-Caller" in request.headers:
        understood["header"] = request.headers["X-Caller"]
    if "X-Admin" in request.headers:
        understood["injected"] = request.headers["X-Admin"]
    body = await request.read()
    if request.content_type == "application/json":
        understood["body"] = orjson.loads(body)
    elif request.content_type.endswith("xml"):
        understood["body"] = xmltodict.parse(body)
    elif body:
        understood["body"] = dict(await request.post())
    return _json({"understood": understood})


@asynccontextmanager
async def serve(port: int | None = None) -> AsyncIterator[int]:
    """
    The CRM, listening on loopback.

    Args:
        port: Where to listen, `PORT` when left out; another one is taken where it is in use.

    Yields:
        The port.
    """
    application = web.Application()
    application.add_routes(routes)
    # No access log and no signal handlers: this is a guest in the caller's process.
    runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=0.1)
    await runner.setup()
    try:
        listener = _listener(PORT if port is None else port)
        await web.SockSite(runner, listener).start()
        yield listener.getsockname()[1]
    finally:
        await runner.cleanup()


def _listener(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        return socket.create_server(("127.0.0.1", 0))
