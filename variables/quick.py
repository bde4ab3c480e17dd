"""
The everyday event as JSON, read in one pass.

Most events are sent by a platform that always writes the same: documented facts, each a line of text. Such
an event is checked while it is read. Where anything is out of the ordinary, nothing is read here, and
`event_from_json` says what it is or what is wrong with it.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from .call import VARIABLE_NAME, CallContext, Value
from .frozen import FrozenMapping
from .moments import Direction, Disposition, Moment
from .table import VARIABLES
from .tokens import FACT_OF

if TYPE_CHECKING:
    from .event import CallEvent

_MOMENTS: Mapping[object, Moment] = MappingProxyType({str(each): each for each in Moment})
_WORDS: Mapping[str, Mapping[object, object]] = MappingProxyType(
    {
        "CALL_DIR": {str(each): each for each in Direction},
        "CALL_DISPOSITION": {str(each): each for each in Disposition},
    }
)
_FREE = frozenset({"CALLERID_NAME", "CALL_NOTES", "CALL_OUTCOME", "DYNAMIC_PARAMETER"})
"""Texts that may hold line breaks."""

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LONGEST_S = 999_999_999

_SLOTS = {name: getattr(CallContext, name).__set__ for name in CallContext.__slots__}
"""Frozen from the first moment that anybody else sees it: nothing is set twice."""

_AT, _EXTRA = _SLOTS["at"], _SLOTS["extra"]
_SET = {name: _SLOTS[fact] for name, fact in FACT_OF.items()}
_BLANK = tuple(
    (_SLOTS[fact], None if fact in {"direction", "disposition", "duration_s"} else "")
    for fact in FACT_OF.values()
)
_NOTHING: FrozenMapping[Value] = FrozenMapping()


def read(kind: "type[CallEvent]", document: Mapping[str, Any]) -> "CallEvent | None":
    """
    The event; None where it takes a closer look.
    """
    stated = document.get("moment")
    moment = _MOMENTS.get(stated) if isinstance(stated, str) else None
    told = document.get("call")
    if moment is None or type(told) is not dict:
        return None
    at: datetime | None = None
    known = 2
    if "at" in document:
        known += 1
        at = _time(document["at"])
        if at is None:
            return None
    if "id" in document:
        known += 1
        name = document["id"]
        if type(name) is not str or not 0 < len(name) <= 200 or not name.isprintable():
            return None
    else:
        name = uuid4().hex
    call = _call(told, at) if known == len(document) else None
    return None if call is None else kind._checked(moment, call, name, at or call.at)


def _call(told: dict[str, Any], at: datetime | None) -> CallContext | None:
    call = object.__new__(CallContext)
    for put, nothing in _BLANK:
        put(call, nothing)
    extra = _NOTHING
    for name, value in told.items():
        put = _SET.get(name)
        if put is None:
            if name == "at":
                at = _time(value)
                if at is None:
                    return None
            elif name == "extra":
                found = _extra(value)
                if found is None:
                    return None
                extra = found
            else:
                return None
        elif type(value) is not str:
            if name != "CALL_DURATION" or type(value) is not int or not 0 <= value <= _LONGEST_S:
                return None
            put(call, value)
        elif name in _WORDS:
            word = _WORDS[name].get(value)
            if word is None:
                return None
            put(call, word)
        elif value.isprintable() or (name in _FREE and not _SURROGATE.search(value)):
            if name == "CALL_DURATION":
                return None
            put(call, value)
        else:
            return None
    _AT(call, at or datetime.now(UTC))
    _EXTRA(call, extra)
    return call


def _extra(told: object) -> FrozenMapping[Value] | None:
    if type(told) is not dict:
        return None
    for name, value in told.items():
        if type(value) is not str or not value.isprintable():
            return None
        if type(name) is not str or not VARIABLE_NAME.match(name) or name in VARIABLES:
            return None
    return FrozenMapping(cast("dict[str, Value]", told)) if told else _NOTHING


def _time(stated: object) -> datetime | None:
    if type(stated) is not str:
        return None
    try:
        at = datetime.fromisoformat(stated)
    except ValueError:
        return None
    return at if at.utcoffset() is not None and 1 < at.year < 9999 else None
