"""
The three shapes of an answer: a text, a status, rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Protocol, cast

from webhook_engine.xml_api import writing
from webhook_engine.xml_api.writing import Field, Row


class Answer(Protocol):
    """
    How what an action returned is written.
    """

    def write(self, found: Any) -> bytes:
        """
        The bytes of the answer.
        """

    def sample(self) -> bytes:
        """
        The answer that the reference shows.
        """


@dataclass(frozen=True, slots=True)
class Says:
    """
    A text and nothing else.
    """

    example: str

    def write(self, found: Any) -> bytes:
        return writing.of_text(str(found))

    def sample(self) -> bytes:
        return self.write(self.example)


@dataclass(frozen=True, slots=True)
class Status:
    """
    One field after the other: a mapping, or a dataclass with the fields' names.
    """

    example: Row

    def write(self, found: Any) -> bytes:
        return writing.of_status(_row(found))

    def sample(self) -> bytes:
        return self.write(self.example)


@dataclass(frozen=True, slots=True)
class Rows:
    """
    A list: an element for each row.
    """

    name: str
    example: Row

    def write(self, found: Any) -> bytes:
        rows = cast("Iterable[Any]", found)
        return writing.of_rows(self.name, map(_row, rows))

    def sample(self) -> bytes:
        return self.write([self.example])


def _row(found: Any) -> Mapping[str, Field]:
    if is_dataclass(found) and not isinstance(found, type):
        return {each.name: getattr(found, each.name) for each in fields(found)}
    if isinstance(found, Mapping):
        return found
    raise TypeError(f"an action returned {type(found).__name__} where a mapping or a dataclass is written")
