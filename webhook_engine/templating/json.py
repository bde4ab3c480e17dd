"""
The structure of JSON: whether a place lies between quotes, is a value of its own, or is neither.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum, auto

import orjson

from webhook_engine.errors import RenderError
from webhook_engine.templating.slots import Slot
from webhook_engine.templating.walk import Misplaced

_SCALAR = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null")
_BLANK = re.compile(r"[ \t\r\n]+")
_IN_STRING = re.compile(r'(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*')
_DEPTH_LIMIT = 64


class Next(Enum):
    """
    What may follow.
    """

    VALUE = auto()
    VALUE_OR_END = auto()
    KEY = auto()
    KEY_OR_END = auto()
    COLON = auto()
    COMMA_OR_END = auto()
    UNSURE = auto()
    """After branches that differ by a comma: checked when rendered."""


@dataclass(frozen=True, slots=True)
class State:
    """
    Where in a JSON text a walker stands.
    """

    inside: str = ""
    """The brackets open, outermost first."""

    next: Next = Next.VALUE
    in_string: bool = False


class JsonWalker:
    """
    Follows JSON and leaves out its insignificant white space.
    """

    def __init__(self) -> None:
        self.state = State()
        self.is_unsure = False

    def text(self, text: str, at: int, /) -> str:
        """
        The text, compacted.
        """
        sent: list[str] = []
        position = 0
        while position < len(text):
            step = self._string if self.state.in_string else self._structure
            length = step(text, position, at + position, sent)
            position += length
        return "".join(sent)

    def _string(self, text: str, position: int, at: int, sent: list[str]) -> int:
        found = _IN_STRING.match(text, position)
        inside = found[0] if found else ""
        sent.append(_canonical(inside, at))
        following = text[position + len(inside) :][:1]
        if following == '"':
            sent.append('"')
            self._leave_string()
        elif following:
            problem = "a JSON string cannot hold this: write \\n for a line break and \\\\ for a backslash"
            raise Misplaced(problem, at + len(inside))
        return len(inside) + len(following)

    def _leave_string(self) -> None:
        state = self.state
        was_key = state.next in {Next.KEY, Next.KEY_OR_END}
        after = Next.COLON if was_key else Next.COMMA_OR_END
        self.state = replace(state, in_string=False, next=Next.UNSURE if state.next is Next.UNSURE else after)

    def _structure(self, text: str, position: int, at: int, sent: list[str]) -> int:
        blank = _BLANK.match(text, position)
        if blank:
            return len(blank[0])
        mark = text[position]
        scalar = _SCALAR.match(text, position)
        sent.append(scalar[0] if scalar else mark)
        if mark == '"':
            self._expect({Next.VALUE, Next.VALUE_OR_END, Next.KEY, Next.KEY_OR_END}, mark, at)
            self.state = replace(self.state, in_string=True)
        elif mark in "[{":
            self._open(mark, at)
        elif mark in "]}":
            self._close(mark, at)
        elif mark == ",":
            self._expect({Next.COMMA_OR_END}, mark, at, nested=True)
            self._go(Next.KEY if self.state.inside.endswith("{") else Next.VALUE)
        elif mark == ":":
            self._expect({Next.COLON}, mark, at)
            self._go(Next.VALUE)
        elif scalar:
            self._value(at, scalar[0])
        else:
            raise Misplaced(f"this is not JSON: unexpected {mark!r}", at)
        return len(scalar[0]) if scalar else 1

    def _go(self, following: Next) -> None:
        self.state = replace(self.state, next=following)

    def _expect(self, allowed: set[Next], what: str, at: int, *, nested: bool = False) -> None:
        state = self.state
        if (state.next in allowed or state.next is Next.UNSURE) and (state.inside or not nested):
            return
        raise Misplaced(f"this is not JSON: unexpected {what!r}{_HINTS.get(state.next, '')}", at)

    def _value(self, at: int, what: str) -> None:
        self._expect({Next.VALUE, Next.VALUE_OR_END}, what, at)
        self._go(Next.COMMA_OR_END)

    def _open(self, mark: str, at: int) -> None:
        self._expect({Next.VALUE, Next.VALUE_OR_END}, mark, at)
        state = self.state
        if len(state.inside) >= _DEPTH_LIMIT:
            raise Misplaced(f"JSON nested deeper than {_DEPTH_LIMIT}", at)
        self.state = State(state.inside + mark, Next.KEY_OR_END if mark == "{" else Next.VALUE_OR_END)

    def _close(self, mark: str, at: int) -> None:
        state = self.state
        if not state.inside.endswith("{" if mark == "}" else "["):
            raise Misplaced(f"this is not JSON: {mark!r} closes nothing", at)
        self._expect({Next.COMMA_OR_END, Next.KEY_OR_END if mark == "}" else Next.VALUE_OR_END}, mark, at)
        self.state = State(state.inside[:-1], Next.COMMA_OR_END)

    def place(self, at: int, /) -> Slot:
        """
        Between quotes or bare.
        """
        if self.state.in_string:
            return Slot.JSON_STRING
        self._value(at, "variable")
        return Slot.JSON_VALUE

    def join(self, one: State, other: State, /) -> State | None:
        """
        Branches may differ by a comma, never by a quote or a bracket.
        """
        if one == other:
            return one
        if (one.inside, one.in_string) != (other.inside, other.in_string) or not one.inside:
            return None
        self.is_unsure = True
        return replace(one, next=Next.UNSURE)

    def end(self, at: int, /) -> str:
        """
        Everything must be closed.
        """
        state = self.state
        if state.in_string:
            raise Misplaced("this is not JSON: a quote is never closed", at)
        if state.inside:
            raise Misplaced(f"this is not JSON: {state.inside[-1]!r} is never closed", at)
        if state.next is not Next.COMMA_OR_END:
            raise Misplaced("this is not JSON: it is empty", at)
        return ""


_HINTS = {
    Next.COMMA_OR_END: "; a comma or a closing bracket should stand here",
    Next.KEY: "; a name in quotes should stand here",
    Next.KEY_OR_END: "; a name in quotes should stand here",
    Next.COLON: "; a colon should stand here",
}


def _canonical(inside: str, at: int) -> str:
    """
    The inside of a string in the one spelling that orjson writes.
    """
    try:
        return orjson.dumps(orjson.loads(f'"{inside}"')).decode()[1:-1]
    except ValueError:
        raise Misplaced("a JSON string cannot hold half of a surrogate pair", at) from None


def check_json(text: str) -> None:
    """
    Refuse a text that branches, loops or `raw` made into something else than JSON.
    """
    try:
        orjson.loads(text)
    except ValueError as error:
        raise RenderError(f"with these values the result is not JSON: {error}") from None
