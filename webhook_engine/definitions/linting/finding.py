"""
What lint found, and where.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from webhook_engine.definitions.places import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    Something that is allowed and probably not meant.
    """

    code: str
    """One of `CODES`."""

    path: str
    """Where in the document: `webhook[3].parameter[1].value`. Counts from 1."""

    message: str
    line: int | None = None
    """Line of the file, from 1, where there is a file."""

    column: int | None = None
    """Column inside the template at *path*, from 1."""

    source: str | None = None
    """The file's name."""

    def __str__(self) -> str:
        place = f"{self.path}, column {self.column}" if self.column is not None else self.path
        file = f"{self.source}:" if self.source else ""
        line = f"{self.line}:" if self.line is not None else ""
        return f"{file}{line}{' ' if file or line else ''}{place}: {self.message} [{self.code}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """
    A finding before it is known in which file and line it stands.
    """

    code: str
    kind: str
    """Kind of the definition: webhook, group, …"""

    name: str
    """What the definition is called; "" for the tenant."""

    message: str
    inside: Path = ()
    """Keys inside the definition."""

    inner: int = 1
    """Line inside the template there, from 1."""

    column: int | None = None


Spots = Iterator[Spot]
