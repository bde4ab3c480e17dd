"""
Where the value of a variable comes from.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from webhook_engine.variables import VARIABLES, DatetimeTokens

if TYPE_CHECKING:
    from webhook_engine.rules import Start
    from webhook_engine.variables import CallContext, CallEvent, Moment, Tenant


class Origin(StrEnum):
    """
    What kind of source a value has.
    """

    TOKEN = "token"  # noqa: S105  # of a template, not of a door
    """The call states it under this name."""

    MADE = "made"
    """Made of other tokens of the call, or of the tenant's settings."""

    TIME = "time"
    """The time of the call, in the tenant's zone."""

    EXTRA = "extra"
    """A variable of the application's own."""

    HANDED_ON = "handed-on"
    """A response before this one gave it."""

    CREDENTIALS = "credentials"
    """The group's key or password; never shown."""

    MISSING = "missing"
    """The call does not hold it, so it is empty."""


class Source(NamedTuple):
    """
    A source, and the same in half a sentence.
    """

    origin: Origin
    because: str


_MADE: Final = {
    "CALLERID": "made of CALLERID_NAME, CALLERID_NUMBER and the tenant's pbx_server",
    "EXTENSION_NO": "made of EXTENSION: its number",
}


def source_of(name: str, event: CallEvent, start: Start, tenant: Tenant, *, custom: Moment | None) -> Source:
    """
    Where a webhook that starts gets *name* from.

    Args:
        custom: From which moment on a variable of the application's own is known; None where the definitions
            do not say.
    """
    call = event.call
    if name == "DYNAMIC_PARAMETER" and start.dynamic_parameter is not None:
        led = f"the response of {start.chain[-1]!r}" if start.chain else "the agent who asked"
        return Source(Origin.HANDED_ON, f"handed on by {led}")
    if name not in VARIABLES:
        return _custom(name, call, custom, event.moment)
    if not _is_stated(name, call, tenant):
        return Source(Origin.MISSING, _missing(VARIABLES[name].known_from, event.moment))
    if name.startswith("DATETIME"):
        words = "by name" if tenant.datetime_tokens is DatetimeTokens.BY_NAME else "as documented"
        return Source(Origin.TIME, f"the call's time in {tenant.time_zone}, read {words}")
    if name == "CALL_NUMBER" and not call.call_number:
        return Source(Origin.MADE, "CALLERID_NUMBER, for the call states no other number")
    if name in _MADE:
        return Source(Origin.MADE, _MADE[name])
    return Source(Origin.TOKEN, f"token {name} of the call")


def is_early(name: str, moment: Moment, *, custom: Moment | None) -> bool:
    """
    Whether a call need not know *name* at *moment*.
    """
    known_from = VARIABLES[name].known_from if name in VARIABLES else custom
    return known_from is not None and known_from not in moment.follows


def _custom(name: str, call: CallContext, known_from: Moment | None, moment: Moment) -> Source:
    if name in call.extra:
        return Source(Origin.EXTRA, "extra of the call: a variable of the application's own")
    return Source(Origin.MISSING, _missing(known_from, moment))


def _is_stated(name: str, call: CallContext, tenant: Tenant) -> bool:
    return VARIABLES[name].read(call, tenant) != ""


def _missing(known_from: Moment | None, moment: Moment) -> str:
    if known_from is not None and known_from not in moment.follows:
        return f"the call does not state it: it is known from {known_from} on, and this is {moment}"
    return "the call does not state it"
