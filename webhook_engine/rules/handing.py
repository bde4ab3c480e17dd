"""
A value of a response, as the next webhook's DYNAMIC_PARAMETER.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from webhook_engine.rules.words import shown
from webhook_engine.templating.slots import text_of

_SURROGATE: Final = re.compile("[\ud800-\udfff]")

_LOOKED_AT: Final = 1_000
"""Items of a list: a response may hold a million, and an agent waits."""


@dataclass(frozen=True, slots=True)
class Handed:
    """
    One value that is handed on, or why it is not.
    """

    text: str | None
    """None where the link hands nothing on."""

    refusal: str | None = None


def handed(found: object, *, at_most: int, longest: int) -> tuple[Handed, ...]:
    """
    What an expression came to, one for each item where it is a list, as texts.

    A number, true and false are written as in a template. What is empty, and
    what is a table or a list itself, is refused: it would name nothing, or not
    what its author meant. A value that stands twice is handed on once. After
    the first *at_most* values, and after a thousand items of a list, the rest
    is left out.
    """
    items = found if isinstance(found, list | tuple) else [found]
    return tuple(_counted(items, at_most, longest))


def _counted(items: list[object] | tuple[object, ...], at_most: int, longest: int) -> Iterator[Handed]:
    seen: set[str | None] = set()
    for place, item in enumerate(items):
        if len(seen) == at_most or place == _LOOKED_AT:
            bound = f"at_most is {at_most}" if len(seen) == at_most else f"{_LOOKED_AT:,} are looked at"
            yield Handed(None, f"the last {len(items) - place:,} of {len(items):,} are left out: {bound}")
            return
        made = _text(item, longest)
        if made.refusal is not None or made.text not in seen:
            yield made
        if made.refusal is None:
            seen.add(made.text)


def _text(item: object, longest: int) -> Handed:
    if isinstance(item, Mapping | list | tuple):
        what = "a table" if isinstance(item, Mapping) else "a list"
        return Handed(None, f"{shown(item)} is {what}, and one value is handed on")
    if isinstance(item, float) and not math.isfinite(item):
        return Handed(None, f"{item} is no number that a target system could read")
    text = text_of(item)
    if not text:
        return Handed(None, f"{shown(item)} is empty, and would name nothing")
    if len(text) > longest:
        return Handed(None, f"{shown(item)} is longer than the {longest:,} characters that are handed on")
    if _SURROGATE.search(text):
        return Handed(None, f"{shown(item)} holds half a character")
    return Handed(text)
