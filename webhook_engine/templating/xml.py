"""
The structure of XML: whether a place lies between tags, in an attribute, or where no value may stand.

Source:
    Extensible Markup Language (XML) 1.0, Fifth Edition.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from xml.parsers.expat import ExpatError, ParserCreate

from webhook_engine.errors import RenderError
from webhook_engine.templating.slots import ESCAPERS, Slot
from webhook_engine.templating.walk import Misplaced
from webhook_engine.templating.xml_grammar import DECLARATION, ENCODING, ILLEGAL, IN_QUOTES, STEPS, Mode

_DEPTH_LIMIT = 64


@dataclass(frozen=True, slots=True)
class State:
    """
    Where in an XML text a walker stands.
    """

    mode: Mode = Mode.CONTENT

    open: tuple[str, ...] = ()
    """Names of the elements not closed yet, outermost first."""

    attributes: frozenset[str] = frozenset()
    """Names that the tag has so far."""

    is_spaced: bool = False
    """Whether a blank stands before what may be the next attribute."""

    attribute: str = ""
    """Name of the attribute that is open."""

    quote: str = ""
    prefixes: tuple[frozenset[str], ...] = (frozenset({"xml"}),)
    """Namespace prefixes that may be used: at the top, and in each element not closed yet."""

    is_started: bool = False
    """Whether anything was sent: a declaration stands before all else."""

    has_root: bool = False


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
        illegal = ILLEGAL.search(text)
        if illegal:
            raise Misplaced(f"XML cannot carry the character U+{ord(illegal[0]):04X}", at + illegal.start())
        sent: list[str] = []
        position = 0
        while position < len(text):
            pattern = (
                IN_QUOTES[self.state.quote] if self.state.mode is Mode.ATTRIBUTE else STEPS[self.state.mode]
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
            case "text" if found[0].startswith("&#") and not _is_character(found[0]):
                raise Misplaced(f"XML cannot carry the character {found[0]}", at)
            case "text" if state.mode is Mode.CONTENT and not state.open:
                return self._outside(found[0], at)
            case "text" if state.mode is Mode.CONTENT:
                # "]]>" may stand nowhere in a text (XML 1.0, 2.4), and a value between may be empty.
                return found[0].replace(">", "&gt;")
            case "raw":
                return ESCAPERS[Slot.XML_TEXT](found[0])
            case "declaration":
                self._declaration(found[0], at)
                self.state = replace(state, is_started=True)
            case "comment" | "instruction":
                self.state = replace(state, is_started=True)
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
                self._attribute(found["named"], found["quote"], at)
            case "blank":
                self.state = replace(state, is_spaced=True)
            case "unquote":
                self.state = replace(state, mode=Mode.TAG, attribute="", quote="")
            case "empty":
                self._prefixes(at)
                self._content(state.open[:-1], state.prefixes)
            case "end":
                self._content(state.open, (*state.prefixes, self._prefixes(at)))
        return found[0]

    def _outside(self, text: str, at: int) -> str:
        if text.strip():
            raise Misplaced("XML holds text only inside of its root element", at)
        # Before its declaration a document holds not even blanks.
        return ""

    def _declaration(self, text: str, at: int) -> None:
        if self.state.is_started:
            raise Misplaced("the XML declaration stands first", at)
        if not DECLARATION.match(text):
            raise Misplaced('the XML declaration is written <?xml version="1.0" encoding="UTF-8"?>', at)
        encoding = ENCODING.search(text)
        if encoding and encoding[1].lower() not in {"utf-8", "utf8"}:
            raise Misplaced(f"bodies are sent as UTF-8, not {encoding[1]}", at)

    def _open(self, name: str, at: int) -> None:
        state = self.state
        if not state.open and state.has_root:
            raise Misplaced("XML has one root element, and it is closed already", at)
        if len(state.open) >= _DEPTH_LIMIT:
            raise Misplaced(f"XML nested deeper than {_DEPTH_LIMIT}", at)
        self.state = replace(state, mode=Mode.TAG, open=(*state.open, name), is_started=True, has_root=True)

    def _close(self, name: str, at: int) -> None:
        state = self.state
        if not state.open or state.open[-1] != name:
            expected = f"</{state.open[-1]}>" if state.open else "nothing"
            raise Misplaced(f"this is not XML: </{name}> stands where {expected} should", at)
        self._content(state.open[:-1], state.prefixes[:-1])

    def _content(self, opened: tuple[str, ...], prefixes: tuple[frozenset[str], ...]) -> None:
        self.state = State(open=opened, prefixes=prefixes, is_started=True, has_root=True)

    def _prefixes(self, at: int) -> frozenset[str]:
        """
        The namespace prefixes that hold inside of the tag which ends here.

        Source:
            Namespaces in XML 1.0, Third Edition, 4 to 6.
        """
        state = self.state
        own = {name.removeprefix("xmlns:") for name in state.attributes if name.startswith("xmlns:")}
        declared = state.prefixes[-1] | own
        for name in (state.open[-1], *sorted(state.attributes)):
            prefix, colon, local = name.partition(":")
            if colon and not (prefix and local and ":" not in local):
                raise Misplaced(f"this is not XML: {name} has its colon in the wrong place", at)
            if colon and prefix not in declared and (prefix != "xmlns" or name == state.open[-1]):
                raise Misplaced(
                    f'{name} has a prefix that is not declared: xmlns:{prefix}="…" is missing', at
                )
        return declared

    def _attribute(self, name: str, quote: str, at: int) -> None:
        state = self.state
        if name in state.attributes:
            raise Misplaced(f"this is not XML: the attribute {name} is given twice", at)
        if not state.is_spaced:
            raise Misplaced(f"this is not XML: a blank is missing before {name}", at)
        attributes = state.attributes | {name}
        self.state = replace(
            state, mode=Mode.ATTRIBUTE, attributes=attributes, is_spaced=False, attribute=name, quote=quote
        )

    def place(self, at: int, /) -> Slot:
        """
        Between tags or between an attribute's quotes.
        """
        state = self.state
        if state.attribute.partition(":")[0] == "xmlns":
            raise Misplaced("a namespace takes no variables: it says what the names around it mean", at)
        if state.mode is Mode.ATTRIBUTE:
            return Slot.XML_ATTRIBUTE
        if state.mode is Mode.TAG:
            raise Misplaced("a variable cannot stand in a tag: only in an attribute's quotes", at)
        if not state.open:
            raise Misplaced("a variable can stand only inside of XML's root element", at)
        return Slot.XML_TEXT

    def join(self, one: State, other: State, /) -> State | None:
        """
        Branches must open and close the same; they may give a tag different attributes.
        """
        shared = replace(
            one,
            attributes=one.attributes & other.attributes,
            is_spaced=one.is_spaced or other.is_spaced,
            is_started=one.is_started or other.is_started,
        )
        if (
            replace(
                other,
                attributes=shared.attributes,
                is_spaced=shared.is_spaced,
                is_started=shared.is_started,
            )
            != shared
        ):
            return None
        # Whether an attribute is given twice, or touches the next, is seen in the result.
        self.is_unsure |= one != other
        return shared

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


def _is_character(reference: str) -> bool:
    digits = reference[2:-1]
    code = int(digits[1:], 16) if digits.startswith("x") else int(digits)
    return code <= sys.maxunicode and not ILLEGAL.match(chr(code))


def _what_is_wrong(state: State, rest: str) -> str:
    if rest.startswith("&"):
        return "an ampersand in XML is written &amp;"
    if rest.startswith("<!DOCTYPE"):
        return "a document type has no place in a body"
    if rest.startswith("<!--"):
        return "a variable cannot stand in a comment"
    if rest.startswith("<?") and "?>" in rest:
        return "this is no processing instruction: <?name …?>"
    if rest.startswith("<?"):
        return "a variable cannot stand in a processing instruction"
    if state.mode is Mode.TAG:
        return 'this is not XML: an attribute is written name="value"'
    return 'this is not XML: "<" is written &lt;, and a tag has a fixed name'


def check_well_formed(text: str) -> None:
    """
    Refuse a text that a parser would.
    """
    if problem := xml_problem(text):
        raise RenderError(f"with these values the result is not XML: {problem}")


def xml_problem(text: str) -> str:
    """
    Why a parser would refuse a text; "" where it would not.
    """
    try:
        ParserCreate(namespace_separator=" ").Parse(text.encode(), True)
    except ExpatError as error:
        return str(error)
    return ""
