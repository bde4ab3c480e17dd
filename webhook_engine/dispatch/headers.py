"""
Which headers a request may carry.
"""

from __future__ import annotations

import re

from webhook_engine.errors import UnsafeValue

# RFC 9110, 5.6.2: a field name is a token.
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

# RFC 9110, 5.5: visible characters, blanks and tabs, no blank at the ends. What lies
# beyond ASCII has no agreed meaning there; RFC 8187 or percent-encoding says it safely.
_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?")

RESERVED = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""How a message is framed and where it goes: the transport's own, in lower case. So is `Proxy-*`."""


def problem_with_name(name: str) -> str | None:
    """
    Why no request may carry a header of this name; None when it may.
    """
    if not _NAME.fullmatch(name):
        return f"{name!r} is not a header name: letters, digits and !#$%&'*+-.^_`|~ only"
    lowered = name.lower()
    if lowered in RESERVED or lowered.startswith("proxy-"):
        return f"{name} is set by the transport: another value could split one request into two"
    return None


def checked(name: str, value: str) -> tuple[str, str]:
    """
    The header as it may be sent.

    Raises:
        UnsafeValue: The value would end the header early, or its bytes have no agreed meaning.
    """
    if _VALUE.fullmatch(value) is None:
        raise UnsafeValue(f"the header {name} cannot carry {_culprit(value)}", slot="header")
    return name, value


def _culprit(value: str) -> str:
    for character in value:
        if not "\x20" <= character <= "\x7e" and character != "\t":
            return repr(character)
    return "a blank at its beginning or end"
