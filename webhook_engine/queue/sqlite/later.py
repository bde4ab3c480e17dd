"""
A JSON object that is read when somebody looks into it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson


class Later(Mapping[str, object]):
    """
    What *text* says. Nobody may ever ask: whoever put a delivery a moment ago has its reference at hand.
    """

    __slots__ = ("_read", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._read: dict[str, Any] | None = None

    def __getitem__(self, name: str) -> object:
        return self._document()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._document())

    def __len__(self) -> int:
        return len(self._document())

    def __repr__(self) -> str:
        return f"Later({self._text!r})"

    def _document(self) -> dict[str, Any]:
        if self._read is None:
            self._read = orjson.loads(self._text)
        return self._read
