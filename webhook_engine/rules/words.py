"""
Values and lists as a trace writes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_LONGEST: Final = 80


def shown(value: object) -> str:
    """
    A value on one line, shortened where it is long.
    """
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def quoted(names: Iterable[str]) -> str:
    """
    `'Sales', 'Support'`.
    """
    return ", ".join(repr(str(name)) for name in names)


def either(words: Iterable[str]) -> str:
    """
    `ended or disposed`.
    """
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
