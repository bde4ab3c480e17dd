"""
The service in OpenAPI's words: one document, built once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from webhook_engine.queue import State
from webhook_engine.service.deliveries import LONGEST_PAGE, PAGE
from webhook_engine.service.events import LINES
from webhook_engine.service.refusals import CODES, Code
from webhook_engine.service.routes import ENDPOINTS
from webhook_engine.service.schemas import SCHEMAS, Schema, ref

_JSON: Final = "application/json"

# Which codes each kind of endpoint answers with, besides what its operation names.
_KEYED = (Code.UNAUTHORIZED, Code.FORBIDDEN)
_BODIED = (Code.UNREADABLE, Code.SLOW, Code.TOO_LARGE, Code.MEDIA_TYPE, Code.INVALID, Code.BUSY)


def _path(name: str, says: str) -> Schema:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": says,
        "schema": {"type": "string"},
    }


def _query(name: str, says: str, schema: Schema | None = None) -> Schema:
    return {"name": name, "in": "query", "description": says, "schema": schema or {"type": "string"}}


def _content(kind: str, schema: Schema) -> Schema:
    return {"content": {kind: {"schema": schema}}}


def _body(schema: Schema) -> Schema:
    return {"required": True, **_content(_JSON, schema)}


def _ok(says: str, name: str, status: int = 200) -> dict[str, Schema]:
    return {str(status): {"description": says, **_content(_JSON, ref(name))}}


_EVENTS_BODY: Schema = {
    "required": True,
    "content": {
        _JSON: {"schema": {"anyOf": [ref("Event"), {"type": "array", "items": ref("Event"), "minItems": 1}]}},
        **{kind: {"schema": {"type": "string", "description": "One event on each line."}} for kind in LINES},
    },
}

_FILTERS = [
    _query("state", "Only in this state.", {"type": "string", "enum": list(State)}),
    _query("webhook", "Only of this webhook."),
    _query("target", "Only to this target system, host:port."),
    _query("event", "Only of the event with this id."),
]

_RESUME: list[Schema] = [
    {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "The last message that was seen; what came after it comes first.",
        "schema": {"type": "string"},
    },
    _query("lastEventId", "The same, for clients that cannot set the header."),
]

_WEBHOOK = _path("name", "The webhook's name, percent-encoded.")
_AGENT = _path("extension", "The agent's full extension, such as 100-Euphoria.")

_OPERATIONS: Mapping[tuple[str, str], Schema] = {
    ("POST", "/v1/events"): {
        "operationId": "acceptEvents",
        "summary": "Hand in call events: one, a list, or one on each line.",
        "description": (
            "All of them or none. Answered when the durable deliveries they start are on the disk; windows and "
            "lookups go to the agents' streams."
        ),
        "requestBody": _EVENTS_BODY,
        "responses": _ok("All are accepted, and on the disk.", "Accepted", 202),
        "codes": [*_BODIED, Code.UNAVAILABLE],
    },
    ("POST", "/v1/webhooks/{name}/ask"): {
        "operationId": "askWebhook",
        "summary": "Ask a target system for an agent, within the webhook's deadline.",
        "description": "What came of it, failures of the target system included, is the view's outcome.",
        "parameters": [_WEBHOOK],
        "requestBody": _body(ref("Asking")),
        "responses": _ok("What the agent sees.", "View"),
        "codes": [*_BODIED, Code.NOT_FOUND, Code.WRONG_TYPE, Code.UNAVAILABLE],
    },
    ("POST", "/v1/webhooks/{name}/open"): {
        "operationId": "openWebhook",
        "summary": "The address of a browser window; nothing is sent.",
        "parameters": [_WEBHOOK],
        "requestBody": _body(ref("Asking")),
        "responses": _ok("The address.", "Address"),
        "codes": [*_BODIED, Code.NOT_FOUND, Code.WRONG_TYPE, Code.DISABLED],
    },
    ("POST", "/v1/webhooks/{name}/resume"): {
        "operationId": "resumeWebhook",
        "summary": "Let deliveries go that are kept back because their target was gone.",
        "parameters": [_WEBHOOK],
        "responses": _ok("How many waited for that.", "Resumed"),
        "codes": [Code.NOT_FOUND, Code.DISABLED, Code.UNAVAILABLE],
    },
    ("GET", "/v1/holds"): {
        "operationId": "listHolds",
        "summary": "Webhooks whose deliveries are kept back, and why.",
        "responses": _ok("They.", "Holds"),
        "codes": [Code.UNAVAILABLE],
    },
    ("GET", "/v1/agents/{extension}/stream"): {
        "operationId": "followAgent",
        "summary": "What the agent's screen shows, as Server-Sent Events.",
        "parameters": [_AGENT, *_RESUME],
        "responses": {
            "200": {
                "description": "Messages until either side ends it.",
                **_content("text/event-stream", {"type": "string"}),
            }
        },
        "codes": [Code.NOT_FOUND, Code.BUSY, Code.UNAVAILABLE],
    },
    ("POST", "/v1/agents/{extension}/pops/{id}/dismiss"): {
        "operationId": "dismissPop",
        "summary": "The agent has closed a pop: it is withdrawn on all their screens.",
        "parameters": [_AGENT, _path("id", "The pop's id.")],
        "responses": {"204": {"description": "It is closed."}},
        "codes": [Code.NOT_FOUND],
    },
    ("GET", "/v1/deliveries"): {
        "operationId": "listDeliveries",
        "summary": "Deliveries, the newest first.",
        "parameters": [
            *_FILTERS,
            _query(
                "limit",
                "Of one page.",
                {"type": "integer", "minimum": 1, "maximum": LONGEST_PAGE, "default": PAGE},
            ),
            _query("after", "What the page before gave as its `after`."),
        ],
        "responses": _ok("One page.", "Deliveries"),
        "codes": [Code.INVALID, Code.UNAVAILABLE],
    },
    ("POST", "/v1/deliveries/replay"): {
        "operationId": "replayDeliveries",
        "summary": "Offer deliveries again that are dead, or done where the filter says so.",
        "requestBody": _body(ref("Replaying")),
        "responses": _ok("How many.", "Replayed"),
        "codes": [*_BODIED, Code.UNAVAILABLE],
    },
    ("POST", "/v1/deliveries/drop"): {
        "operationId": "dropDeliveries",
        "summary": "Give deliveries up that wait.",
        "requestBody": _body(ref("Dropping")),
        "responses": _ok("How many.", "Dropped"),
        "codes": [*_BODIED, Code.UNAVAILABLE],
    },
    ("GET", "/v1/deliveries/{id}"): {
        "operationId": "showDelivery",
        "summary": "One delivery with its call and its attempts.",
        "parameters": [_path("id", "The delivery's id.")],
        "responses": _ok("The delivery.", "DeliveryInFull"),
        "codes": [Code.NOT_FOUND, Code.UNAVAILABLE],
    },
    ("GET", "/v1/deliveries/{id}/explanation"): {
        "operationId": "explainDelivery",
        "summary": "Why it was started, what its request was made of, and what came of each attempt.",
        "parameters": [_path("id", "The delivery's id.")],
        "responses": _ok("The explanation.", "Explanation"),
        "codes": [Code.NOT_FOUND, Code.UNAVAILABLE],
    },
    ("GET", "/v1/health"): {
        "operationId": "health",
        "summary": "Whether the process answers.",
        "responses": _ok("It does.", "Health"),
        "codes": [],
    },
    ("GET", "/v1/ready"): {
        "operationId": "ready",
        "summary": "Whether events are accepted.",
        "responses": _ok("They are.", "Readiness"),
        "codes": [Code.UNAVAILABLE],
    },
    ("GET", "/v1/openapi.json"): {
        "operationId": "openapi",
        "summary": "This document.",
        "responses": {"200": {"description": "It.", **_content(_JSON, {"type": "object"})}},
        "codes": [],
    },
    ("GET", "/metrics"): {
        "operationId": "metrics",
        "summary": "Counts and gauges for Prometheus.",
        "responses": {"200": {"description": "They.", **_content("text/plain", {"type": "string"})}},
        "codes": [],
    },
}


def _error(code: Code) -> Schema:
    found: Schema = {"description": f"`{code}`: {CODES[code].says}.", **_content(_JSON, ref("Error"))}
    if code in {Code.BUSY, Code.UNAVAILABLE}:
        found["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    if code in _KEYED:
        found["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return found


def _paths() -> Schema:
    paths: dict[str, dict[str, object]] = {}
    for endpoint in ENDPOINTS:
        operation = dict(_OPERATIONS[endpoint.method, endpoint.path])
        codes = operation.pop("codes")
        assert isinstance(codes, list)  # noqa: S101  # as written above
        if endpoint.scope is not None:
            operation["security"] = [{"key": []}]
            operation["description"] = " ".join(
                filter(None, (str(operation.get("description", "")), f"Needs the scope `{endpoint.scope}`."))
            )
            codes = [*_KEYED, *codes]
        responses = operation["responses"]
        assert isinstance(responses, dict)  # noqa: S101  # as written above
        named = sorted({*codes, Code.INTERNAL}, key=lambda code: CODES[code].status)
        operation["responses"] = responses | {str(CODES[code].status): _error(code) for code in named}
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    return dict(paths)


DOCUMENT: Final[Schema] = {
    "openapi": "3.1.0",
    "info": {
        "title": "webhook-engine",
        "version": "1",
        "summary": "Call events in, and what agents see out.",
    },
    "paths": _paths(),
    "components": {
        "schemas": dict(SCHEMAS),
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
    },
}
"""OpenAPI 3.1."""
