"""
What uses a definition, with the way to its page.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from webhook_engine.console.visit import Visit

# As `used_by` tells it: a kind, and a name as Python writes it, at the end.
_LAST = re.compile(r"(?:\A|.* of )(rule|webhook|group) ('.*'|\".*\")\Z", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """
    One thing that uses a definition.
    """

    said: str
    """In words, as the beginning of a line."""

    href: str = ""
    """Its page; empty where it has none, as tests do."""


def references(visit: Visit, uses: Iterable[str]) -> list[Reference]:
    """
    What `used_by` found, each with the address of its page.
    """
    return [Reference(said=said[:1].upper() + said[1:], href=_page(visit, said)) for said in uses]


def _page(visit: Visit, said: str) -> str:
    found = _LAST.match(said)
    return visit.url(found[1], **{found[1]: ast.literal_eval(found[2])}) if found is not None else ""
