"""
How generated code encodes all values of a text at once, and how it knows that it may.

If a recipe's condition holds, the encoder in C makes of each value what the table of
escapers would make of it. Most recipes look at the values, joined to one text, before they
are encoded; where no encoder hides what is looked for, the whole text is looked at instead.
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
_NO_ESCAPES = "92 not in (seen := dumps(joined))"
"""No backslash in it, so nothing that JSON writes with an escape: no control character. orjson looks fast."""

_NONCHARACTERS = "\ufffe\uffff"

# RFC 8259, 7: JSON writes these with an escape, and XML carries them as they are.
_ESCAPED_BY_JSON = frozenset('"\\\t\n')

# XML 1.0, 2.2 and 2.11: the controls that no document carries, and the carriage return, which is
# read as another; each is made a question mark.
_IN_XML = bytes(63 if byte < 32 and byte not in b"\t\n" else byte for byte in range(256))
_NO_CONTROLS = "(seen := made.encode()).translate(in_xml) == seen"


@dataclass(frozen=True, slots=True)
class Bulk:
    """
    A recipe, as Python text.
    """

    holds: str
    """A condition on `joined`, or on `made`. It may raise where no slot of the text could carry the values."""

    quick: str
    """What encodes the value {value} then."""

    after: str = ""
    """What is done to the whole text after that."""

    is_hindsight: bool = False
    """Whether the condition is on `made`, which the encoder has been through."""


def bulk_of(pieces: Sequence[Piece]) -> Bulk | None:
    """
    The recipe for these pieces, if one exists for their slots together.
    """
    holes = list(holes_of(pieces))
    slots = {hole.slot for hole in holes}
    if slots <= _PERCENT:
        return _percent(holes, literal_plus=any("+" in text for text in literals_of(pieces)))
    if slots == {Slot.FORM}:
        return Bulk(_left_nothing(), "quote({value})")
    if slots <= _XML:
        is_escaped = any(not _ESCAPED_BY_JSON.isdisjoint(text) for text in literals_of(pieces))
        return _xml(in_attribute=Slot.XML_ATTRIBUTE in slots, is_escaped=is_escaped)
    if slots == {Slot.HEADER}:
        return Bulk(f"{_NO_ESCAPES} and '\\x7f' not in joined", "{value}")
    if slots == {Slot.TEXT}:
        return Bulk(_whole_characters(), "{value}")
    return None


def _whole_characters() -> str:
    """
    No half of a surrogate pair: orjson refuses it.
    """
    return "(joined.isascii() or dumps(joined))"


def _none_of(marks: str, text: str = "joined") -> str:
    # One character after another: each is looked for by the C library's memchr.
    return " and ".join(f"{mark!r} not in {text}" for mark in marks)


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
    return Bulk(holds, f"quote({{value}}){blanks}") if literal_plus else Bulk(holds, "quote({value})", blanks)


def _xml(*, in_attribute: bool, is_escaped: bool) -> Bulk:
    """
    The recipe for XML.

    Args:
        is_escaped: Whether JSON would write the author's own text with escapes.
    """
    if in_attribute:
        # White space in a value would be read as blanks, and the author's own in the text would hide it.
        return Bulk(f"{_NO_ESCAPES} and {_no_noncharacters('joined')}", "escape({value})")
    # orjson looks faster than `translate`, and cannot tell where the author's own text has escapes.
    clean = _NO_CONTROLS if is_escaped else f"(92 not in (seen := dumps(made)) or {_NO_CONTROLS})"
    return Bulk(f"{clean} and {_no_noncharacters('made')}", "escape({value})", is_hindsight=True)


def _no_noncharacters(text: str) -> str:
    # In UTF-8 they begin with the byte 239, as few characters do.
    return f"(239 not in seen or {_none_of(_NONCHARACTERS, text)})"


KNOWN: Mapping[str, object] = {
    "dots": DOTS,
    "dumps": orjson.dumps,
    "escape": escape,
    "in_xml": _IN_XML,
    "join": "".join,
    "quote": quote,
}
"""What recipes refer to."""
