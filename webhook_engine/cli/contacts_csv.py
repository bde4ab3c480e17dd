"""
Contacts out of a CSV file, a row at a time, each with its line; what is wrong with one concerns no other.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from webhook_engine.cli.inputs import BadInput
from webhook_engine.cli.lines import WrongLine
from webhook_engine.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import TextIO

_SEPARATORS: Final = ",;\t|"
_NEEDED: Final = ("FirstName", "PhoneNumber")
_PLAIN: Final = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class CsvContact:
    """
    A contact as a row states it.
    """

    line: int
    """The row's last, from 1."""

    fields: Mapping[str, str]


class ContactsFile:
    """
    A file whose first line names its columns, after the fields of a contact: `FirstName`, `first name`, `FIRST_NAME`.
    """

    def __init__(self, file: TextIO, name: str, fields: Sequence[str]) -> None:
        """
        Args:
            fields: Those that a contact has.

        Raises:
            BadInput: The first line does not name columns of contacts.
        """
        self._name = name
        try:
            head = file.readline(64 * 1024)
        except UnicodeDecodeError as error:
            raise self._unreadable(1, error) from error
        separator = max(_SEPARATORS, key=head.count)
        self._rows = csv.reader(file, delimiter=separator)
        self._columns = self._named(next(csv.reader([head], delimiter=separator), []), fields)

    def __iter__(self) -> Iterator[CsvContact | WrongLine]:
        while True:
            try:
                row = next(self._rows, None)
            except (csv.Error, UnicodeDecodeError) as error:
                # A quote that is not closed takes all that follows with it.
                raise self._unreadable(self._rows.line_num + 2, error) from error
            if row is None:
                return
            line = self._rows.line_num + 1
            if not any(row):
                continue
            if len(row) != len(self._columns):
                yield WrongLine(
                    line, f"has {len(row)} columns where the first line names {len(self._columns)}"
                )
                continue
            yield CsvContact(
                line, {name: value.strip() for name, value in zip(self._columns, row, strict=True)}
            )

    def _named(self, head: Sequence[str], fields: Sequence[str]) -> list[str]:
        known = {_plain(each): each for each in fields}
        found = []
        for title in head:
            name = known.get(_plain(title))
            if name is None:
                meant = did_you_mean(title, fields)
                hint = f"did you mean {meant}?" if meant else f"there are {', '.join(fields)}"
                raise BadInput(f"{self._name}:1: {title[:40]!r} is no field of a contact; {hint}")
            found.append(name)
        doubled = {each for each in found if found.count(each) > 1}
        if doubled:
            raise BadInput(f"{self._name}:1: {', '.join(sorted(doubled))} stands there twice")
        missing = [each for each in _NEEDED if each not in found]
        if missing:
            raise BadInput(f"{self._name}:1: the first line names no {' and no '.join(missing)}")
        return found

    def _unreadable(self, line: int, error: Exception) -> BadInput:
        return BadInput(f"{self._name}:{line}: cannot be read as CSV in UTF-8: {error}")


def _plain(title: str) -> str:
    return _PLAIN.sub("", title.strip().lower())
