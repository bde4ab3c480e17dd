"""
The facts of one call, checked when they are stated and frozen from then on.
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

from .errors import InvalidCall
from .frozen import FrozenMapping
from .moments import Direction, Disposition

Value = str | int | float | bool
"""What a variable can be."""

VARIABLE_NAME = re.compile(r"[A-Z][A-Z0-9_]*\Z")
"""How a custom variable may be called."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NOTHING: FrozenMapping[Value] = FrozenMapping()
_Word = TypeVar("_Word", Direction, Disposition)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """
    What is known of one call; whatever is left out is not known.

    Raises:
        InvalidCall: A value that cannot be right, with the field named.
    """

    caller_name: str = ""
    """Name of the contact, whoever dialled."""

    caller_number: str = ""
    """Telephone number of the contact, as the platform has it. Never a control character."""

    call_number: str = ""
    """The number under which the platform handles the call; the contact's own where left out."""

    crm_tag: str = ""
    """What the CRM calls this contact."""

    direction: Direction | None = None

    disposition: Disposition | None = None

    outcome: str = ""
    """The tag an agent chose beside the disposition, such as `Voicemail`."""

    notes: str = ""
    """What the agent wrote; may hold line breaks."""

    duration_s: int | None = None
    """Whole seconds since the call was answered."""

    call_queue: str = ""
    """The telephone queue."""

    sip_id: str = ""
    """The call's SIP Call-ID, unique."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    """When; always with a time zone."""

    dynamic_parameter: str = ""
    """What an agent typed, or the cell from which another webhook led here."""

    extension: str = ""
    """The agent's full extension, `NUMBER-TENANT`."""

    extra: Mapping[str, Value] = _NOTHING
    """Custom variables of the embedding application, by name."""

    def __post_init__(self) -> None:
        for each in _TEXT_FIELDS:
            _check_text(each, getattr(self, each))
        for each in _LINE_FIELDS:
            if found := _CONTROL.search(getattr(self, each)):
                raise InvalidCall(
                    each, f"holds a control character ({found[0]!r} at position {found.start()})"
                )
        object.__setattr__(self, "direction", _member(Direction, "direction", self.direction))
        object.__setattr__(self, "disposition", _member(Disposition, "disposition", self.disposition))
        _check_duration(self.duration_s)
        check_time("at", self.at)
        object.__setattr__(self, "extra", _checked_extra(self.extra))

    @classmethod
    def from_tokens(cls, tokens: Mapping[str, object], **others: Any) -> Self:
        """
        A call stated in the documented names: `{"CALLERID_NUMBER": "…", "EXTENSION": "100-Euphoria"}`.

        Args:
            tokens: Values by variable name. Variables made of others (CALLERID,
                EXTENSION_NO, the DATETIME ones) are taken apart, and must agree
                with those others where both are given.

            others: `extra`, custom variables by name; `at`, the time of the
                call; `time_zone`, in which the DATETIME tokens are read (UTC
                where left out).

        Raises:
            UnknownVariable: A name no variable has, with the nearest that one has.
            InvalidCall: A value that cannot be right, with the token named.
        """
        from .tokens import facts_from_tokens

        return cls(**facts_from_tokens(tokens, **others))

    @classmethod
    def from_json(cls, document: str | bytes | Mapping[str, object]) -> Self:
        """
        A call as `to_json` wrote it: documented names, `at` and `extra`.
        """
        from .wire import call_from_json

        return cls(**call_from_json(document))

    def to_json(self) -> dict[str, object]:
        """
        The call as JSON-ready values under the documented names; what is not known is left out.
        """
        from .wire import call_to_json

        return call_to_json(self)

    def replace(self, **changes: Any) -> Self:
        """
        The same call with some facts changed.
        """
        return dataclasses.replace(self, **changes)


_LINE_FIELDS = ("caller_number", "call_number", "crm_tag", "call_queue", "sip_id", "extension")
"""What identifies something, and so never holds a control character."""

_TEXT_FIELDS = tuple(each.name for each in fields(CallContext) if each.type is str)


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise InvalidCall(name, f"must be text, not {type(value).__name__}")
    if found := _SURROGATE.search(value):
        raise InvalidCall(name, f"holds half a character ({found[0]!r} at position {found.start()})")


def _member(kind: type[_Word], name: str, value: object) -> _Word | None:
    if value is None or value == "":
        return None
    try:
        return kind(str(value))
    except ValueError:
        known = ", ".join(kind)
        raise InvalidCall(name, f"is {value!r}, which is none of: {known}") from None


def _check_duration(value: object) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidCall("duration_s", f"must be whole seconds, not {value!r}")
    if value < 0:
        raise InvalidCall("duration_s", f"is {value}: a call cannot last less than nothing")


def check_time(name: str, value: object) -> None:
    if not isinstance(value, datetime):
        raise InvalidCall(name, f"must be a date and time, not {value!r}")
    if value.utcoffset() is None:
        raise InvalidCall(name, f"is {value.isoformat()}, which names no time zone; add one, such as +02:00")
    if not 1 < value.year < 9999:  # the tenant's zone may move it into the next year
        raise InvalidCall(name, f"is {value.isoformat()}, which no clock of ours can show")


def _checked_extra(extra: Mapping[str, Value]) -> Mapping[str, Value]:
    from .table import VARIABLES

    for name, value in extra.items():
        where = f"extra[{name!r}]"
        if not isinstance(name, str) or not VARIABLE_NAME.match(name):
            raise InvalidCall(where, "is no name for a variable: capitals, digits and _, a capital first")
        if name in VARIABLES:
            raise InvalidCall(where, "is a documented variable and cannot be a custom one too")
        if isinstance(value, str):
            _check_text(where, value)
        elif not isinstance(value, int | float):
            raise InvalidCall(where, f"must be text, a number or true/false, not {type(value).__name__}")
        elif value != value or value in (float("inf"), float("-inf")):
            raise InvalidCall(where, f"is {value}, which is no number a target system could read")
    return FrozenMapping(extra) if extra else _NOTHING
