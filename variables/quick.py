"""
The everyday event as JSON, read in a few steps.

Most events are sent by a platform that always writes the same: documented facts, each a line of text. Such
an event is checked while it is read, all of its texts at once. Where anything is out of the ordinary, nothing
is read here, and `event_from_json` says what it is or what is wrong with it.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import uuid4

from .call import VARIABLE_NAME, CallContext, Value
from .frozen import FrozenMapping
from .moments import Direction, Disposition, Moment
from .table import VARIABLES
from .tokens import FACT_OF

if TYPE_CHECKING:
    from .event import CallEvent

E = TypeVar("E", bound="CallEvent")

_MOMENTS: Final[Mapping[object, Moment]] = MappingProxyType({str(each): each for each in Moment})
_DIRECTIONS: Final = MappingProxyType({"": None} | {str(each): each for each in Direction})
_DISPOSITIONS: Final = MappingProxyType({"": None} | {str(each): each for each in Disposition})
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_LONGEST_S: Final = 999_999_999
_LONGEST_NAME: Final = 64

_PARTS: Final = ("id", "moment", "at", "call")

_BLANK: Final[dict[str, Any]] = {
    **dict.fromkeys(FACT_OF, ""),
    "CALL_DURATION": None,
    "at": None,
    "extra": None,
}
"""A call of which nothing is known, in the order in which `_call` takes one apart."""

_NOTHING: Final[FrozenMapping[Value]] = FrozenMapping()


# An instance of what is frozen sets each of its facts by a call of its own, at three times the cost. So while they
# are set, it is one of a class with the same slots.


class _Call:
    __slots__ = CallContext.__slots__


class _Event:
    __slots__ = ("_source", "at", "call", "id", "moment")


def read(kind: "type[E]", document: Mapping[str, Any], *, owned: bool) -> "E | None":
    """
    The event; None where it takes a closer look.

    Args:
        owned: Whether nobody else writes in the document.
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
    source = document
    if at is None or known < len(_PARTS) or not owned:
        at = at or call.at
        source = {
            "id": name,
            "moment": stated,
            "at": at.isoformat() if written is None else written,
            "call": told if owned else _copy(told, call),
        }
    event: Any = _Event()
    event.moment, event.call, event.id, event.at, event._source = moment, call, name, at, source
    event.__class__ = kind
    made: E = event
    return made


def _copy(told: dict[str, Any], call: CallContext) -> dict[str, Any]:
    kept = told.copy()
    if "extra" in kept:
        kept["extra"] = call.extra.copy()  # type: ignore[attr-defined]  # a FrozenMapping
    return kept


def _call(told: dict[str, Any], at: datetime | None, written: object) -> CallContext | None:
    facts = _BLANK | told
    if len(facts) != len(_BLANK):
        return None
    (
        name, number, call_number, tag, direction, disposition, seconds, notes, outcome, call_queue, sip_id,
        dynamic, extension, stated, given,
    ) = facts.values()  # fmt: skip
    try:
        # Unlike an f-string, this refuses what is no text.
        lines = "".join((number, call_number, tag, call_queue, sip_id, extension))  # noqa: FLY002
        texts = "".join((name, notes, outcome, dynamic))  # noqa: FLY002
        direction, disposition = _DIRECTIONS[direction], _DISPOSITIONS[disposition]
    except (TypeError, KeyError):
        return None
    if not lines.isprintable() or not (texts.isprintable() or not _SURROGATE.search(texts)):
        return None
    if seconds is not None and not (type(seconds) is int and 0 <= seconds <= _LONGEST_S):
        return None
    if stated is not None and (stated != written or at is None):  # nearly always its event's
        at = _time(stated)
        if at is None:
            return None
    extra = _NOTHING if given is None else _extra(given)
    if extra is None:
        return None
    call: Any = _Call()
    call.caller_name, call.caller_number, call.call_number, call.crm_tag = name, number, call_number, tag
    call.direction, call.disposition, call.duration_s = direction, disposition, seconds
    call.notes, call.outcome, call.call_queue, call.sip_id = notes, outcome, call_queue, sip_id
    call.dynamic_parameter, call.extension = dynamic, extension
    call.at, call.extra = at or datetime.now(UTC), extra
    call.__class__ = CallContext
    made: CallContext = call
    return made


def _extra(told: object) -> FrozenMapping[Value] | None:
    if type(told) is not dict:
        return None
    try:
        if not "".join(told.values()).isprintable():
            return None
    except TypeError:
        return None
    for name in told:
        if type(name) is not str or len(name) > _LONGEST_NAME or not _is_custom(name):
            return None
    return FrozenMapping(told) if told else _NOTHING


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
