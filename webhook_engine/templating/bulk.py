"""
How generated code encodes all values of a text in one step, and how it knows that it may.

Every recipe looks at the values joined to one text. If its condition holds, the
encoder in C makes of each value what the table of escapers would make of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from webhook_engine.templating.native import LEFT_BY_QUOTER, escape, quote
from webhook_engine.templating.pieces import Hole, Piece, holes_of, literals_of
from webhook_engine.templating.slots import DOTS, Slot

_PERCENT = {Slot.URL_PATH, Slot.URL_QUERY, Slot.URL_FRAGMENT}
_XML = {Slot.XML_TEXT, Slot.XML_ATTRIBUTE}
_SUSPECT_IN_TEXT = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_SUSPECT_IN_ATTRIBUTE = re.compile("[\x00-\x1f\ud800-\udfff\ufffe\uffff]")
# A text that JSON would write without one escape holds no control character: orjson looks fast.
_NO_ESCAPES = "len(dumps(joined)) == len(joined.encode()) + 2"


@dataclass(frozen=True, slots=True)
class Bulk:
    """
    A recipe, as Python text.
    """

    holds: str
    """A condition on `joined`; it raises where no slot of the text could carry the values."""

    quick: str
    """What encodes the value {name} then."""

    after: str = ""
    """What is done to the whole text after that."""


KNOWN: Mapping[str, object] = {
    "dots": DOTS,
    "dumps": orjson.dumps,
    "escape": escape,
    "join": "".join,
    "left": LEFT_BY_QUOTER.encode(),
    "len": len,
    "quote": quote,
    "suspect_in_attribute": _SUSPECT_IN_ATTRIBUTE.search,
    "suspect_in_text": _SUSPECT_IN_TEXT.search,
}
"""What recipes refer to."""


def bulk_of(pieces: Sequence[Piece]) -> Bulk | None:
    """
    The recipe for these pieces, if one exists for their slots together.
    """
    holes = list(holes_of(pieces))
    slots = {hole.slot for hole in holes}
    if slots <= _PERCENT:
        return _percent(holes, literal_plus=any("+" in text for text in literals_of(pieces)))
    if slots == {Slot.FORM}:
        return Bulk(_nothing_left(), "quote({name})")
    if slots <= _XML:
        return _xml(in_attribute=Slot.XML_ATTRIBUTE in slots)
    if slots == {Slot.HEADER}:
        return Bulk(f"{_NO_ESCAPES} and '\\x7f' not in joined", "{name}")
    if slots == {Slot.TEXT}:
        # Encoding refuses half a surrogate pair, which is all that plain text cannot carry.
        return Bulk("joined.isascii() or joined.encode()", "{name}")
    return None


def _nothing_left() -> str:
    return "len((encoded := joined.encode()).translate(None, left)) == len(encoded)"


def _percent(holes: Sequence[Hole], *, literal_plus: bool) -> Bulk:
    in_path = dict.fromkeys(hole.name for hole in holes if hole.slot is Slot.URL_PATH)
    holds = " and ".join([_nothing_left(), *(f"{name} not in dots" for name in in_path)])
    # The quoter writes a blank as a plus; a plus that was in a value is %2B by then.
    blanks = ".replace('+', '%20')"
    return Bulk(holds, f"quote({{name}}){blanks}") if literal_plus else Bulk(holds, "quote({name})", blanks)


def _xml(*, in_attribute: bool) -> Bulk:
    suspect = "suspect_in_attribute" if in_attribute else "suspect_in_text"
    no_noncharacters = "(joined.isascii() or '\\ufffe' not in joined and '\\uffff' not in joined)"
    return Bulk(f"{_NO_ESCAPES} and {no_noncharacters} or not {suspect}(joined)", "escape({name})")
