"""
Forms: fields called by their paths in a definitions file, read into the table of a file and shown again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from webhook_engine.errors import WebhookEngineError

if TYPE_CHECKING:
    from webhook_engine.errors import Problem

Table: TypeAlias = dict[str, Any]
Reader: TypeAlias = Callable[[str], object]
"""What a field's text stands for; None where the key is left out."""

ROWS: Final = 10_000
"""Most columns of a view in a form: a wide response has many."""

LINES: Final = 1_000
"""Most lines of any other list: people write them, and each has several fields on the page that is shown again."""


class FormTooLong(WebhookEngineError):
    """
    A list has more lines than a form is read with; nothing of it was taken.
    """

    def __init__(self, name: str, most: int) -> None:
        super().__init__(f"{name} has more than {most:,} lines, and nothing was saved: leave some out")


_STEP = re.compile(r"([a-z][a-z0-9_]*)(?:\[([0-9]{1,6})\])?\Z")
_FIRST = re.compile(r"([a-z0-9_]+)\[([0-9]+)\]")
_INDEX = re.compile(r"\[[0-9]+\]")


def text(given: str) -> object:
    """
    Left out where nothing was typed.
    """
    return _plain(given) or None


def kept(given: str) -> object:
    """
    There even where nothing was typed, so that what is missing is found at its field.
    """
    return _plain(given)


def number(given: str) -> object:
    """
    A number; what is none stays text, which the check of the definitions then refuses.
    """
    stripped = given.strip()
    try:
        return float(stripped) if stripped else None
    except ValueError:
        return stripped


def whole(given: str) -> object:
    """
    A whole number; what is none stays text.
    """
    stripped = given.strip()
    return int(stripped) if re.fullmatch(r"-?[0-9]{1,18}", stripped) else stripped or None


def flag(given: str) -> object:
    """
    A tick.
    """
    return True if given else None


def off(given: str) -> object:
    """
    What is on unless somebody switches it off.
    """
    return False if given == "no" else None


def lines(given: str) -> object:
    """
    A list, one thing on a line.
    """
    return [line.strip() for line in given.splitlines() if line.strip()] or None


def ticked(fields: Iterable[tuple[str, str]], name: str) -> list[str]:
    """
    What is ticked of several boxes that share a name.
    """
    return [given for each, given in fields if each == name]


def _plain(given: str) -> str:
    # A browser sends every line break of a text area as two characters.
    return given.replace("\r\n", "\n")


def read_table(fields: Iterable[tuple[str, str]], readers: Mapping[str, Reader]) -> Table:
    """
    The table that a form's fields spell; lines of a list in the form's order, those left blank left out.

    Args:
        readers: Path without its numbers (`parameter[].value`) -> what its text stands for; fields that are not
            named here are no part of the table.

    Raises:
        FormTooLong: A list has more than `LINES` lines, or a view than `ROWS` columns.
    """
    rows: Table = {}
    for name, given in fields:
        reader = readers.get(_INDEX.sub("[]", name))
        steps = _steps(name) if reader is not None else None
        if reader is not None and steps is not None:
            _put(rows, steps, reader(given), typed=bool(given.strip()))
    return _settled(rows)


def lines_typed(fields: Iterable[tuple[str, str]]) -> Mapping[str, Sequence[int]]:
    """
    List -> the numbers that its lines have in the form, in the order of the table that `read_table` makes of it.
    """
    typed: dict[str, dict[int, bool]] = {}
    for name, given in fields:
        key, index = (_steps(name) or [("", None)])[0]
        if index is not None:
            numbers = typed.setdefault(key, {})
            numbers[index] = numbers.get(index, False) or bool(given.strip())
    return {
        key: [number for number, is_typed in numbers.items() if is_typed] for key, numbers in typed.items()
    }


def path_typed(path: str, numbers: Mapping[str, Sequence[int]]) -> str:
    """
    The name that the field at *path* of the table has in the form: blank lines count there.
    """
    found = _FIRST.match(path)
    if found is None or found[1] not in numbers or int(found[2]) > len(numbers[found[1]]):
        return path
    return f"{found[1]}[{numbers[found[1]][int(found[2]) - 1]}]{path[found.end() :]}"


@dataclass(slots=True)
class _Row:
    table: Table = field(default_factory=dict)
    typed: bool = False


def _steps(name: str) -> list[tuple[str, int | None]] | None:
    found = [_STEP.match(part) for part in name.split(".")]
    if len(found) > 6 or not all(found):
        return None
    return [(each[1], int(each[2]) if each[2] else None) for each in found if each is not None]


