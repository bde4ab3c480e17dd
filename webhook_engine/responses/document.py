"""
A response that was read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .response import ResponseType
    from .tree import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """
    A response that was read.
    """

    tree: Node = field(repr=False)
    """Objects, lists and scalars; of XML what its outermost element holds; None for nothing, a page and a file."""

    type: ResponseType
    """What it was read as, never `AUTO`."""

    root: str | None = None
    """The name of XML's outermost element."""

    is_page: bool = False
    """Whether it is a page for a browser, in which no data is looked for."""

    file: str = ""
    """What kind of file it is, in words for an agent, where it is one and no data is looked for in it."""

    source: bytes = field(default=b"", repr=False)
    """The body in UTF-8."""

    findings: tuple[str, ...] = ()
    """What was odd about it."""

    @property
    def text(self) -> str:
        """
        The body as text.
        """
        return self.source.decode("utf-8", "replace")
