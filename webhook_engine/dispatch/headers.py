"""
A last look at a header before it is sent, whoever made it.
"""

from __future__ import annotations

import re

from webhook_engine.errors import UnsafeValue

# RFC 9110, 5.5: visible characters, blanks and tabs, no blank at the ends. What lies
# beyond ASCII has no agreed meaning there; RFC 8187 or percent-encoding says it safely.
_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?")


def checked(name: str, value: str) -> tuple[str, str]:
    """
    The header as it may be sent; its name was checked when the definition was read.

    Raises:
        UnsafeValue: The value would end the header early, or its bytes have no agreed meaning.
    """
    if _VALUE.fullmatch(value) is None:
        raise UnsafeValue(
            f"the header {name} cannot carry {_culprit(value)}; a parameter or the body can", slot="header"
        )
    return name, value


def _culprit(value: str) -> str:
    for character in value:
        if not "\x20" <= character <= "\x7e" and character != "\t":
            return repr(character)
    return "a blank at its beginning or end"
