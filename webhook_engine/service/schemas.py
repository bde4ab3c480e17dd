"""
What the service's JSON looks like, for its OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from webhook_engine.performing import DISABLED, GONE
from webhook_engine.queue import State
from webhook_engine.responses import Outcome
from webhook_engine.service.refusals import Code
from webhook_engine.variables import Moment
from webhook_engine.variables.tokens import FACT_OF

Schema = dict[str, object]


def ref(name: str) -> Schema:
    """
    One of `SCHEMAS`, by its name.
    """
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Mapping[str, Schema], *, optional: tuple[str, ...] = ()) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _text(says: str = "", **more: object) -> Schema:
    return {"type": "string", **({"description": says} if says else {}), **more}


def _sentence(says: str) -> Schema:
    return {"type": ["string", "null"], "description": says}


def _whole(says: str = "", **more: object) -> Schema:
    return {"type": "integer", "minimum": 0, **({"description": says} if says else {}), **more}


def _list(of: Schema, **more: object) -> Schema:
    return {"type": "array", "items": of, **more}


_TIME = _text(format="date-time")
_ID = _text("56 hexadecimal digits; sent to the target system as Idempotency-Key.", pattern="^[0-9a-f]{56}$")
_NAMES = ("CALLERID", "EXTENSION_NO", "DATETIME", "DATETIME_DATE", "DATETIME_TIME")
"""Variables that are made of others, and are taken apart."""

_CALL: Schema = {
    "type": "object",
    "description": "What is known of the call, under the documented names; what is left out is not known.",
    "properties": {
        **{name: {"type": ["string", "integer"]} for name in (*FACT_OF, *_NAMES)},
        "at": _TIME,
        "extra": {
            "type": "object",
            "description": "Custom variables, by name.",
            "additionalProperties": {"type": ["string", "number", "boolean"]},
        },
    },
    "additionalProperties": False,
}

_DELIVERY: dict[str, Schema] = {
    "id": _ID,
    "event": _text("The id of the event that started it; a chained one's is made of it."),
    "webhook": _text(),
    "target": _text("host:port of the target system."),
    "state": _text(enum=list(State)),
    "put_at": _TIME,
    "until": {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "When its state ends by itself; of what is done or dead, since when.",
    },
    "attempts": _whole(),
    "failures": _whole("Attempts that failed and counted."),
    "reason": _text("Why it is dead, or waits."),
    "happened": _sentence("The reason in words: what happened; null where there is none of ours."),
    "to_do": _sentence("What to do about it."),
}

_FILTER = _object(
    {"state": _DELIVERY["state"], "webhook": _text(), "target": _text(), "event": _text()},
    optional=("state", "webhook", "target", "event"),
)


def _bulk(word: str, **more: Schema) -> Schema:
    return {
        **_object({"ids": _list(_text()), "filter": _FILTER, **more}, optional=("ids", "filter", *more)),
        "oneOf": [{"required": ["ids"]}, {"required": ["filter"]}],
        "description": f"What is {word}: by id, or by what a filter finds.",
    }


def _done(word: str) -> Schema:
    return _object(
        {
            word: _whole("How many; those in other states are left as they are."),
            "more": {"type": "boolean", "description": "Whether there may be more: ask again."},
        }
    )


SCHEMAS: Mapping[str, Schema] = MappingProxyType(
    {
        "Call": _CALL,
        "Event": _object(
            {
                "id": _text(
                    "The same id twice is one event. Made up where left out.", minLength=1, maxLength=200
                ),
                "moment": _text(enum=list(Moment)),
                "at": _text("When it happened; the call's time where left out.", format="date-time"),
                "call": ref("Call"),
            },
            optional=("id", "at"),
        ),
        "Accepted": _object(
            {
                "accepted": _list(
                    _object(
                        {
                            "id": _text("The event's."),
                            "deliveries": _list(
                                _object({"id": _ID, "webhook": _text()}),
                                description="The durable deliveries it started, which are on the disk.",
                            ),
                        }
                    ),
                    description="One for each event, in their order.",
                )
            }
        ),
        "Asking": _object({"call": ref("Call")}),
        "View": _object(
            {
                "outcome": _text(enum=list(Outcome)),
                "sentence": _text("One line for the agent; text, never markup."),
                "status": {"type": ["integer", "null"], "description": "HTTP status of the target system."},
                "columns": _list(
                    _object(
                        {
                            "path": _text(),
                            "label": _text(),
                            "link": {
                                "type": ["string", "null"],
                                "description": "The webhook a cell leads to, as its DYNAMIC_PARAMETER.",
                            },
                        }
                    )
                ),
                "rows": _list(_list({"type": ["string", "number", "boolean", "null"]})),
                "rows_left_out": _whole(),
                "attempts": _whole("How many times it was tried; 0 where nothing was sent."),
            }
        ),
        "Address": _object({"url": _text("To open in the agent's browser.", format="uri")}),
        "Delivery": _object(_DELIVERY),
        "Deliveries": _object(
            {
                "deliveries": _list(ref("Delivery")),
                "after": {"type": ["string", "null"], "description": "Where the next page begins."},
            }
        ),
        "DeliveryInFull": _object(
            {
                **_DELIVERY,
                "moment": {"type": ["string", "null"], "enum": [*Moment, None]},
                "at": {"type": ["string", "null"], "format": "date-time"},
                "call": {"anyOf": [ref("Call"), {"type": "null"}]},
                "records": _list(ref("Attempt")),
            }
        ),
        "Explanation": _object(
            {
                "event": _text("The event's id."),
                "moment": _text(enum=[*Moment]),
                "values": {"type": "object", "description": "What the rules' conditions read."},
                "rules": _list({"type": "object"}),
                "starts": _list(
                    {
                        "type": "object",
                        "description": "Its variables with their sources and encoders, its request, its attempts.",
                    }
                ),
                "webhooks": _list({"type": "object"}),
                "delivery": {"type": ["object", "null"]},
                "recorded": {"type": "boolean", "description": "False: it is of a delivery."},
                "notes": _list(_text()),
                "lines": _list(
                    _object({"depth": _whole("In steps."), "text": _text(), "tone": _text()}),
                    description="The same for people.",
                ),
            }
        ),
        "Attempt": _object(
            {
                "number": _whole(),
                "at": _TIME,
                "outcome": _text("Such as ok, target-failed or maybe-delivered."),
                "status": {"type": ["integer", "null"]},
                "took_s": {"type": "number", "description": "Seconds."},
                "detail": {
                    "type": "object",
                    "description": "Request, response and error: bounded, and without secrets.",
                },
            }
        ),
        "Replaying": _bulk(
            "replayed",
            expires_s={
                "type": "number",
                "exclusiveMinimum": 0,
                "description": "Seconds until it is given up.",
            },
        ),
        "Replayed": _done("replayed"),
        "Dropping": _bulk("dropped", reason=_text(minLength=1, maxLength=200)),
        "Dropped": _done("dropped"),
        "Holds": _object(
            {
                "holds": _list(
                    _object(
                        {
                            "webhook": _text(),
                            "reason": _text("Why.", enum=[GONE, DISABLED]),
                            "since": _TIME,
                        }
                    )
                )
            }
        ),
        "Resumed": _object({"resumed": _whole("How many deliveries waited for that.")}),
        "Health": _object({"status": _text(const="ok")}),
        "Readiness": _object({"status": _text(const="ready")}),
        "Error": _object(
            {
                "error": _object(
                    {
                        "code": _text(enum=list(Code)),
                        "message": _text(),
                        "problems": _list(ref("Problem")),
                    }
                )
            }
        ),
        "Problem": _object(
            {
                "path": _text("Where, such as call.CALL_DIR; empty for the whole."),
                "message": _text(),
                "index": _whole("Which event of the request, from 0."),
                "line": _whole("Its line of the body, from 1, where each line is an event."),
            },
            optional=("index", "line"),
        ),
    }
)
