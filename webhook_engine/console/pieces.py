"""
One definition out of the text of all of them, without reading the others.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any, Final

from webhook_engine.definitions.toml import write

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADER = re.compile(r"^\[", re.MULTILINE)

_MARK: Final = '"""'
"""Begins and ends a text of several lines, and stands in none: what looks like a header between two is a text."""


def piece_of(document: str, kind: str, name: str) -> str:
    """
    The lines of the group, webhook or rule of that name; empty where it is not there.

    Args:
        document: As `write_toml` writes it: names come first, and tables within a table are indented.
    """
    begins = f"[[{kind}]]\n{write({'name': name}, frozenset())}"
    place = -1
    while (place := document.find(begins, place + 1)) >= 0:
        if _is_header(document, place):
            return document[place : _end(document, place + len(begins))]
    return ""


def table_in(piece: str, kind: str) -> Mapping[str, Any]:
    """
    What a piece of that kind says; empty where there is none.
    """
    table: Mapping[str, Any] = tomllib.loads(piece)[kind][0] if piece else {}
    return table


def _is_header(document: str, place: int) -> bool:
    return document[place - 1 : place] in ("", "\n") and not document.count(_MARK, 0, place) % 2


def _end(document: str, begin: int) -> int:
    headers = (found.start() for found in _HEADER.finditer(document, begin))
    return next((each for each in headers if not document.count(_MARK, begin, each) % 2), len(document))
