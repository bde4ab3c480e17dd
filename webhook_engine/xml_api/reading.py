"""
XML in, names and values out: no document types, no entities, no attributes, and never more than the bounds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias
from xml.parsers import expat

from webhook_engine.xml_api.encoding import text_of
from webhook_engine.xml_api.faults import InputNotLoaded, NoDocumentElement

Value: TypeAlias = "str | Children"
"""What an element holds: its text without the blanks around it, or its children where it has some."""

Children: TypeAlias = "list[tuple[str, Value]]"
"""Names and values in their order."""

ROOT: Final = "XML"

# Attributes are not read, but expat makes objects of all that an element has.
_ATTRIBUTE: Final = re.compile(r"=\s*[\"']")

# Where an element holds text alone, this is what was there: characters that XML takes for blanks, no others.
_BLANKS: Final = " \t\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """
    What one request may hold.
    """

    body_bytes: int = 8 * 2**20
    """After decompression."""

    elements: int = 400_000
    attributes: int = 100_000
    depth: int = 16


DEFAULT: Final = Bounds()


def read(body: bytes, *, content_type: str = "", bounds: Bounds = DEFAULT) -> Children:
    """
    What the document element of a request holds; text beside its elements is passed over.

    Raises:
        InputNotLoaded: It cannot be read, or is beyond the bounds.
        NoDocumentElement: Its outermost element is another one.
    """
    value = read_value(body, content_type=content_type, bounds=bounds)
    return [] if isinstance(value, str) else value


def read_value(body: bytes, *, content_type: str = "", bounds: Bounds = DEFAULT) -> Value:
    """
    The same, or its text where it holds nothing else.

    Raises:
        InputNotLoaded: It cannot be read, or is beyond the bounds.
        NoDocumentElement: Its outermost element is another one.
    """
    text = text_of(body, content_type).strip("\ufeff\x00 \t\r\n")
    if text.count("=") > bounds.attributes and len(_ATTRIBUTE.findall(text)) > bounds.attributes:
        raise InputNotLoaded
    return _Reader(bounds).read(text)


class _Reader:
    """
    Takes what expat finds.
    """

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._left = bounds.elements
        self._top: Children = []
        self._children = self._top
        self._open: list[Children] = []
        self._text: list[str] = []

    def read(self, text: str) -> Value:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        try:
            parser.Parse(text, True)
        except (expat.ExpatError, UnicodeError):
            raise InputNotLoaded from None
        ((name, value),) = self._top
        if name != ROOT:
            raise NoDocumentElement
        return value

    def _start(self, _: str, __: dict[str, str]) -> None:
        self._left -= 1
        if self._left < 0 or len(self._open) >= self._bounds.depth:
            raise InputNotLoaded
        self._open.append(self._children)
        self._children = []
        self._text.clear()

    def _end(self, name: str) -> None:
        value: Value = self._children or "".join(self._text).strip(_BLANKS)
        self._text.clear()
        self._children = self._open.pop()
        self._children.append((name, value))


def _refuse(*_: object) -> None:
    # Entities, the bombs among them, live in document types.
    raise InputNotLoaded
