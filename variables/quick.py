"""
The everyday event as JSON, read in one pass.

Most events are sent by a platform that always writes the same: documented facts, each a line of text. Such
an event is checked while it is read. Where anything is out of the ordinary, nothing is read here, and
`event_from_json` says what it is or what is wrong with it.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
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
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LONGEST_S = 999_999_999
_LONGEST_NAME = 64

_SLOTS = {name: getattr(CallContext, name).__set__ for name in CallContext.__slots__}
"""Frozen from the first moment that anybody else sees it: nothing is set twice."""

_AT, _EXTRA = _SLOTS["at"], _SLOTS["extra"]
_LINE, _FREE, _WORD, _COUNT = range(4)
"""What a fact is: one line of text, any text, one of a few words, a number of seconds."""

_KINDS = {
    "CALLERID_NAME": _FREE,
    "CALL_NOTES": _FREE,
    "CALL_OUTCOME": _FREE,
    "DYNAMIC_PARAMETER": _FREE,
    "CALL_DIR": _WORD,
    "CALL_DISPOSITION": _WORD,
    "CALL_DURATION": _COUNT,
}
_FACTS = {name: (_SLOTS[fact], _KINDS.get(name, _LINE)) for name, fact in FACT_OF.items()}
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
    known, written = 2, document.get("at")
    at: datetime | None = None
    if written is not None:
        known, at = 3, _time(written)
        if at is None:
            return None
    name = document.get("id")
    if name is None:
        name = uuid4().hex
    else:
        known += 1
        if type(name) is not str or not 0 < len(name) <= 200 or not name.isprintable():
            return None
    if known != len(document):
        return None
    call = _call(told, at, written)
    if call is None:
        return None
    if at is None:
        at = call.at
        written = at.isoformat()
    # Copies: whoever sent the document may go on writing in it.
    kept = told.copy()
    if call.extra:
        kept["extra"] = call.extra.copy()  # type: ignore[attr-defined]  # a FrozenMapping
    source = {"id": name, "moment": stated, "at": written, "call": kept}
    return kind._checked(moment, call, name, at, source)


def _call(told: dict[str, Any], at: datetime | None, written: object) -> CallContext | None:
    call = object.__new__(CallContext)
    for put, nothing in _BLANK:
        put(call, nothing)
    extra = _NOTHING
    for name, value in told.items():
        fact = _FACTS.get(name)
        if fact is None:
            if name == "at":
                # Nearly always its event's.
                if value != written or at is None:
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
            continue
        put, kind = fact
        if type(value) is str:
            if kind is _WORD:
                value = _WORDS[name].get(value)
                if value is None:
                    return None
            elif kind is _COUNT or not (
                value.isprintable() or (kind is _FREE and not _SURROGATE.search(value))
            ):
                return None
        elif kind is not _COUNT or type(value) is not int or not 0 <= value <= _LONGEST_S:
            return None
        put(call, value)
    _AT(call, at or datetime.now(UTC))
    _EXTRA(call, extra)
    return call


def _extra(told: object) -> FrozenMapping[Value] | None:
    if type(told) is not dict:
        return None
    for name, value in told.items():
        if type(value) is not str or not value.isprintable():
            return None
        if type(name) is not str or len(name) > _LONGEST_NAME or not _is_custom(name):
            return None
    return FrozenMapping(cast("dict[str, Value]", told)) if told else _NOTHING


@lru_cache(maxsize=256)
def _is_custom(name: str) -> bool:
    return VARIABLE_NAME.match(name) is not None and name not in VARIABLES


def _time(stated: object) -> datetime | None:
    if type(stated) is not str:
        return None
    try:
        at = datetime.fromisoformat(stated)
    except ValueError:
        return None
    return at if at.utcoffset() is not None and 1 < at.year < 9999 else None
