"""
Which characters the bytes of a response are.

A byte order mark is believed first, then a charset that fits the bytes. Bytes
that are valid UTF-8 are UTF-8 even where a header claims a charset of single
bytes: those fit anything, and many servers add one by habit.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

# The longer marks first: that of UTF-32 begins like that of UTF-16.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_MARK_STARTS: Final = frozenset(mark[:1] for mark, _ in _MARKS)

# Python knows codecs that are no charsets (unicode_escape, punycode); only these families are taken.
_FAMILIES: Final = (
    *("ascii", "utf-8", "utf-16", "utf-32", "iso8859", "cp", "koi8", "mac-"),
    *("shift_jis", "euc_", "iso2022_", "gb", "big5", "johab", "tis-620"),
)

_SINGLE_BYTE: Final = ("ascii", "iso8859", "cp125", "cp437", "cp8", "koi8", "mac-", "tis-620")

_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:+-]{1,40})""", re.IGNORECASE)
_DECLARATION = re.compile(rb"""<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([\w.:+-]{1,40})["']""")


def in_utf8(body: bytes, content_type: str = "") -> tuple[bytes, tuple[str, ...]]:
    """
    *body* in UTF-8, without a byte order mark.

    Args:
        content_type: The header of that name.

    Returns:
        The bytes, the same ones where they are UTF-8 already, and findings.
    """
    for mark, charset in _MARKS:
        if body.startswith(mark):
            bare = body[len(mark) :]
            return _recoded(bare, charset) or (bare.decode(charset, "replace").encode(), (_damaged(charset),))
    if b"\x00" in body[:4]:
        recoded = _recoded(body, _wide(body[:4]))
        if recoded:
            return recoded
    elif body.isascii() and b"\x1b" not in body:
        return body, ()
    return _by_claim(body, _claims(body, content_type))


def seems_utf8(body: bytes, content_type: str) -> bool:
    """
    Whether nothing speaks against UTF-8, so that a reader that checks it may try *body* as it is.
    """
    if body[:1] in _MARK_STARTS or b"\x00" in body[:4]:
        return False
    return all(_may_be_habit(_known(claim)) for claim in _claims(body, content_type))


def is_utf8(body: bytes) -> bool:
    """
    Whether every byte of *body* fits UTF-8.
    """
    return body.isascii() or _recoded(body, "utf-8") is not None


def _may_be_habit(charset: str | None) -> bool:
    return charset is None or charset.startswith(("utf-", *_SINGLE_BYTE))


def _claims(body: bytes, content_type: str) -> list[str]:
    claims = []
    header = _CHARSET.search(content_type)
    if header:
        claims.append(header[1])
    declaration = _DECLARATION.match(body[:512].lstrip())
    if declaration:
        claims.append(declaration[1].decode())
    return claims


def _by_claim(body: bytes, claims: Iterable[str]) -> tuple[bytes, tuple[str, ...]]:
    known = [charset for charset in map(_known, claims) if charset]
    for charset in known:
        if not _may_be_habit(charset):
            recoded = _recoded(body, charset)
            if recoded:
                return recoded
    if _recoded(body, "utf-8"):
        return body, ()
    for charset in known:
        # Who says Latin-1 means Windows-1252, which has letters where Latin-1 has controls.
        recoded = _recoded(body, "cp1252" if charset in {"ascii", "iso8859-1"} else charset)
        if recoded:
            return recoded
    recoded = _recoded(body, "cp1252") or (body.decode("latin-1").encode(), ())
    return recoded[0], (
        "the response does not say its charset and is not UTF-8: it was read as Windows-1252",
    )


def _known(claim: str) -> str | None:
    try:
        name = codecs.lookup(claim).name
    except LookupError:
        return None
    return name if name.startswith(_FAMILIES) else None


def _wide(start: bytes) -> str:
    """
    The charset whose ASCII characters have their zero bytes where *start* has them.
    """
    nul = [byte == 0 for byte in start]
    if nul == [True, True, True, False]:
        return "utf-32-be"
    if nul == [False, True, True, True]:
        return "utf-32-le"
    return "utf-16-be" if nul[0] else "utf-16-le"


def _recoded(body: bytes, charset: str) -> tuple[bytes, tuple[str, ...]] | None:
    try:
        text = body.decode(charset)
        return (body if charset == "utf-8" else text.encode()), ()
    except (UnicodeError, LookupError):
        return None


def _damaged(charset: str) -> str:
    return f"the response begins as {charset.upper()} but is damaged: what was unreadable shows as \ufffd"
