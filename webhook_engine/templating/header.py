"""
What shows only in a whole header value.
"""

from __future__ import annotations

from webhook_engine.errors import UnsafeValue
from webhook_engine.templating.slots import Slot


def check_edges(text: str) -> None:
    """
    Refuse blanks around the value: whoever reads the header drops them (RFC 9110, 5.5).
    """
    if text.strip(" \t") != text:
        raise UnsafeValue("a header cannot carry blanks at its start or end", slot=Slot.HEADER)
