"""
Where a value can land, and ONE TABLE of what makes it safe there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from math import isfinite
from types import MappingProxyType

import orjson
from jinja2 import Undefined

from webhook_engine.errors import RenderError, UnsafeValue
from webhook_engine.templating.native import LEFT_BY_QUOTER, escape, quote

Escaper = Callable[[object], str]


class Slot(StrEnum):
    """
    The place in a request where a value lands.
    """

    URL_HOST = "url host"
    """Only where the template's author lists the hosts allowed."""

    URL_PATH = "url path"
    """Part of one segment; a slash in a value is data."""

    URL_QUERY = "url query"
    """Name or value of a query parameter."""

    URL_FRAGMENT = "url fragment"

    FORM = "form"
    """Name or value of a form field."""

    JSON_STRING = "json string"
    """Between the quotes."""

    JSON_VALUE = "json value"
    """Bare: a text brings its own quotes."""

    XML_TEXT = "xml text"
    """Between tags."""

    XML_ATTRIBUTE = "xml attribute"
    """Between the quotes."""

    HEADER = "header"

    TEXT = "text"


_NUMBERS = (int, float, Decimal)

DOTS = frozenset({".", ".."})
"""Path segments that climb; dots cannot be percent-encoded away (RFC 3986, 3.3 and 6.2.2.2)."""

# RFC 9110, 5.5: CR, LF and NUL end or cut a field, other controls are invalid; a tab is not.
_NOT_IN_A_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# RFC 3986, 3.2.2, without its percent-encoding, which name servers do not undo.
_HOST = re.compile(r"[A-Za-z0-9.-]*\Z")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
# XML 1.0, 2.2: no document can carry these, not even as character references.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LEFT_BY_QUOTER = {ord(mark): f"%{ord(mark):02X}" for mark in LEFT_BY_QUOTER}
_ANY_LEFT = re.compile(f"[{re.escape(LEFT_BY_QUOTER)}]")


def text_of(value: object) -> str:
    """
    The text a value stands for: true and false as JSON and XML write them, nothing for none.

    Raises:
        RenderError: No text stands for a list, a mapping or what is undefined.
    """
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, _NUMBERS):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, Undefined):
        raise RenderError(value._undefined_message)
    what = "a list" if isinstance(value, list | tuple) else f"a {type(value).__name__}"
    raise RenderError(f"{what} cannot stand here: only text, a number, true or false can")


def _carried(value: object, slot: Slot) -> str:
    """
    The value's text, if UTF-8 can carry it.
    """
    text = value if value.__class__ is str else text_of(value)
    if not text.isascii() and _SURROGATE.search(text):
        raise _no_character(slot)
    return text


def _no_character(slot: Slot) -> UnsafeValue:
    return UnsafeValue("half of a surrogate pair is not a character", slot=slot)


def _percent(text: str) -> str:
    """
    Everything but letters, digits and -._~ as %XX (RFC 3986, 2.3).
    """
    if text.isalnum() and text.isascii():
        return text
    made = quote(text)
    if "+" in made:
        made = made.replace("+", "%20")
    return made.translate(_LEFT_BY_QUOTER) if _ANY_LEFT.search(made) else made


def _url_host(value: object) -> str:
    text = text_of(value)
    if not _HOST.match(text):
        raise UnsafeValue(f"a host name cannot carry {text!r}", slot=Slot.URL_HOST)
    return text


def _url_path(value: object) -> str:
    text = _carried(value, Slot.URL_PATH)
    if text in DOTS:
        raise UnsafeValue(f"a URL path cannot carry {text!r}: it would climb", slot=Slot.URL_PATH)
    return _percent(text)


def _url_query(value: object) -> str:
    return _percent(_carried(value, Slot.URL_QUERY))


def _url_fragment(value: object) -> str:
    return _percent(_carried(value, Slot.URL_FRAGMENT))


def _form(value: object) -> str:
    made = quote(_carried(value, Slot.FORM))
    return made.translate(_LEFT_BY_QUOTER) if _ANY_LEFT.search(made) else made


def _json_string(value: object) -> str:
    text = value if value.__class__ is str else text_of(value)
    try:
        return orjson.dumps(text).decode()[1:-1]
    except orjson.JSONEncodeError:  # a lone surrogate is all that it refuses in a text
        raise _no_character(Slot.JSON_STRING) from None


def _json_value(value: object) -> str:
    """
    Text in quotes; numbers of any size as they are; lists and mappings of these.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, float | Decimal) and not isfinite(value):
        raise UnsafeValue(f"JSON has no number {value}", slot=Slot.JSON_VALUE)
    if isinstance(value, float):
        return orjson.dumps(value).decode()
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_json_value, value))}]"
    if isinstance(value, Mapping):
        members = (f'"{_json_string(name)}":{_json_value(member)}' for name, member in value.items())
        return f"{{{','.join(members)}}}"
    return f'"{_json_string(value)}"'


def _xml_text(value: object) -> str:
    text = value if value.__class__ is str else text_of(value)
    if text.isprintable():
        return escape(text)
    _refuse_illegal(text, Slot.XML_TEXT)
    # A parser reads a bare CR as a line feed (XML 1.0, 2.11).
    return escape(text).replace("\r", "&#13;")


def _xml_attribute(value: object) -> str:
    text = value if value.__class__ is str else text_of(value)
    if text.isprintable():
        return escape(text)
    _refuse_illegal(text, Slot.XML_ATTRIBUTE)
    # In an attribute a parser reads bare white space as blanks (XML 1.0, 3.3.3).
    return escape(text).replace("\r", "&#13;").replace("\n", "&#10;").replace("\t", "&#9;")


def _refuse_illegal(text: str, slot: Slot) -> None:
    illegal = _NOT_IN_XML.search(text)
    if illegal:
        raise UnsafeValue(f"XML cannot carry the character U+{ord(illegal[0]):04X}", slot=slot)


def _header(value: object) -> str:
    text = _carried(value, Slot.HEADER)
    breaker = _NOT_IN_A_HEADER.search(text)
    if breaker:
        raise UnsafeValue(f"a header cannot carry {breaker[0]!r}", slot=Slot.HEADER)
    return text


def _text(value: object) -> str:
    return _carried(value, Slot.TEXT)


ESCAPERS: Mapping[Slot, Escaper] = MappingProxyType(
    {
        Slot.URL_HOST: _url_host,
        Slot.URL_PATH: _url_path,
        Slot.URL_QUERY: _url_query,  # a space is %20, a plus %2B
        Slot.URL_FRAGMENT: _url_fragment,
        Slot.FORM: _form,  # a space is a plus
        Slot.JSON_STRING: _json_string,
        Slot.JSON_VALUE: _json_value,
        Slot.XML_TEXT: _xml_text,
        Slot.XML_ATTRIBUTE: _xml_attribute,
        Slot.HEADER: _header,
        Slot.TEXT: _text,
    }
)
"""
What a value becomes in each slot, or UnsafeValue where the slot cannot carry it.

Generated code may encode many values in one step; where it does, it first makes
sure that the result is what this table gives, and falls back to it where not.
"""
