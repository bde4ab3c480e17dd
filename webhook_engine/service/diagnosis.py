"""
Everything that is wrong with an event or a call, not only the first thing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from webhook_engine.service.refusals import Wrong
from webhook_engine.variables import CallContext, CallEvent
from webhook_engine.variables.errors import InvalidCall, UnknownVariable, VariableError

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 50
"""Problems of one event: beyond it somebody sends something else altogether."""

_EXTRA = re.compile(r"extra\[(['\"])(.*)\1\]\Z", re.DOTALL)


def problems_of(document: object) -> list[Wrong]:
    """
    What keeps *document* from being an event; nothing where it is one.
    """
    if not isinstance(document, dict):
        return [Wrong(path="", message="must be a JSON object")]
    call = document.get("call")
    of_call = call_problems(call) if "call" in document else []
    # The call is looked at by itself: it has an `at` of its own.
    rest = document | {"call": {}} if "call" in document else dict(document)
    return _all_of(CallEvent.from_json, rest, defaults={"moment": "manual", "call": {}}) + of_call


def call_problems(document: object) -> list[Wrong]:
    """
    What keeps *document* from being a call.
    """
    if not isinstance(document, dict):
        return [Wrong(path="call", message="must be a JSON object")]
    rest = dict(document)
    extra = rest.get("extra")
    if isinstance(extra, dict):
        rest["extra"] = dict(extra)
    return _all_of(CallContext.from_json, rest, within="call.")


def _all_of(
    read: Callable[[Any], object],
    document: dict[str, Any],
    *,
    within: str = "",
    defaults: dict[str, Any] | None = None,
) -> list[Wrong]:
    """
    The problems of a document, each found once those before it are out of the way.
    """
    found: list[Wrong] = []
    while len(found) < MOST:
        try:
            read(document)
        except VariableError as error:
            name, message = _said(error)
            found.append(Wrong(path=within + _path(name), message=message))
            if not _leave_out(document, name, defaults or {}):
                break
        else:
            break
    return found


def _said(error: VariableError) -> tuple[str, str]:
    if isinstance(error, InvalidCall):
        return error.field, error.problem
    if isinstance(error, UnknownVariable):
        return error.name, str(error)
    return "", str(error)


def _leave_out(document: dict[str, Any], name: str, defaults: dict[str, Any]) -> bool:
    """
    Whether there was something to leave out, so that what is wrong besides can be seen.
    """
    match = _EXTRA.match(name)
    if match and name not in document and isinstance(document.get("extra"), dict):
        # The name is quoted as Python quotes it; what is escaped is not found, and ends the search.
        return document["extra"].pop(match[2], _MISSING) is not _MISSING
    before = dict(document)
    for part in name.split(" and "):
        document.pop(part, None)
        if part in defaults:
            document[part] = defaults[part]
    return document != before


_MISSING = object()


def _path(name: str) -> str:
    match = _EXTRA.match(name)
    return f"extra.{match[2]}" if match else name
