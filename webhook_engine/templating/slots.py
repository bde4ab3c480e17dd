"""
Where a value can land, and ONE TABLE of what makes it safe there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from math import isfinite
from types import MappingProxyType
from urllib.parse import quote, quote_plus

import orjson

from webhook_engine.errors import RenderError, UnsafeValue

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
    """Bare: the value brings its own quotes if it is text."""

    XML_TEXT = "xml text"
    XML_ATTRIBUTE = "xml attribute"
    """Between the quotes."""

    HEADER = "header"
    TEXT = "text"


# RFC 9110, 5.5: CR, LF and NUL end or cut a field; other controls are invalid. A tab is allowed.
_NOT_IN_A_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# RFC 3986, 3.2.2, without percent-encoding, which name servers do not decode.
_HOST = re.compile(r"[A-Za-z0-9.-]*\Z")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
# XML 1.0, 2.2: no document can carry these, not even as a character reference.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

# CR would be read as LF, and white space in an attribute as blanks (XML 1.0, 2.11 and 3.3.3).
_XML_TEXT = {ord(mark): f"&#{ord(mark)};" for mark in "&<>\"'\r"} | {38: "&amp;", 60: "&lt;", 62: "&gt;"}
_XML_ATTRIBUTE = _XML_TEXT | {9: "&#9;", 10: "&#10;"}


def text_of(value: object) -> str:
    """
    The text a value stands for where the slot carries text.

    Raises:
        RenderError: The value is a list or a mapping, which no text stands for.
    """
    if isinstance(value, str):
        return str(value)
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if value is None:
        return ""
    raise RenderError(f"{_article(value)} cannot stand here: only text, numbers, true and false can")


def _article(value: object) -> str:
    kinds = {list: "a list", tuple: "a list", dict: "a mapping"}
    return kinds.get(type(value), f"a {type(value).__name__}")


def carried(text: str, slot: Slot) -> str:
    """
    *text* itself, if UTF-8 can carry it.
    """
    if not text.isascii() and _SURROGATE.search(text):
        raise UnsafeValue("half of a surrogate pair is not a character", slot=slot)
    return text


def url_path(value: object) -> str:
    """
    One path segment, or a part of one.

    Raises:
        UnsafeValue: "." or "..": they climb, and dots cannot be encoded away (RFC 3986, 3.3).
    """
    text = text_of(value)
    if text in {".", ".."}:
        raise UnsafeValue(f"a URL path cannot carry {text!r}: it would climb", slot=Slot.URL_PATH)
    return quote(carried(text, Slot.URL_PATH), safe="")


def url_query(value: object) -> str:
    """
    Percent-encoded; a space is %20, a plus %2B.
    """
    return quote(carried(text_of(value), Slot.URL_QUERY), safe="")


def url_fragment(value: object) -> str:
    """
    Percent-encoded.
    """
    return quote(carried(text_of(value), Slot.URL_FRAGMENT), safe="")


def url_host(value: object) -> str:
    """
    Letters, digits, hyphens and dots of a host name.
    """
    text = text_of(value)
    if not _HOST.match(text):
        raise UnsafeValue(f"a host name cannot carry {text!r}", slot=Slot.URL_HOST)
    return text


def form(value: object) -> str:
    """
    As `application/x-www-form-urlencoded`: a space is a plus.
    """
    return quote_plus(carried(text_of(value), Slot.FORM))


def json_string(value: object) -> str:
    """
    What stands between the quotes.
    """
    return orjson.dumps(carried(text_of(value), Slot.JSON_STRING)).decode()[1:-1]


def json_value(value: object) -> str:
    """
    A whole JSON value: text in quotes, numbers of any size as they are.

    Raises:
        UnsafeValue: A float that is not a number JSON knows.
    """
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if not isfinite(value):
            raise UnsafeValue(f"JSON has no number {value}", slot=Slot.JSON_VALUE)
        return orjson.dumps(value).decode()
    if isinstance(value, list | tuple):
        return f"[{','.join(map(json_value, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{json_value(text_of(k))}:{json_value(v)}' for k, v in value.items())}}}"
    return f'"{json_string(value)}"'


def _xml(value: object, slot: Slot, marks: Mapping[int, str]) -> str:
    text = text_of(value)
    illegal = _NOT_IN_XML.search(text)
    if illegal:
        raise UnsafeValue(f"XML cannot carry the character U+{ord(illegal[0]):04X}", slot=slot)
    return text.translate(marks)


def xml_text(value: object) -> str:
    """
    Between tags.
    """
    return _xml(value, Slot.XML_TEXT, _XML_TEXT)


def xml_attribute(value: object) -> str:
    """
    Between the quotes, of either kind.
    """
    return _xml(value, Slot.XML_ATTRIBUTE, _XML_ATTRIBUTE)


def header(value: object) -> str:
    """
    Part of a header's value, as it is.

    Raises:
        UnsafeValue: A control character, which could end the header early.
    """
    text = carried(text_of(value), Slot.HEADER)
    breaker = _NOT_IN_A_HEADER.search(text)
    if breaker:
        raise UnsafeValue(f"a header cannot carry {breaker[0]!r}", slot=Slot.HEADER)
    return text


def plain_text(value: object) -> str:
    """
    As it is.
    """
    return carried(text_of(value), Slot.TEXT)


ESCAPERS: Mapping[Slot, Escaper] = MappingProxyType(
    {
        Slot.URL_HOST: url_host,
        Slot.URL_PATH: url_path,
        Slot.URL_QUERY: url_query,
        Slot.URL_FRAGMENT: url_fragment,
        Slot.FORM: form,
        Slot.JSON_STRING: json_string,
        Slot.JSON_VALUE: json_value,
        Slot.XML_TEXT: xml_text,
        Slot.XML_ATTRIBUTE: xml_attribute,
        Slot.HEADER: header,
        Slot.TEXT: plain_text,
    }
)
"""What a value becomes in each slot; nothing else in this project makes text safe."""
