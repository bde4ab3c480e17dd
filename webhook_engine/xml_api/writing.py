"""
What an action found, as the exact bytes of an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from webhook_engine.errors import ActionRefused

Field: TypeAlias = str | int | float | bool | date | None
Row: TypeAlias = Mapping[str, Field]

PROLOG: Final = '<?xml version="1.0" encoding="UTF-8"?>'

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
"""How an element of an answer may be called."""

# XML 1.0, 2.2: what no document can hold.
_NO_CHARACTER: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPECIAL: Final = re.compile("[&<>\r\ufffe\uffff]")


def of_text(text: str) -> bytes:
    """
    `<XML>Nothing Done</XML>`.
    """
    return f"{PROLOG}<XML>{escaped(text)}</XML>".encode()


def of_fault(fault: type[ActionRefused]) -> bytes:
    """
    `<XML><Error>…</Error></XML>`.
    """
    return f"{PROLOG}<XML><Error>{escaped(fault.sentence)}</Error></XML>".encode()


def of_status(status: Row) -> bytes:
    """
    `<XML><Status>Success</Status><Accepted>3</Accepted></XML>`.
    """
    return f"{PROLOG}<XML>{_fields(status)}</XML>".encode()


def of_rows(name: str, rows: Iterable[Row]) -> bytes:
    """
    One child for each row, one grandchild for each of its fields; nothing where there are no rows.
    """
    body = "".join([f"<{name}>{_fields(row)}</{name}>" for row in rows])
    return f"{PROLOG}<XML>{body}</XML>".encode()


def escaped(text: str) -> str:
    """
    Text as XML holds it; a character that XML cannot hold becomes U+FFFD, so that the rest is readable.
    """
    if _NO_CHARACTER.search(text):
        text = _NO_CHARACTER.sub("\ufffd", text)
    if _SPECIAL.search(text):
        # A parser would read a bare CR as a line feed.
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    return text


def _fields(row: Row) -> str:
    return "".join([f"<{name}>{_text(value)}</{name}>" for name, value in row.items()])


def _text(value: Field) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return escaped(str(value))
