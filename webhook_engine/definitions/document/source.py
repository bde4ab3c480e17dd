"""
Texts, files and folders, read into sources; and the problems found in them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path as FilePath

from webhook_engine.definitions.places import Path, Places, locate, spell
from webhook_engine.errors import Problem

_WHERE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)\Z")

SIZE_LIMIT = 16 * 1024 * 1024
"""Bytes in a file; beyond this it is no definitions file but a mistake."""


@dataclass(frozen=True, eq=False)
class Source:
    """
    One document, and where everything in it stands.
    """

    name: str
    """The file's name; "" for a text or for objects."""

    tree: Mapping[str, object]

    text: str = field(default="", repr=False)
    """As it was written; "" for objects."""

    @cached_property
    def places(self) -> Places:
        """
        Where everything stands: looked for when something is to be said of it.
        """
        return locate(self.text)

    def problem(self, path: Path, message: str, *, inner: int = 1, column: int | None = None) -> Problem:
        """
        What is wrong at *path*.

        Args:
            inner: Line inside the template at *path*, from 1.

            column: Column inside that line, from 1.
        """
        return Problem(
            path=spell(path),
            message=message,
            line=self.places.line(path, inner=inner),
            column=column,
            source=self.name or None,
        )


@dataclass(slots=True)
class Report:
    """
    The problems of one reading, each told once and no consequence of another.
    """

    problems: list[Problem] = field(default_factory=list)
    _refused: set[tuple[int, Path]] = field(default_factory=set)
    _touched: set[tuple[int, Path]] = field(default_factory=set)

    def refuse(self, source: Source, path: Path, message: str) -> None:
        """
        Something that could not be read at all; what follows from that is not told.
        """
        self._refused.add((id(source), path))
        self._touched.add((id(source), path[:2]))
        self.problems.append(source.problem(path, message))

    def has_refused(self, source: Source, path: Path) -> bool:
        """
        Whether what stands at *path* could not be read.
        """
        return (id(source), path) in self._refused

    def has_refused_within(self, source: Source, path: Path) -> bool:
        """
        Whether anything at *path*, or inside of it, could not be read.
        """
        return any(which == id(source) and place[: len(path)] == path for which, place in self._refused)

    def touches(self, source: Source, entry: Path) -> bool:
        """
        Whether there is a problem anywhere in the definition at *entry*.
        """
        return (id(source), entry) in self._touched

    def add(
        self, source: Source, path: Path, message: str, *, inner: int = 1, column: int | None = None
    ) -> None:
        """
        Something that was read and is wrong.
        """
        if not any((id(source), path[:end]) in self._refused for end in range(len(path) + 1)):
            self._touched.add((id(source), path[:2]))
            self.problems.append(source.problem(path, message, inner=inner, column=column))

    def in_order(self, sources: Sequence[Source]) -> list[Problem]:
        """
        The problems file by file, from the top of each; those of one line as they were found.
        """
        files = {source.name or None: position for position, source in enumerate(sources)}
        return sorted(self.problems, key=lambda each: (files.get(each.source, -1), each.line or 0))


def source_of_text(text: str, name: str, report: Report) -> Source:
    """
    A text of TOML; an empty source where it is none.
    """
    try:
        return Source(name, tomllib.loads(text), text)
    except tomllib.TOMLDecodeError as error:
        report.problems.append(_not_toml(str(error), text, name))
    except RecursionError:
        report.problems.append(Problem(path="", message="is nested too deeply", source=name or None))
    except ValueError:
        # Python reads no number of thousands of digits.
        report.problems.append(
            Problem(path="", message="holds a number too long to read", source=name or None)
        )
    return Source(name, {})


def _not_toml(message: str, text: str, name: str) -> Problem:
    found = _WHERE.search(message)
    place = "" if found is None else "" if found["column"] is None else f" (column {found['column']})"
    line = text.count("\n") + 1
    if found is not None and found["line"] is not None:
        line = int(found["line"])
    what = message[: found.start()] if found else message
    return Problem(path="", message=f"is no TOML: {what}{place}", line=line, source=name or None)


def source_of_file(path: FilePath, name: str, report: Report) -> Source:
    """
    A file of TOML; an empty source where it cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        report.problems.append(Problem(path="", message=f"cannot be read: {error.strerror}", source=name))
        return Source(name, {})
    if len(content) > SIZE_LIMIT:
        report.problems.append(Problem(path="", message=f"is larger than {SIZE_LIMIT:,} bytes", source=name))
        return Source(name, {})
    try:
        return source_of_text(content.decode("utf-8-sig"), name, report)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        report.problems.append(
            Problem(
                path="", message=f"is not UTF-8: byte {content[error.start]:#04x}", line=line, source=name
            )
        )
        return Source(name, {})
