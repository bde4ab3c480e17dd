"""
A call stated in the documented names, turned into the facts behind them.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from types import MappingProxyType
from typing import Any

from .call import Value
from .errors import InvalidCall, UnknownVariable
from .table import DATE, DATE_AND_TIME, TIME, VARIABLES

# NAME <NUMBER@PBX>; the name may be missing.
_CALLER_ID = re.compile(r"(?P<name>.*)<(?P<number>[^<>@]*)@[^<>@]*>\Z", re.DOTALL)

FACT_OF: Mapping[str, str] = MappingProxyType(
    {
        "CALLERID_NAME": "caller_name",
        "CALLERID_NUMBER": "caller_number",
        "CALL_NUMBER": "call_number",
        "CALL_CRMTAG": "crm_tag",
        "CALL_DIR": "direction",
        "CALL_DISPOSITION": "disposition",
        "CALL_DURATION": "duration_s",
        "CALL_NOTES": "notes",
        "CALL_OUTCOME": "outcome",
        "CALL_QUEUE": "call_queue",
        "CALL_SIPID": "sip_id",
        "DYNAMIC_PARAMETER": "dynamic_parameter",
        "EXTENSION": "extension",
    }
)
"""Variables that are a fact of the call as it stands, and the fact's name."""


def facts_from_tokens(
    tokens: Mapping[str, object],
    *,
    extra: Mapping[str, Value] | None = None,
    at: datetime | None = None,
    time_zone: tzinfo = UTC,
) -> dict[str, Any]:
    """
    The arguments of `CallContext` for what these tokens say.
    """
    for name in tokens:
        if name not in VARIABLES:
            raise UnknownVariable(str(name), known=VARIABLES)
    facts: dict[str, Any] = {}
    for name, fact in FACT_OF.items():
        if tokens.get(name) not in (None, ""):
            facts[fact] = _READERS.get(name, _text)(name, tokens[name])
    _take_caller_id_apart(tokens, facts)
    _take_extension_number(tokens, facts)
    when = at if at is not None else _time_of(tokens, time_zone)
    if when is not None:
        facts["at"] = when
    if extra:
        facts["extra"] = extra
    return _named_by_token(facts)


def _named_by_token(facts: dict[str, Any]) -> dict[str, Any]:
    """
    The facts, tried once so that a refusal names the token its author wrote.
    """
    from .call import CallContext

    try:
        CallContext(**facts)
    except InvalidCall as error:
        token = next((name for name, fact in FACT_OF.items() if fact == error.field), error.field)
        raise InvalidCall(token, error.problem) from None
    return facts


def _text(name: str, value: object) -> str:
    # Platforms send extension and telephone numbers as JSON numbers.
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise InvalidCall(name, f"must be text, not {type(value).__name__}")
    return value


def _seconds(name: str, value: object) -> int:
    text = str(value).strip() if not isinstance(value, bool) else ""
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise InvalidCall(name, f"must be whole seconds, at most 999,999,999, not {value!r}")
    return int(text)


_READERS: Mapping[str, Callable[[str, object], object]] = MappingProxyType({"CALL_DURATION": _seconds})


def _take_caller_id_apart(tokens: Mapping[str, object], facts: dict[str, Any]) -> None:
    if tokens.get("CALLERID") in (None, ""):
        return
    text = _text("CALLERID", tokens["CALLERID"])
    match = _CALLER_ID.match(text)
    name, number = (match["name"].rstrip(), match["number"]) if match else (text, "")
    for fact, part in (("caller_name", name), ("caller_number", number)):
        if part and facts.setdefault(fact, part) != part:
            raise InvalidCall("CALLERID", f"says {part!r} where another token says {facts[fact]!r}")


def _take_extension_number(tokens: Mapping[str, object], facts: dict[str, Any]) -> None:
    if tokens.get("EXTENSION_NO") in (None, ""):
        return
    number = _text("EXTENSION_NO", tokens["EXTENSION_NO"])
    extension = str(facts.setdefault("extension", number))
    if extension.partition("-")[0] != number:
        raise InvalidCall("EXTENSION_NO", f"is {number!r}, but EXTENSION is {extension!r}")


def _time_of(tokens: Mapping[str, object], time_zone: tzinfo) -> datetime | None:
    """
    The time that the DATETIME tokens give together; either may hold either shape.
    """
    days: dict[str, date] = {}
    clocks: dict[str, time] = {}
    for name in ("DATETIME", "DATETIME_DATE", "DATETIME_TIME"):
        if tokens.get(name) in (None, ""):
            continue
        text = _text(name, tokens[name])
        found = _parse(name, text)
        if found is None:
            raise InvalidCall(name, f"is {text!r}; write 2020-01-01, 00-00-00 or 2020-01-01_00-00-00")
        days |= {name: found.date()} if _has_date(text) else {}
        clocks |= {name: found.time()} if _has_time(text) else {}
    for kind in (days, clocks):
        if len(set(kind.values())) > 1:
            raise InvalidCall(" and ".join(kind), "say different times")
    if not days:
        if clocks:
            raise InvalidCall("DATETIME_TIME", "gives a time without a date; give DATETIME_DATE too")
        return None
    clock = next(iter(clocks.values()), time())
    return datetime.combine(next(iter(days.values())), clock, tzinfo=time_zone)


def _has_date(text: str) -> bool:
    return len(text) >= len("2020-01-01")


def _has_time(text: str) -> bool:
    return len(text) != len("2020-01-01")


def _parse(name: str, text: str) -> datetime | None:
    shapes = (TIME,) if name == "DATETIME_TIME" else (DATE_AND_TIME, DATE)
    for shape in shapes:
        try:
            return datetime.strptime(text, shape)  # noqa: DTZ007  # the zone joins in `_time_of`
        except ValueError:
            continue
    return None
