"""
What dialer lists, contacts and the log of API requests are made of; plain values, which need no database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from webhook_engine.variables import CallContext, Direction

CUSTOM: Final = 5
"""How many fields of its own a campaign gives its contacts."""

NO_CUSTOM: Final = ("",) * CUSTOM


@dataclass(frozen=True, slots=True, kw_only=True)
class NewContact:
    """
    Somebody to be called; whatever is not known is "".
    """

    first_name: str

    phone: str
    """As it was sent."""

    phone_e164: str = ""
    """The same number as `+27821234567`; "" where nobody knows its country."""

    title: str = ""
    surname: str = ""
    address: str = ""
    email: str = ""
    notes: str = ""
    language: str = ""

    custom: tuple[str, ...] = NO_CUSTOM
    """Five values, labelled by the campaign."""

    crm_tag: str = ""

    assigned_to: str = ""
    """The number of the one extension that may dial it, without a tenant; "" for every one."""

    def __post_init__(self) -> None:
        if len(self.custom) != CUSTOM:
            raise ValueError(f"a contact has {CUSTOM} custom values, and these are {len(self.custom)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """
    Contacts for a list of a campaign: all of them or none.
    """

    tenant: str
    campaign: str
    list_name: str
    contacts: tuple[NewContact, ...]

    priority: int = 5
    """1, dialled first, to 10."""

    data_source: str = ""
    """The sender's own reference."""

    idempotency_key: str | None = None
    """What comes again with the same key was stored already, and is not stored again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialerContact:
    """
    A contact that was handed out to be dialled.
    """

    id: int
    tenant: str
    campaign: str
    list_name: str
    priority: int
    data_source: str

    labels: tuple[str, ...]
    """What the campaign calls its custom values; "" where it does not name one."""

    contact: NewContact
    fed_at: datetime
    handed_to: str
    handed_at: datetime

    @property
    def custom(self) -> Mapping[str, str]:
        """
        The custom values by the campaign's labels; `Custom1` where it gave none.
        """
        pairs = zip(self.labels, self.contact.custom, strict=True)
        return {label or f"Custom{n}": value for n, (label, value) in enumerate(pairs, 1)}

    def call(self, *, extension: str = "", **facts: Any) -> CallContext:
        """
        The call that dials it: number, name, CRM tag and notes are variables of it from the beginning.

        Args:
            extension: The agent's, as `NUMBER-TENANT`; the one it was handed to where left out.

            facts: What else is known of the call, by the fields of `CallContext`.
        """
        who = self.contact
        known: dict[str, Any] = {
            "caller_name": _line(f"{who.first_name} {who.surname}"),
            "caller_number": _line(who.phone_e164 or who.phone),
            "crm_tag": _line(who.crm_tag),
            "notes": who.notes,
            "direction": Direction.OUTGOING,
            "extension": extension or f"{self.handed_to}-{self.tenant}",
        }
        return CallContext(**(known | facts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """
    A campaign, its lists and the extensions that dial for it.
    """

    name: str

    labels: tuple[str, ...] = NO_CUSTOM
    """What its five custom values are called."""

    lists: tuple[str, ...] = ()

    agents: tuple[str, ...] = ()
    """Numbers of extensions, without the tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """
    An entry of the tenant's address book.
    """

    first_name: str
    phone: str
    surname: str = ""
    company: str = ""
    email: str = ""

    id: int = field(default=0)
    """0 for one that is not stored yet."""


class ApiRequest(NamedTuple):
    """
    One request to the XML API, as API Monitoring shows it: never what it held or what it was answered.
    """

    tenant: str
    at: datetime

    key: str | None
    """The name of the key; None where there was none that is in force."""

    action: str
    """As the request names it, shortened; "" where it names none."""

    took_s: float

    outcome: str
    """`Success`, or the sentence that it was refused with."""

    id: int = 0
    """Counts up in the order in which requests were written down; 0 before that."""


def extension_number(extension: str, tenant: str) -> str | None:
    """
    The number of `105` or `105-TENANT`; None where it is another tenant's.
    """
    number, dash, owner = extension.partition("-")
    return None if dash and owner != tenant else number


def _line(text: str) -> str:
    # A call's facts are lines; what came as XML may hold breaks and the controls beyond ASCII.
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
