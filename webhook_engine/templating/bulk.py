"""
How generated code encodes all values of a text at once, and how it knows that it may.

Every recipe looks at the values joined to one text. If its condition holds, the
encoder in C makes of each value what the table of escapers would make of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from webhook_engine.templating.native import LEFT_BY_QUOTER, escape, quote
from webhook_engine.templating.pieces import Hole, Piece, holes_of, literals_of
from webhook_engine.templating.slots import DOTS, Slot

_PERCENT = {Slot.URL_PATH, Slot.URL_QUERY, Slot.URL_FRAGMENT}
_XML = {Slot.XML_TEXT, Slot.XML_ATTRIBUTE}
_NO_ESCAPES = "92 not in dumps(joined)"
"""No backslash in it, so nothing that JSON writes with an escape: no control character. orjson looks fast."""

_NONCHARACTERS = "\ufffe\uffff"
_CONTROLS = bytes(code for code in range(0x20) if code not in b"\t\n")


@dataclass(frozen=True, slots=True)
class Bulk:
    """
    A recipe, as Python text.
    """

    holds: str
    """A condition on `joined`. It may raise where no slot of the text could carry the values."""

    quick: str
    """What encodes the value {name} then."""

    after: str = ""
    """What is done to the whole text after that."""


KNOWN: Mapping[str, object] = {
    "controls": _CONTROLS,
    "dots": DOTS,
    "dumps": orjson.dumps,
    "escape": escape,
    "join": "".join,
    "len": len,
    "quote": quote,
    "white_too": bytes(range(0x20)),
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
        return Bulk(_left_nothing(), "quote({name})")
    if slots <= _XML:
        return _xml(in_attribute=Slot.XML_ATTRIBUTE in slots)
    if slots == {Slot.HEADER}:
        return Bulk(f"{_NO_ESCAPES} and '\\x7f' not in joined", "{name}")
    if slots == {Slot.TEXT}:
        return Bulk(_whole_characters(), "{name}")
    return None


def _whole_characters() -> str:
    """
    No half of a surrogate pair: orjson refuses it.
    """
    return "(joined.isascii() or dumps(joined))"


def _none_of(marks: str) -> str:
    # One character after another: each is looked for by the C library's memchr.
    return " and ".join(f"{mark!r} not in joined" for mark in marks)


def _left_nothing() -> str:
    """
    No character that the quoter leaves and the escapers encode.
    """
    return f"{_whole_characters()} and {_none_of(LEFT_BY_QUOTER)}"


def _percent(holes: Sequence[Hole], *, literal_plus: bool) -> Bulk:
    in_path = dict.fromkeys(hole.name for hole in holes if hole.slot is Slot.URL_PATH)
    holds = " and ".join([_left_nothing(), *(f"{name} not in dots" for name in in_path)])
    # The quoter writes a blank as a plus; a plus that was in a value is %2B by then.
    blanks = '.replace("+", "%20")'
    return Bulk(holds, f"quote({{name}}){blanks}") if literal_plus else Bulk(holds, "quote({name})", blanks)


def _xml(*, in_attribute: bool) -> Bulk:
    refused = "white_too" if in_attribute else "controls"
    no_controls = f"len((encoded := joined.encode()).translate(None, {refused})) == len(encoded)"
    no_noncharacters = f"(joined.isascii() or {_none_of(_NONCHARACTERS)})"
    return Bulk(f"({_NO_ESCAPES} or {no_controls}) and {no_noncharacters}", "escape({name})")
