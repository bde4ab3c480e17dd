"""
The envelope that every request has: tenant, key, action, and beside them the action's inputs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from webhook_engine.xml_api.faults import NoActionDefined
from webhook_engine.xml_api.keys import LONGEST

if TYPE_CHECKING:
    from webhook_engine.xml_api.reading import Children, Value

TENANT: Final = "Tenant"
NAME: Final = "Name"
AUTH: Final = "Auth"
ACTION: Final = "ActionName"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """
    A request, as far as every request is the same.
    """

    tenant: str = ""
    """"" where it is missing, too long, or there twice."""

    auth: str = field(default="", repr=False)
    action: str = ""

    children: Children = field(default_factory=list, repr=False)
    """Everything inside the document element, the inputs among it."""

    is_long: bool = False
    """Whether looking through it takes so long that others would wait for it."""

    def stated_action(self) -> str:
        """
        Raises:
            NoActionDefined: There is none.
        """
        if not self.action:
            raise NoActionDefined
        return self.action


def envelope_of(children: Children, *, is_long: bool = False) -> Envelope:
    """
    What is in the document element.
    """
    tenant = _only(children, TENANT)
    known = [] if tenant is None or isinstance(tenant, str) else tenant
    return Envelope(
        tenant=_text(known, NAME),
        auth=_text(known, AUTH),
        action=_text(children, ACTION),
        children=children,
        is_long=is_long,
    )


def _text(children: Children, name: str) -> str:
    found = _only(children, name)
    return found if isinstance(found, str) and len(found) <= LONGEST else ""


def _only(children: Children, name: str) -> Value | None:
    """
    The one child of that name: of two, nobody knows which is meant.
    """
    found = [value for each, value in children if each == name]
    return found[0] if len(found) == 1 else None
