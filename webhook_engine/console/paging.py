"""
Long lists, page by page: each page begins after a key, so the millionth row is as near as the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """
    Some rows of a list, and where the next ones begin.
    """

    rows: Sequence[T]

    after: str | None = None
    """What the next page is asked for with: the key of this one's last row; None where it is the last page."""


def page_of(found: Sequence[T], *, size: int, key: Callable[[T], object]) -> Page[T]:
    """
    The page that *found* is: the rows after a key, asked for as one more than a page holds.
    """
    rows = found[:size]
    return Page(rows=rows, after=str(key(rows[-1])) if len(found) > size else None)
