"""
All definitions of one tenant, compiled and known to hold together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Self, TypeVar

from webhook_engine.definitions.cases import TestCase
from webhook_engine.definitions.groups import Agent, Group
from webhook_engine.definitions.rules import CustomVariable, Rule
from webhook_engine.definitions.webhooks import Webhook
from webhook_engine.errors import NotFound
from webhook_engine.variables import Tenant

if TYPE_CHECKING:
    from webhook_engine.definitions.compiled import CompiledRule, CompiledWebhook
    from webhook_engine.definitions.document.source import Source
    from webhook_engine.definitions.places import Path as Keys

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """
    What follows from the definitions, worked out once.
    """

    webhooks: Mapping[str, CompiledWebhook] = field(default_factory=lambda: MappingProxyType({}))
    rules: Mapping[str, CompiledRule] = field(default_factory=lambda: MappingProxyType({}))
    groups: Mapping[str, Group] = field(default_factory=lambda: MappingProxyType({}))
    agents: Mapping[str, Agent] = field(default_factory=lambda: MappingProxyType({}))

    places: Mapping[tuple[str, str], tuple[Source, Keys]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    """(kind, name) -> where it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """
    What one tenant wrote down.

    Made by `read_file`, `read_folder`, `read_text` or `Definitions.build`, which
    check and compile everything; two with the same content are equal.
    """

    tenant: Tenant = field(default_factory=Tenant)

    allowed_networks: tuple[str, ...] = ()
    """Networks the tenant's webhooks may reach although they are private."""

    agents: tuple[Agent, ...] = ()
    groups: tuple[Group, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    rules: tuple[Rule, ...] = ()
    tests: tuple[TestCase, ...] = ()
    variables: tuple[CustomVariable, ...] = ()

    silence: frozenset[str] = frozenset()
    """Lint codes that are reported nowhere."""

    folder: Path | None = field(default=None, compare=False)
    """Where relative paths in the definitions begin; the working directory where None."""

    index: Index = field(default_factory=Index, compare=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.index.webhooks) != len(self.webhooks):
            raise TypeError("definitions are made by Definitions.build, which checks and compiles them")

    @classmethod
    def build(
        cls,
        *,
        tenant: Tenant | None = None,
        allowed_networks: Iterable[str] = (),
        agents: Iterable[Agent] = (),
        groups: Iterable[Group] = (),
        webhooks: Iterable[Webhook] = (),
        rules: Iterable[Rule] = (),
        tests: Iterable[TestCase] = (),
        variables: Iterable[CustomVariable] = (),
        silence: Iterable[str] = (),
        folder: Path | None = None,
    ) -> Self:
        """
        Definitions from objects, under the same checks as a file's.

        Raises:
            DefinitionError: Every problem, with the path it would have in a file.
        """
        from webhook_engine.definitions.assembly import assemble_objects

        return assemble_objects(
            cls,
            tenant=tenant or Tenant(),
            allowed_networks=list(allowed_networks),
            silence=list(silence),
            folder=folder,
            agent=list(agents),
            group=list(groups),
            webhook=list(webhooks),
            rule=list(rules),
            test=list(tests),
            variable=list(variables),
        )

    def webhook(self, name: str) -> Webhook:
        """
        The webhook of that name.

        Raises:
            NotFound: There is none; with the nearest name that there is.
        """
        return self.compiled(name).definition

    def group(self, name: str) -> Group:
        """
        The group of that name.

        Raises:
            NotFound: There is none; with the nearest name that there is.
        """
        return _found("group", name, self.index.groups)

    def agent(self, extension: str) -> Agent:
        """
        The agent with that full extension.

        Raises:
            NotFound: There is none; with the nearest extension that there is.
        """
        return _found("agent", extension, self.index.agents)

    def is_agent(self, extension: str) -> bool:
        """
        Whether this extension may use webhooks at all.
        """
        return extension in self.index.agents

    def compiled(self, name: str, *, test: bool = False) -> CompiledWebhook:
        """
        The webhook of that name, ready for calls.

        Args:
            test: With the parameters' test values in place of their values; compiled
                when asked for.

        Raises:
            NotFound: There is none; with the nearest name that there is.
        """
        found = _found("webhook", name, self.index.webhooks)
        if not test:
            return found
        from webhook_engine.definitions.compiling.tools import Tools
        from webhook_engine.definitions.compiling.whole import compile_test

        return compile_test(found, Tools.of(self.tenant, self.variables), self.folder)

    def compiled_rules(self) -> tuple[CompiledRule, ...]:
        """
        The rules in the order in which they are asked: by priority, then as they stand.
        """
        return tuple(self.index.rules.values())


def _found(kind: str, name: str, known: Mapping[str, T]) -> T:
    try:
        return known[name]
    except KeyError:
        raise NotFound(kind, name, known=known) from None
