"""
Calls and their events as JSON.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

from .call import CallContext, Value
from .errors import InvalidCall
from .frozen import FrozenMapping
from .tokens import FACT_OF, facts_from_tokens

if TYPE_CHECKING:
    from .event import CallEvent

Document = str | bytes | Mapping[str, object]

_FACTS = attrgetter(*FACT_OF.values())

_EVENT_KEYS = frozenset({"id", "moment", "at", "call"})


def call_to_json(call: CallContext) -> dict[str, object]:
    """
    Documented names, then `at` and `extra`; what is not known is left out.
    """
    document: dict[str, object] = {}
    for name, value in zip(FACT_OF, _FACTS(call), strict=True):
        if value is not None and value != "":
            # What is a kind of text, such as a word of ours, becomes plain text.
            document[name] = value if type(value) is str or isinstance(value, int) else str(value)
    document["at"] = call.at.isoformat()
    if call.extra:
        document["extra"] = cast("FrozenMapping[Value]", call.extra).copy()
    return document


def call_from_json(document: Document, *, at: datetime | None = None) -> dict[str, Any]:
    """
    The arguments of `CallContext` for a JSON document.
    """
    tokens = dict(_object("call", document))
    stated = tokens.pop("at", None)
    extra = _object("extra", cast("Document", tokens.pop("extra", None) or {}))
    when = _time("at", stated) if stated is not None else at
    return facts_from_tokens(tokens, extra=cast("Mapping[str, Value]", extra), at=when)


def event_to_json(event: "CallEvent") -> dict[str, object]:
    """
    `{"id", "moment", "at", "call"}`.
    """
    call = call_to_json(event.call)
    at = call["at"] if event.at is event.call.at else event.at.isoformat()
    return {"id": event.id, "moment": event.moment.value, "at": at, "call": call}


def event_from_json(document: Document) -> dict[str, Any]:
    """
    The arguments of `CallEvent` for a JSON document.
    """
    found = _object("event", document)
    for key in found:
        if key not in _EVENT_KEYS:
            raise InvalidCall(key, f"is no part of an event; an event has {', '.join(sorted(_EVENT_KEYS))}")
    for key in ("moment", "call"):
        if key not in found:
            raise InvalidCall(key, "is missing from the event")
    arguments: dict[str, Any] = {"moment": found["moment"]}
    if "id" in found:
        arguments["id"] = found["id"]
    at = _time("at", found["at"]) if "at" in found else None
    if at is not None:
        arguments["at"] = at
    # A call that states no time of its own happened when its event did.
    call = call_from_json(cast("Document", found["call"]), at=at)
    arguments["call"] = CallContext(**call)
    return arguments


def _object(name: str, document: Document) -> Mapping[str, object]:
    found: object = document
    if isinstance(document, str | bytes):
        try:
            found = json.loads(document)
        except (ValueError, RecursionError) as error:
            raise InvalidCall(name, f"is no JSON: {error}") from error
    if not isinstance(found, Mapping):
        raise InvalidCall(name, f"must be a JSON object, not {type(found).__name__}")
    return found


def _time(name: str, value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise InvalidCall(name, f"is {value!r}; write a time such as 2026-11-22T10:00:00+02:00") from None
