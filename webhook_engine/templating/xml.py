"""
The structure of XML: whether a place lies between tags, in an attribute, or where no value may stand.

Source:
    Extensible Markup Language (XML) 1.0, Fifth Edition.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum, auto
from xml.parsers.expat import ExpatError, ParserCreate

from webhook_engine.errors import RenderError
from webhook_engine.templating.slots import ESCAPERS, Slot
from webhook_engine.templating.walk import Misplaced

NAME = r"[:A-Za-z_\u0080-\U0010ffff][-.:\w\u00b7]*"
_ENTITY = r"&(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9A-Fa-f]+);"
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ENCODING = re.compile(r"encoding\s*=\s*[\"']([^\"']*)")
_DEPTH_LIMIT = 64


class Mode(Enum):
    """
    What a walker is in the middle of.
    """

    CONTENT = auto()
    TAG = auto()
    ATTRIBUTE = auto()
    CDATA = auto()


@dataclass(frozen=True, slots=True)
class State:
    """
    Where in an XML text a walker stands.
    """

    mode: Mode = Mode.CONTENT

    open: tuple[str, ...] = ()
    """Names of the elements not closed yet, outermost first."""

    quote: str = ""
    has_root: bool = False


_STEPS = {
    Mode.CONTENT: re.compile(
        r"(?P<text>[^<&]+|" + _ENTITY + r")"
        r"|(?P<comment><!--(?:(?!--).)*-->)"
        r"|(?P<cdata><!\[CDATA\[)"
        r"|(?P<declaration><\?xml(?=\s).*?\?>)"
        r"|(?P<instruction><\?(?!xml\s).*?\?>)"
        rf"|(?P<close></(?P<closed>{NAME})\s*>)"
        rf"|(?P<open><(?P<opened>{NAME})(?=[\s/>]|\Z))",
        re.DOTALL,
    ),
    Mode.TAG: re.compile(
        r"(?P<blank>\s+)"
        rf"|(?P<attribute>{NAME}\s*=\s*(?P<quote>[\"']))"
        r"|(?P<empty>/>)|(?P<end>>)",
    ),
    Mode.CDATA: re.compile(r"(?P<raw>(?:(?!\]\]>).)+)|(?P<leave>\]\]>)", re.DOTALL),
}
_IN_QUOTES = {
    mark: re.compile(rf"(?P<text>[^<&{mark}]+|{_ENTITY})|(?P<unquote>{mark})") for mark in ('"', "'")
}


class XmlWalker:
    """
    Follows an XML document.
    """

    def __init__(self) -> None:
        self.state = State()
        self.is_unsure = False

    def text(self, text: str, at: int, /) -> str:
        """
        The text; CDATA is written as the text it stands for, so that values may stand in it.
        """
        illegal = _ILLEGAL.search(text)
        if illegal:
            raise Misplaced(f"XML cannot carry the character U+{ord(illegal[0]):04X}", at + illegal.start())
        sent: list[str] = []
        position = 0
        while position < len(text):
            pattern = (
                _IN_QUOTES[self.state.quote] if self.state.mode is Mode.ATTRIBUTE else _STEPS[self.state.mode]
            )
            found = pattern.match(text, position)
            if not found:
                raise Misplaced(_what_is_wrong(self.state, text[position:]), at + position)
            sent.append(self._step(found, at + position))
            position = found.end()
        return "".join(sent).replace("\r\n", "\n").replace("\r", "\n")

    def _step(self, found: re.Match[str], at: int) -> str:
        """
        Take one step, and give what it sends.
        """
        state = self.state
        step = next(name for name, text in found.groupdict().items() if text is not None)
        match step:
            case "text" if state.mode is Mode.CONTENT and not state.open:
                return self._outside(found[0], at)
            case "raw":
                return ESCAPERS[Slot.XML_TEXT](found[0])
            case "declaration":
                self._declaration(found[0], at)
            case "cdata":
                self._outside("" if state.open else "text", at)
                self.state = replace(state, mode=Mode.CDATA)
                return ""
            case "leave":
                self.state = replace(state, mode=Mode.CONTENT)
                return ""
            case "open":
                self._open(found["opened"], at)
            case "close":
                self._close(found["closed"], at)
            case "attribute":
                self.state = replace(state, mode=Mode.ATTRIBUTE, quote=found["quote"])
            case "unquote":
                self.state = replace(state, mode=Mode.TAG, quote="")
            case "empty":
                self.state = replace(state, mode=Mode.CONTENT, open=state.open[:-1])
            case "end":
                self.state = replace(state, mode=Mode.CONTENT)
        return found[0]

    def _outside(self, text: str, at: int) -> str:
        if text.strip():
            raise Misplaced("XML holds text only inside of its root element", at)
        # Before its declaration a document holds not even blanks.
        return ""

    def _declaration(self, text: str, at: int) -> None:
        if self.state.has_root:
            raise Misplaced("the XML declaration stands first", at)
        encoding = _ENCODING.search(text)
        if encoding and encoding[1].lower() not in {"utf-8", "utf8"}:
            raise Misplaced(f"bodies are sent as UTF-8, not {encoding[1]}", at)

    def _open(self, name: str, at: int) -> None:
        state = self.state
        if not state.open and state.has_root:
            raise Misplaced("XML has one root element, and it is closed already", at)
        if len(state.open) >= _DEPTH_LIMIT:
            raise Misplaced(f"XML nested deeper than {_DEPTH_LIMIT}", at)
        self.state = State(Mode.TAG, (*state.open, name), has_root=True)

    def _close(self, name: str, at: int) -> None:
        state = self.state
        if not state.open or state.open[-1] != name:
            expected = f"</{state.open[-1]}>" if state.open else "nothing"
            raise Misplaced(f"this is not XML: </{name}> stands where {expected} should", at)
        self.state = replace(state, open=state.open[:-1])

    def place(self, at: int, /) -> Slot:
        """
        Between tags or between an attribute's quotes.
        """
        state = self.state
        if state.mode is Mode.ATTRIBUTE:
            return Slot.XML_ATTRIBUTE
        if state.mode is Mode.TAG:
            raise Misplaced("a variable cannot stand in a tag: only in an attribute's quotes", at)
        if not state.open:
            raise Misplaced("a variable can stand only inside of XML's root element", at)
        return Slot.XML_TEXT

    def join(self, one: State, other: State, /) -> State | None:
        """
        Branches must open and close the same.
        """
        return one if one == other else None

    def end(self, at: int, /) -> str:
        """
        Everything must be closed.
        """
        state = self.state
        if state.open:
            raise Misplaced(f"this is not XML: <{state.open[-1]}> is never closed", at)
        if not state.has_root:
            raise Misplaced("this is not XML: it has no root element", at)
        return ""


def _what_is_wrong(state: State, rest: str) -> str:
    if rest.startswith("&"):
        return "an ampersand in XML is written &amp;"
    if rest.startswith("<!DOCTYPE"):
        return "a document type has no place in a body"
    if rest.startswith("<!--"):
        return "a variable cannot stand in a comment"
    if rest.startswith("<?"):
        return "a variable cannot stand in a processing instruction"
    if state.mode is Mode.TAG:
        return 'this is not XML: an attribute is written name="value"'
    return 'this is not XML: "<" is written &lt;, and a tag has a fixed name'


def check_well_formed(text: str) -> None:
    """
    Refuse a text that a parser would.
    """
    try:
        ParserCreate().Parse(text.encode(), True)
    except ExpatError as error:
        raise RenderError(f"with these values the result is not XML: {error}") from None
