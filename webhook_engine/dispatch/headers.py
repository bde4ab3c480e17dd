"""
A last look at headers: at ours before they are sent, at the target's before anybody sees them.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from webhook_engine.dispatch.mask import NOTHING
from webhook_engine.errors import UnsafeValue

if TYPE_CHECKING:
    from webhook_engine.dispatch.mask import Masker

Headers: TypeAlias = "tuple[tuple[str, str], ...]"

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


def in_one(headers: Headers) -> str:
    """
    *headers* as one text, which is looked at much faster than each of them.
    """
    return "\n".join(chain.from_iterable(headers))


def size_of(headers: Headers, text: str) -> int:
    """
    The characters of *headers*, given them `in_one`.
    """
    return len(text) - max(0, 2 * len(headers) - 1)


def presentable(headers: Headers, text: str, mask: Masker) -> Headers:
    """
    *headers* that anybody may see: no secret that a target repeats in them, and text throughout.

    A redirect is followed by what the target sent, so this comes after the last hop.

    Args:
        text: The headers `in_one`.
    """
    # The everyday response is only looked at once: plain text, to a request without secrets.
    if text.isascii() and (mask is NOTHING or mask.answer(data := text.encode()) == data):
        return headers
    return tuple((name, _presentable(value, mask)) for name, value in headers)


def _presentable(value: str, mask: Masker) -> str:
    # aiohttp hands over bytes that are not UTF-8 as half characters, which nothing can print.
    data = mask.answer(value.encode("utf-8", "surrogateescape"))
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")  # RFC 9110, 5.5: what fields were written in before