def _put(table: Table, steps: Sequence[tuple[str, int | None]], value: object, *, typed: bool) -> None:
    for key, index in steps[:-1]:
        inside = table.setdefault(key, {})
        if not isinstance(inside, dict):
            return
        if index is None:
            table = inside
            continue
        most = ROWS if key == "column" else LINES
        if index not in inside and len(inside) >= most:
            raise FormTooLong(key, most)
        row = inside.setdefault(index, _Row())
        row.typed |= typed
        table = row.table
    if value is not None:
        table[steps[-1][0]] = value


def _settled(table: Table) -> Table:
    """
    The table with each list of numbered lines as a list.
    """
    settled: Table = {}
    for key, value in table.items():
        if isinstance(value, dict) and value and all(isinstance(row, _Row) for row in value.values()):
            rows = [_settled(row.table) for row in value.values() if row.typed]
            if rows:
                settled[key] = rows
        elif isinstance(value, dict):
            if inside := _settled(value):
                settled[key] = inside
        else:
            settled[key] = value
    return settled


NO_ERRORS: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """
    A form as it is shown: what is in it, and what is wrong with that.
    """

    table: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, Sequence[str]] = field(default_factory=lambda: NO_ERRORS)
    """Path of a field -> sentences; those under "" concern the whole."""

    based_on: int = 0
    """The revision that is edited."""

    _at: Mapping[str, Sequence[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Each field of a page asks, so that a look through all errors would cost their number squared.
        object.__setattr__(self, "_at", _by_field(self.errors) if self.errors else NO_ERRORS)

    def value(self, name: str) -> str:
        """
        What stands in the field.
        """
        here: Any = self.table
        for key, index in _steps(name) or ():
            here = here.get(key) if isinstance(here, Mapping) else None
            if index is not None:
                here = here[index - 1] if isinstance(here, list) and 0 < index <= len(here) else None
        return _shown(here)

    def rows(self, name: str, *, spare: int = 0) -> range:
        """
        The numbers of a list's lines, from 1.

        Args:
            spare: Blank lines after them.
        """
        here: Any = self.table
        for key, _ in _steps(name) or ():
            here = here.get(key) if isinstance(here, Mapping) else None
        return range(1, (len(here) if isinstance(here, list) else 0) + spare + 1)

    def errors_at(self, name: str) -> Sequence[str]:
        """
        What is wrong with the field, or with a line in it.
        """
        return self._at.get(name, ())

    def with_errors(self, errors: Mapping[str, Sequence[str]]) -> Form:
        """
        The same input with these errors.
        """
        return Form(table=self.table, errors=errors, based_on=self.based_on)


def _by_field(errors: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for path, messages in errors.items():
        for name in (path, *(path[: each.start()] for each in _INDEX.finditer(path))):
            found.setdefault(name, []).extend(messages)
    return found


def _shown(value: object) -> str:
    if value is None or isinstance(value, Mapping):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "\n".join(map(str, value))
    if isinstance(value, float):
        # Every digit: what is opened and saved stays what it was.
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def in_order(errors: Mapping[str, Sequence[str]], order: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """
    The errors as the page has their fields from top to bottom, those of the whole first.

    Args:
        order: Paths without their numbers, as of readers; fields that are not named come last.
    """
    places = {name: place for place, name in enumerate(order)}
    lists: dict[str, int] = {}
    for name, place in places.items():
        lists.setdefault(name.partition("[")[0], place)

    def place_of(path: str) -> tuple[int, ...]:
        plain = _INDEX.sub("[]", path)
        first, last = plain.partition("[")[0], len(order)
        numbers = [int(each[1:-1]) for each in _INDEX.findall(path)]
        return (lists.get(first, last), *numbers, places.get(plain, last))

    return dict(sorted(errors.items(), key=lambda each: (bool(each[0]), place_of(each[0]))))


def errors_of(problems: Iterable[Problem], entry: str) -> Mapping[str, Sequence[str]]:
    """
    Path of a field in the form of *entry* (`webhook[3]`) -> what is wrong; elsewhere's problems under "".
    """
    found: dict[str, list[str]] = {}
    for problem in problems:
        inside = problem.path == entry or problem.path.startswith(f"{entry}.")
        column = f" (column {problem.column})" if problem.column is not None else ""
        if inside:
            found.setdefault(problem.path[len(entry) + 1 :], []).append(f"{problem.message}{column}")
        else:
            found.setdefault("", []).append(str(problem))
    return found
