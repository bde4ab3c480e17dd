"""
ONE TABLE of what a slot does to a value, in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from webhook_engine.templating import Slot

ENCODERS: Final[Mapping[Slot, str]] = MappingProxyType(
    {
        Slot.URL_HOST: "as it is, where it is a host name",
        Slot.URL_PATH: "percent-encoded as part of one path segment",
        Slot.URL_QUERY: "percent-encoded for a query; a space is %20",
        Slot.URL_FRAGMENT: "percent-encoded for a fragment",
        Slot.FORM: "encoded for a form; a space is +",
        Slot.JSON_STRING: "escaped inside a JSON string",
        Slot.JSON_VALUE: "written as a JSON value",
        Slot.XML_TEXT: "escaped as XML text",
        Slot.XML_ATTRIBUTE: "escaped inside an XML attribute",
        Slot.HEADER: "as it is, where a header can carry it",
        Slot.TEXT: "as it is",
    }
)
"""Slot -> how its escaper makes a value safe there; `ESCAPERS` does it."""

RAW: Final = "as it is, past the encoding: | raw"
