"""
ONE TABLE of the variables a template may ask for.

Source:
    The manual of the Integration Centre, "Webhook Variables".
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from .call import CallContext, Value
from .errors import UnknownVariable
from .moments import Moment
from .tenant import DatetimeTokens, Tenant

DATE = "%Y-%m-%d"
TIME = "%H-%M-%S"
DATE_AND_TIME = f"{DATE}_{TIME}"


@dataclass(frozen=True, slots=True)
class Variable:
    """
    A named fact that a template may ask for.
    """

    name: str
    meaning: str
    example: str

    known_from: Moment
    """The first moment of a call at which it can be known."""

    read: Callable[[CallContext, Tenant], Value]
    """From the call; "" where the call does not hold it."""


def _caller_id(call: CallContext, tenant: Tenant) -> str:
    if not call.caller_number:
        return call.caller_name
    return f"{call.caller_name} <{call.caller_number}@{tenant.pbx_server}>".lstrip()


def _clock(documented: str, by_name: str) -> Callable[[CallContext, Tenant], str]:
    def read(call: CallContext, tenant: Tenant) -> str:
        as_named = tenant.datetime_tokens is DatetimeTokens.BY_NAME
        return _local(call.at, tenant).strftime(by_name if as_named else documented)

    return read


def _local(at: datetime, tenant: Tenant) -> datetime:
    return at.astimezone(tenant.time_zone)


_ROWS = (
    Variable(
        "CALLERID_NAME",
        "Name of the contact, whoever dialled",
        "Conrad",
        Moment.RINGING,
        lambda call, _: call.caller_name,
    ),
    Variable(
        "CALLERID_NUMBER",
        "Telephone number of the contact",
        "0821234567",
        Moment.RINGING,
        lambda call, _: call.caller_number,
    ),
    Variable(
        "CALLERID",
        "Name and number of the contact in one: NAME <NUMBER@PBX>",
        "Conrad <100@pbx0.euphoria.co.za>",
        Moment.RINGING,
        _caller_id,
    ),
    Variable(
        "CALL_CRMTAG",
        "What the CRM calls this contact",
        "CrmTag1",
        Moment.RINGING,
        lambda call, _: call.crm_tag,
    ),
    Variable(
        "CALL_DIR",
        "Direction of the call: incoming or outgoing",
        "incoming",
        Moment.RINGING,
        lambda call, _: str(call.direction or ""),
    ),
    Variable(
        "CALL_DISPOSITION",
        "What the agent made of the call: Success, Unsure, Failed (a failed number) or Failed Contact",
        "Success",
        Moment.DISPOSED,
        lambda call, _: str(call.disposition or ""),
    ),
    Variable(
        "CALL_DURATION",
        "Whole seconds since the call was answered",
        "75",
        Moment.ANSWERED,
        lambda call, _: "" if call.duration_s is None else call.duration_s,
    ),
    Variable(
        "CALL_NOTES",
        "What the agent wrote about the call",
        "Asked for a callback on Monday",
        Moment.DISPOSED,
        lambda call, _: call.notes,
    ),
    Variable(
        "CALL_NUMBER",
        "Telephone number of the contact, as the call was placed",
        "0821234567",
        Moment.RINGING,
        lambda call, _: call.call_number or call.caller_number,
    ),
    Variable(
        "CALL_OUTCOME",
        "The outcome the agent chose beside the disposition",
        "Voicemail",
        Moment.DISPOSED,
        lambda call, _: call.outcome,
    ),
    Variable(
        "CALL_QUEUE",
        "The telephone queue of the call",
        "Sales",
        Moment.RINGING,
        lambda call, _: call.call_queue,
    ),
    Variable(
        "CALL_SIPID",
        "SIP Call-ID of the call, unique",
        "5f3a9c1e7d@pbx0.euphoria.co.za",
        Moment.RINGING,
        lambda call, _: call.sip_id,
    ),
    Variable(
        "DATETIME_DATE",
        "Date and time of the call; only the date where the tenant reads these tokens by name",
        "2020-01-01_00-00-00",
        Moment.RINGING,
        _clock(documented=DATE_AND_TIME, by_name=DATE),
    ),
    Variable(
        "DATETIME_TIME",
        "Time of the call",
        "00-00-00",
        Moment.RINGING,
        _clock(documented=TIME, by_name=TIME),
    ),
    Variable(
        "DATETIME",
        "Date of the call; date and time where the tenant reads these tokens by name",
        "2020-01-01",
        Moment.RINGING,
        _clock(documented=DATE, by_name=DATE_AND_TIME),
    ),
    Variable(
        "DYNAMIC_PARAMETER",
        "What the agent typed, or the cell of another webhook that led here",
        "4711",
        Moment.MANUAL,
        lambda call, _: call.dynamic_parameter,
    ),
    Variable(
        "EXTENSION_NO",
        "Number of the agent's extension",
        "100",
        Moment.RINGING,
        lambda call, _: call.extension.partition("-")[0],
    ),
    Variable(
        "EXTENSION",
        "The agent's full extension: NUMBER-TENANT",
        "100-Euphoria",
        Moment.RINGING,
        lambda call, _: call.extension,
    ),
)

VARIABLES: Mapping[str, Variable] = MappingProxyType({row.name: row for row in _ROWS})
"""The 18 variables of the manual, in its order, by name."""


def is_known(name: str, moment: Moment) -> bool:
    """
    Whether a call can hold this variable at *moment*; a custom one always may.
    """
    variable = VARIABLES.get(name)
    return variable is None or variable.known_from in moment.follows


def values_of(call: CallContext, tenant: Tenant, names: Collection[str] | None = None) -> dict[str, Value]:
    """
    The values a template is rendered with.

    Args:
        names: Which variables; all of them, custom ones included, where left out.

    Returns:
        A value for every name asked for; "" for what this call does not hold.

    Raises:
        UnknownVariable: A name that is neither documented nor shaped like a
            custom variable.
    """
    if names is None:
        return {name: row.read(call, tenant) for name, row in VARIABLES.items()} | dict(call.extra)
    found: dict[str, Value] = {}
    for name in names:
        row = VARIABLES.get(name)
        found[name] = row.read(call, tenant) if row is not None else _custom(call, name)
    return found


def _custom(call: CallContext, name: str) -> Value:
    from .call import VARIABLE_NAME

    if name not in call.extra and not VARIABLE_NAME.match(name):
        raise UnknownVariable(name, known=[*VARIABLES, *call.extra])
    return call.extra.get(name, "")
