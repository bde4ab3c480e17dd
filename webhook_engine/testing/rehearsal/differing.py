"""
Values beside each other, with the place where they part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from unicodedata import combining, east_asian_width

import orjson

from webhook_engine.definitions.cases import matcher_of
from webhook_engine.responses import read_path
from webhook_engine.responses.cells import follow
from webhook_engine.responses.tree import MISSING
from webhook_engine.testing.rehearsal.patterns import LIMIT_S, TakesTooLong, matches_all

if TYPE_CHECKING:
    from webhook_engine.responses.tree import Found

_WIDTH: Final = 96
"""Characters of a value on a line."""

_BEFORE: Final = 32
"""Of them, how many stand before the first difference where not all fit."""


@dataclass(frozen=True, slots=True)
class Difference:
    """
    Something that is not as expected.
    """

    place: str
    """`url`, `headers.X-Api-Key`, `body.contact.phone`."""

    expected: str
    actual: str
    at: int | None = None
    """Where the texts part, from 0; None where they are no texts to be compared."""

    def lines(self, expected: str = "expected", actual: str = "actual") -> Iterator[str]:
        """
        Both beside each other, each with its word, and a mark under the first difference.
        """
        margin = max(len(expected), len(actual)) + 4
        yield self.place
        start = max(0, self.at - _BEFORE) if self.at is not None and self._is_long() else 0
        yield f"  {expected}".ljust(margin) + _cut(self.expected, start)
        yield f"  {actual}".ljust(margin) + _cut(self.actual, start)
        if self.at is not None:
            yield " " * (margin + _columns(self.expected[start : self.at]) + (1 if start else 0)) + "^"

    def _is_long(self) -> bool:
        return max(len(self.expected), len(self.actual)) > _WIDTH


def _columns(text: str) -> int:
    """
    How wide a text is in a terminal.
    """
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(each) in "WF" else 0 if combining(each) else 1 for each in text)


def _cut(text: str, start: int) -> str:
    shown = text[start : start + _WIDTH]
    return f"{'…' if start else ''}{shown}{'…' if len(text) > start + _WIDTH else ''}"


def difference(place: str, wanted: object, found: object) -> Difference | None:
    """
    How *found* is not what is wanted; None where it is.

    Args:
        wanted: A value, or a matcher in its table.

        found: `MISSING` where there is nothing.
    """
    matcher = matcher_of(wanted)
    if matcher is not None:
        return _unmatched(place, *matcher, found)
    if type(wanted) is type(found) and wanted == found:
        return None
    if _is_number(wanted) and _is_number(found) and wanted == found:
        return None
    if found is MISSING:
        return Difference(place, told(wanted), told(found))
    # Beside another kind of value text stands in quotes: "1" is not 1.
    write = told if isinstance(wanted, str) and isinstance(found, str) else _as_json
    if write(wanted) == write(found):
        write = _as_json  # a line break, and what stands for one where it is shown
    return _marked(place, write(wanted), write(found))


def _marked(place: str, expected: str, actual: str) -> Difference:
    return Difference(place, expected, actual, _parting(expected, actual))


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and not isinstance(value, str) and hasattr(value, "__float__")


def _unmatched(place: str, word: str, asked: object, found: object) -> Difference | None:
    match word:
        case "present":
            holds, expected = found is not MISSING, "anything"
        case "absent":
            holds, expected = found is MISSING, "nothing"
        case "null":
            holds, expected = found is None, "null"
        case _:
            return _unlike(place, str(asked), found)
    return None if holds else Difference(place, expected, told(found))


def _unlike(place: str, pattern: str, found: object) -> Difference | None:
    expected = f"matches {pattern}"
    try:
        if found is not MISSING and matches_all(pattern, found if isinstance(found, str) else told(found)):
            return None
    except TakesTooLong:
        expected += f" (given up after {LIMIT_S:g} s: it can be read in too many ways)"
    return Difference(place, expected, told(found))


def told(value: object) -> str:
    """
    A value on one line: text with what cannot be seen written out, everything else as JSON.
    """
    if value is MISSING:
        return "nothing"
    if isinstance(value, str):
        shown = "".join(
            each if each.isprintable() else each.encode("unicode_escape").decode() for each in value
        )
        return shown or '""'
    return _as_json(value)


def _as_json(value: object) -> str:
    try:
        return orjson.dumps(value, default=_plain).decode()
    except TypeError:
        return repr(value)


def _plain(value: object) -> object:
    if value is MISSING:
        return None
    return dict(value) if isinstance(value, Mapping) else str(value)


def _parting(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (mine, theirs) in pairs if mine != theirs), min(len(one), len(other)))


def differences_in(place: str, wanted: object, tree: Found) -> Iterator[Difference]:
    """
    Every part of *wanted* that is not so in *tree*; what it does not name may be anything.

    Keys are paths, as in a view: `contact.phone`, `lines[0].sku`.
    """
    if isinstance(wanted, Mapping) and matcher_of(wanted) is None:
        if not wanted and not isinstance(tree, dict):
            yield Difference(place, "a table", told(tree))
        for key, value in wanted.items():
            yield from differences_in(f"{place}.{key}", value, _found(tree, key))
    elif isinstance(wanted, list):
        yield from _in_list(place, wanted, tree)
    elif found := difference(place, wanted, tree):
        yield found


def _found(tree: Found, key: str) -> Found:
    if isinstance(tree, dict) and key in tree:
        return tree[key]
    for step in read_path(key):
        tree = follow(tree, step)
    return tree


def _in_list(place: str, wanted: list[object], tree: Found) -> Iterator[Difference]:
    if not isinstance(tree, list):
        yield Difference(place, told(wanted), told(tree))
        return
    if len(wanted) != len(tree):
        yield _marked(place, told(wanted), told(tree))
        return
    for index, (each, found) in enumerate(zip(wanted, tree, strict=True)):
        yield from differences_in(f"{place}[{index}]", each, found)
