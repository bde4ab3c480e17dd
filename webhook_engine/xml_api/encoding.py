"""
Which characters the bytes of a request are.

A byte order mark is believed first, then the name in the XML's own prolog, then the header's charset; without
any of them it is UTF-8. Bytes that do not fit are refused: a guess would write wrong names down.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from webhook_engine.xml_api.faults import InputNotLoaded

# The longer marks first: that of UTF-32 begins like that of UTF-16.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# XML 1.0, appendix F: what "<?xm", or "<" and a letter, looks like without a byte order mark.
_STARTS: Final = (
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
_USUAL: Final = b'<?xml version="1.0" encoding="UTF-8"?>'
_EBCDIC: Final = b"\x4c\x6f\xa7\x94"

# Python knows codecs that are no charsets (unicode_escape, punycode); only these families are taken.
_FAMILIES: Final = (
    *(
        "ascii",
        "utf-8",
        "utf-16",
        "utf-32",
        "iso8859",
        "cp",
        "koi8",
        "kz1048",
        "mac-",
        "hp-roman8",
        "ptcp154",
    ),
    *("shift_jis", "euc_", "iso2022_", "gb", "hz", "big5", "johab", "tis-620"),
)

_PROLOG: Final = re.compile(r"""\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([\w.:+-]{1,40})["']""", re.ASCII)
_CHARSET: Final = re.compile(r"""charset\s*=\s*["']?([\w.:+-]{1,40})""", re.IGNORECASE)


def text_of(body: bytes, content_type: str = "") -> str:
    """
    The characters of a request.

    Args:
        content_type: The header of that name.

    Raises:
        InputNotLoaded: The bytes do not fit, or nobody knows the charset's name.
    """
    if body.startswith((b"<X", _USUAL)) and body.isascii() and b"\x1b" not in body:
        return body.decode("ascii")
    for mark, charset in _MARKS:
        if body.startswith(mark):
            return _decoded(body[len(mark) :], charset)
    start = body[:4]
    for beginning, charset in _STARTS:
        if start.startswith(beginning):
            return _decoded(body, charset)
    if start == _EBCDIC:
        return _decoded(body, _named(body[:400].decode("cp037")) or "cp037")
    claimed = _named(body[:400].decode("latin-1"))
    if claimed is not None and claimed.startswith(("utf-16", "utf-32")):
        # Programs that keep text in wide characters write so into the prolog and send UTF-8.
        claimed = "utf-8"
    return _decoded(body, claimed or _claim(content_type) or "utf-8")


def _named(beginning: str) -> str | None:
    named = _PROLOG.match(beginning)
    return _known(named[1]) if named else None


def _claim(content_type: str) -> str | None:
    header = _CHARSET.search(content_type)
    return _known(header[1]) if header else None


def _known(name: str) -> str:
    try:
        found = codecs.lookup(name).name
    except LookupError:
        found = ""
    if not found.startswith(_FAMILIES):
        raise InputNotLoaded
    return found


def _decoded(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset)
    except UnicodeError:
        raise InputNotLoaded from None
