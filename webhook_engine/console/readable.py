"""
Bodies as people read them: JSON with a line for each value, forms with a line for each field, the rest as it came.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PART = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')
_DEEPEST: Final = 60
_FORM: Final = "application/x-www-form-urlencoded"


def readable(body: str, headers: Mapping[str, str]) -> str:
    """
    The same values in lines. Every number and every text stays as it was written.
    """
    media_type = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    if media_type.lower().startswith(_FORM):
        return (
            "\n".join(f"{name} = {value}" for name, value in parse_qsl(body, keep_blank_values=True)) or body
        )
    if body.lstrip()[:1] not in ("{", "["):
        return body
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return body
    return "".join(_lines(body))


def _lines(body: str) -> Iterator[str]:
    depth, before = 0, ""
    for part in _PART.findall(body):
        if part in "]}":
            depth -= 1
        indent = "\n" + "  " * min(depth, _DEEPEST)
        if before in ("[", "{"):
            # What is empty stays on its line.
            yield part if part in "]}" else indent + part
        elif before == "," or part in "]}":
            yield indent + part
        else:
            yield f" {part}" if before == ":" else part
        if part in "[{":
            depth += 1
        before = part
