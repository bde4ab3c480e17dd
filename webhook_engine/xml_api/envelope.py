"""
The envelope that every request has: tenant, key, action, and beside them the action's inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from webhook_engine.xml_api.keys import LONGEST
from webhook_engine.xml_api.reading import Children, Value

TENANT: Final = "Tenant"
NAME: Final = "Name"
AUTH: Final = "Auth"
ACTION: Final = "ActionName"


class Envelope(NamedTuple):
    """
    A request, as far as every request is the same.
    """

    tenant: str = ""
    """"" where it is missing, too long, or there twice."""

    auth: str = ""
    action: str = ""

    children: Sequence[tuple[str, Value]] = ()
    """Everything inside the document element, the inputs among it."""

    is_long: bool = False
    """Whether looking through it takes so long that others would wait for it."""

    def __repr__(self) -> str:
        return f"Envelope(tenant={self.tenant!r}, action={self.action!r})"


NOTHING: Final = Envelope()


def envelope_of(children: Children, *, is_long: bool = False) -> Envelope:
    """
    What is in the document element. Of an element that is there twice nobody knows which is meant, so it is none.
    """
    tenant: Children = []
    action = ""
    tenants = actions = 0
    for name, value in children:
        if name == TENANT:
            tenants += 1
            tenant = [] if isinstance(value, str) else value
        elif name == ACTION:
            actions += 1
            action = value if isinstance(value, str) and len(value) <= LONGEST else ""
    known = tenant if tenants == 1 else []
    return Envelope(_text(known, NAME), _text(known, AUTH), action if actions == 1 else "", children, is_long)


def _text(children: Children, name: str) -> str:
    found = [value for each, value in children if each == name]
    if len(found) != 1:
        return ""
    (value,) = found
    return value if isinstance(value, str) and len(value) <= LONGEST else ""
