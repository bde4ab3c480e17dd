"""
Call events out of lines of JSON, each with its number; what is wrong with one concerns no other.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from webhook_engine.variables import CallEvent
from webhook_engine.variables.errors import VariableError

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST: Final = 256 * 1024
"""Bytes of a line."""


@dataclass(frozen=True, slots=True)
class Told:
    """
    An event, and where it stands.
    """

    line: int
    event: CallEvent

    text: bytes
    """As JSON, on one line."""


@dataclass(frozen=True, slots=True)
class WrongLine:
    """
    A line that is no event, or that was not taken.
    """

    line: int
    message: str


class Lines:
    """
    Reads bytes as they come, a line at a time.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._is_too_long = False
        self._number = 0
        self._seen: Counter[bytes] = Counter()

    def of(self, part: bytes) -> Iterator[Told | WrongLine]:
        """
        What the lines that end in this part are.
        """
        *lines, rest = (self._rest + part).split(b"\n")
        for line in lines:
            yield from self._line(line)
        if len(rest) > LONGEST:
            # No more of it is kept than tells that it is too long.
            self._is_too_long, rest = True, b""
        self._rest = rest

    def last(self) -> Iterator[Told | WrongLine]:
        """
        What stands after the last end of a line.
        """
        if self._rest or self._is_too_long:
            yield from self._line(self._rest)
            self._rest = b""

    def _line(self, line: bytes) -> Iterator[Told | WrongLine]:
        self._number += 1
        is_too_long, self._is_too_long = self._is_too_long or len(line) > LONGEST, False
        if is_too_long:
            yield WrongLine(self._number, f"is longer than {LONGEST:,} bytes")
        elif line.strip():
            yield self._read(line.removeprefix(b"\xef\xbb\xbf") if self._number == 1 else line)

    def _read(self, line: bytes) -> Told | WrongLine:
        try:
            document = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            return WrongLine(self._number, f"is no JSON: {error}")
        if isinstance(document, dict) and "id" not in document:
            document = {"id": self._id(line)} | document
            line = orjson.dumps(document)
        try:
            return Told(self._number, CallEvent.from_json(document), line.strip())
        except (VariableError, TypeError, AttributeError):
            return WrongLine(self._number, _problems(document))

    def _id(self, line: bytes) -> str:
        """
        For an event that names none: the same each time the same lines are read, so that twice is once.
        """
        digest = hashlib.sha256(line.strip()).digest()[:16]
        self._seen[digest] += 1
        return f"line-{digest.hex()}-{self._seen[digest]}"


def _problems(document: object) -> str:
    from webhook_engine.service.diagnosis import problems_of

    found = problems_of(document)
    return "; ".join(f"{each.path}: {each.message}" if each.path else each.message for each in found)
