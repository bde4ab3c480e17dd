"""
What was read, before it is known to hold together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from webhook_engine.definitions.cases import TestCase
from webhook_engine.definitions.document.source import Report, Source
from webhook_engine.definitions.groups import Agent, Group
from webhook_engine.definitions.places import Path, spell
from webhook_engine.definitions.rules import CustomVariable, Rule
from webhook_engine.definitions.webhooks import Webhook
from webhook_engine.variables import VARIABLES, Tenant

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Entry(Generic[T]):
    """
    One definition and where it stands.
    """

    item: T
    source: Source
    path: Path

    sound: bool = True
    """False where parts were refused and stand-ins took their place."""

    @property
    def place(self) -> str:
        """
        Where it stands, in words: its path, its line and its file.
        """
        line = self.source.places.line(self.path)
        parts = [spell(self.path), f"line {line}" if line else "", self.source.name]
        return ", ".join(part for part in parts if part)

    def problem(
        self, report: Report, *inside: str | int, message: str, inner: int = 1, column: int | None = None
    ) -> None:
        """
        Report what is wrong at the keys *inside* this definition.
        """
        report.add(self.source, (*self.path, *inside), message, inner=inner, column=column)


@dataclass(slots=True)
class Draft:
    """
    All definitions of one reading, from however many files.
    """

    tenant: Tenant = field(default_factory=Tenant)
    tenant_source: Source | None = None
    tenant_silence: frozenset[str] = frozenset()
    allowed_networks: tuple[str, ...] = ()
    agents: list[Entry[Agent]] = field(default_factory=list)
    groups: list[Entry[Group]] = field(default_factory=list)
    webhooks: list[Entry[Webhook]] = field(default_factory=list)
    rules: list[Entry[Rule]] = field(default_factory=list)
    tests: list[Entry[TestCase]] = field(default_factory=list)
    variables: list[Entry[CustomVariable]] = field(default_factory=list)

    lost: set[str] = field(default_factory=set)
    """Kinds of which one could not be read, or not its name."""

    @property
    def names(self) -> frozenset[str]:
        """
        Every variable a template may ask for.
        """
        return frozenset(VARIABLES) | {entry.item.name for entry in self.variables}

    def places(self) -> Iterator[tuple[tuple[str, str], tuple[Source, Path]]]:
        """
        (kind, name) and where it stands, for everything that has a name.
        """
        if self.tenant_source is not None:
            yield ("tenant", ""), (self.tenant_source, ("tenant",))
        for kind in ("agent", "group", "webhook", "rule", "test", "variable"):
            entries: list[Entry[Any]] = getattr(self, f"{kind}s")
            for entry in entries:
                name = entry.item.extension if kind == "agent" else entry.item.name
                yield (kind, name), (entry.source, entry.path)
