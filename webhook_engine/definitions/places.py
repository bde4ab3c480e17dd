"""
Where every key of a TOML text stands: the standard library's reader does not say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

Path = tuple[str | int, ...]
"""Keys and indexes from the document's root; indexes count from 0."""

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)+")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN_PAIR = re.compile(r"([A-Za-z0-9_-]+)[ \t]*=[ \t]*")
"""One bare key up to its value: nearly all of them."""
_PLAIN_TEXT = re.compile(r'"[^"\\\n]*"(?!")')
_SCALAR = re.compile(r"[^,\]}\r\n#]+")
_STRINGS = (
    ('"""', re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}', re.DOTALL)),
    ("'''", re.compile(r"'''(?:[^']|'(?!''))*'{3,5}", re.DOTALL)),
    ('"', re.compile(r'"(?:[^"\\\n]|\\.)*"')),
    ("'", re.compile(r"'[^'\n]*'")),
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_PLAIN_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}


def spell(path: Path) -> str:
    """
    `("webhook", 2, "url")` as a reader counts: `webhook[3].url`.
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += f".{part}" if text else part
    return text


@dataclass(frozen=True, slots=True)
class Places:
    """
    The line of every key and value of one document.
    """

    lines: dict[Path, int] = field(default_factory=dict)
    """Where a key, or an element of an array, begins; from 1."""

    texts: dict[Path, int] = field(default_factory=dict)
    """Where the content of a text begins, when that is a line below its key."""

    def line(self, path: Path, *, inner: int = 1) -> int | None:
        """
        The line of *path*, or of the nearest thing around it that has one.

        Args:
            inner: Line inside the text at *path*, from 1.
        """
        if inner > 1 or path in self.texts:
            start = self.texts.get(path, self.lines.get(path))
            if start is not None:
                return start + inner - 1
        for end in range(len(path), 0, -1):
            if (line := self.lines.get(path[:end])) is not None:
                return line
        return None


def locate(text: str) -> Places:
    """
    The places in a text that is known to be TOML.
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.places


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.places = Places()
        self._elements: dict[Path, int] = {}  # array of tables -> index of its last element
        self._counted = (0, 1)

    def document(self) -> None:
        table: Path = ()
        while self._skip_blank():
            if self.text.startswith("[", self.at):
                table = self._header()
            else:
                self._pair(table)

    def _skip_blank(self) -> bool:
        if found := _BLANK.match(self.text, self.at):
            self.at = found.end()
        return self.at < len(self.text)

    def _line(self) -> int:
        """
        The line at which the scanner stands; it only ever moves on.
        """
        last, line = self._counted
        line += self.text.count("\n", last, self.at)
        self._counted = (self.at, line)
        return line

    def _header(self) -> Path:
        line = self._line()
        double = self.text.startswith("[[", self.at)
        self.at += 2 if double else 1
        keys = self._keys()
        self.at += 2 if double else 1
        table: Path = ()
        for position, key in enumerate(keys):
            table = (*table, key)
            if double and position == len(keys) - 1:
                self._elements[table] = self._elements.get(table, -1) + 1
            self.places.lines.setdefault(table, line)
            if table in self._elements:
                table = (*table, self._elements[table])
                self.places.lines.setdefault(table, line)
        return table

    def _pair(self, table: Path) -> None:
        line = self._line()
        if found := _PLAIN_PAIR.match(self.text, self.at):
            self.at = found.end()
            path = (*table, found[1])
            self.places.lines.setdefault(path, line)
            self._value(path)
            return
        keys = self._keys()
        self.at += 1  # =
        path = table
        for key in keys:
            path = (*path, key)
            self.places.lines.setdefault(path, line)
        self._skip_blank()
        self._value(path)

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip_blank()
            keys.append(self._key())
            self._skip_blank()
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def _key(self) -> str:
        if found := _BARE_KEY.match(self.text, self.at):
            self.at = found.end()
            return found[0]
        quoted = self._string()
        return _ESCAPE.sub(_unescaped, quoted[1:-1]) if quoted.startswith('"') else quoted[1:-1]

    def _string(self) -> str:
        if found := _PLAIN_TEXT.match(self.text, self.at):
            self.at = found.end()
            return found[0]
        for mark, shape in _STRINGS:
            if self.text.startswith(mark, self.at) and (found := shape.match(self.text, self.at)):
                self.at = found.end()
                return found[0]
        return ""

    def _value(self, path: Path) -> None:
        first = self.text[self.at : self.at + 1]
        if first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        elif first in ('"', "'"):
            self._text_value(path)
        elif found := _SCALAR.match(self.text, self.at):
            self.at = found.end()

    def _text_value(self, path: Path) -> None:
        line = self._line()
        written = self._string()
        below = written[:3] in ('"""', "'''") and written[3:5].lstrip("\r").startswith("\n")
        if below or line != self.places.lines.get(path):
            self.places.texts[path] = line + below

    def _array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while self._skip_blank() and not self.text.startswith("]", self.at):
            element = (*path, index)
            self.places.lines.setdefault(element, self._line())
            self._value(element)
            self._skip_blank()
            self.at += self.text.startswith(",", self.at)
            index += 1
        self.at += 1

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        while self._skip_blank() and not self.text.startswith("}", self.at):
            self._pair(path)
            self._skip_blank()
            self.at += self.text.startswith(",", self.at)
        self.at += 1


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else _PLAIN_ESCAPES.get(found[3], found[3])
