"""
Template text -> text, tokens, expressions and blocks, each with its place.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from webhook_engine.errors import TemplateSyntaxError

_BRACES = r"\{(?P<braces>[A-Z][A-Z0-9_]*)\}"
_ANGLES = r"<(?P<angles>[A-Z][A-Z0-9_]*)>"
_RAW = r"(?P<raw>\{%[-+]?\s*raw\s*-?%\})"
_END_RAW = re.compile(r"\{%[-+]?\s*endraw\s*-?%\}")
_OPENERS = r"(?P<expression>\{\{)|(?P<block>\{%)|(?P<comment>\{#)"
_BRACES_ONLY = re.compile(f"{_RAW}|{_OPENERS}|{_BRACES}", re.DOTALL)
_BOTH_SPELLINGS = re.compile(f"{_RAW}|{_OPENERS}|{_BRACES}|{_ANGLES}", re.DOTALL)
_STRING = {"'": r"'(?:[^'\\]|\\.)*'", '"': r'"(?:[^"\\]|\\.)*"'}
_STRINGS = "|".join(_STRING.values())
_INSIDE = {
    quotes: re.compile("|".join([*(_STRING[each] for each in quotes), "."]), re.DOTALL)
    for quotes in ("'\"", "'", '"', "")
}
_DEPTHS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}


class PartKind(Enum):
    """
    What a stretch of a template is.
    """

    TEXT = auto()
    TOKEN = auto()
    EXPRESSION = auto()
    BLOCK = auto()


@dataclass(frozen=True, slots=True)
class Part:
    """
    A stretch of a template.
    """

    kind: PartKind

    text: str
    """The text itself, a token's name, or what stands between Jinja's delimiters."""

    start: int
    """Offset of its first character in the source."""

    end: int

    is_kept: bool = False
    """Whether it stood between raw and endraw, where nothing is a token."""


class Source:
    """
    A template as written, and where in it an offset lies.
    """

    __slots__ = ("_line_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._line_starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """
        Both from 1.
        """
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def find(self, word: str, start: int, end: int) -> int:
        """
        The offset of *word* between *start* and *end*, outside of strings; *start* where it is not there.
        """
        before = "" if word.startswith(".") else r"(?<![\w.])"
        pattern = rf"{_STRINGS}|{before}{re.escape(word)}(?!\w)"
        for found in re.finditer(pattern, self.text[start:end], re.DOTALL) if word else ():
            if found[0] == word:
                return start + found.start()
        return start

    def error(self, problem: str, offset: int) -> TemplateSyntaxError:
        """
        *problem*, at its line and column.
        """
        line, column = self.line_and_column(offset)
        return TemplateSyntaxError(problem, line=line, column=column)


class Steps:
    """
    What stands between delimiters, a string or a character at a time, from one place and then from others behind it.

    A quote that is never closed is looked for to the end once: where it is not, those behind it are not closed either.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._quotes = "'\""

    def since(self, start: int) -> Iterator[re.Match[str]]:
        """
        The steps from *start* on.
        """
        while step := _INSIDE[self._quotes].match(self._text, start):
            if step[0] in _STRING:
                self._quotes = self._quotes.replace(step[0], "")
            yield step
            start = step.end()


def scan(source: Source, *, angles: bool) -> list[Part]:
    """
    The parts of a template, in order; comments are gone.

    Args:
        angles: Whether `<TOKEN>` is a token too. In XML it is an element.

    Raises:
        TemplateSyntaxError: A delimiter that is never closed.
    """
    pattern = _BOTH_SPELLINGS if angles else _BRACES_ONLY
    parts: list[Part] = []
    position = 0
    strip_next = False
    steps = Steps(source.text)
    while found := pattern.search(source.text, position):
        part, end = _part(source, found, steps)
        _add_text(parts, source.text, position, found.start(), strip_next, _strips_before(source.text, found))
        strip_next = source.text[end - 3 : end - 2] == "-" and found.lastgroup not in {"braces", "angles"}
        if part is not None:
            parts.append(part)
        position = end
    _add_text(parts, source.text, position, len(source.text), strip_next, strip_end=False)
    return parts


def _strips_before(text: str, found: re.Match[str]) -> bool:
    return found.lastgroup not in {"braces", "angles"} and text[found.start() + 2 : found.start() + 3] == "-"


def _add_text(parts: list[Part], text: str, start: int, end: int, strip_start: bool, strip_end: bool) -> None:
    """
    The text of source[start:end], without the white space that a hyphen in a delimiter takes.
    """
    piece = text[start:end]
    if strip_start:
        start += len(piece) - len(piece.lstrip())
        piece = piece.lstrip()
    if strip_end:
        piece = piece.rstrip()
    if piece:
        parts.append(Part(PartKind.TEXT, piece, start, start + len(piece)))


def _part(source: Source, found: re.Match[str], steps: Steps) -> tuple[Part | None, int]:
    start = found.start()
    token = found["braces"] or found.groupdict().get("angles")
    if token:
        return Part(PartKind.TOKEN, token, start, found.end()), found.end()
    if found["raw"]:
        ended = _END_RAW.search(source.text, found.end())
        if ended is None:
            raise source.error("this is never ended: {% endraw %} is missing", start)
        kept = source.text[found.end() : ended.start()]
        return Part(PartKind.TEXT, kept, found.end(), ended.start(), is_kept=True), ended.end()
    if found["comment"]:
        end = source.text.find("#}", found.end())
        if end < 0:
            raise source.error("this comment is never closed: #} is missing", start)
        return None, end + 2
    if found["expression"]:
        return _delimited(source, PartKind.EXPRESSION, start, "}}", steps)
    return _delimited(source, PartKind.BLOCK, start, "%}", steps)


def _delimited(source: Source, kind: PartKind, start: int, closer: str, steps: Steps) -> tuple[Part, int]:
    """
    The part from *start* to its closer, which strings and brackets may hide.
    """
    depth = 0
    for step in steps.since(start + 2):
        if depth == 0 and source.text.startswith(closer, step.start()):
            inside = source.text[start + 2 : step.start()]
            if inside[:1] in {"-", "+"}:
                inside = inside[1:]
            end = step.start() + 2
            return Part(kind, inside.removesuffix("-"), start, end), end
        depth += _DEPTHS.get(step[0], 0)
    raise source.error(f"this is never closed: {closer} is missing", start)
