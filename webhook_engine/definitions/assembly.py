"""
Sources -> definitions: read, checked and compiled, or refused with every problem.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from webhook_engine.definitions.checks.draft import check_draft
from webhook_engine.definitions.compiling.compiler import Compiler
from webhook_engine.definitions.definitions import Definitions, Index
from webhook_engine.definitions.document.reader import read_sources
from webhook_engine.definitions.document.source import Report, Source
from webhook_engine.definitions.draft import Draft, Entry
from webhook_engine.definitions.tree import tree_of, tree_of_tenant
from webhook_engine.errors import DefinitionError
from webhook_engine.variables import Tenant

T = TypeVar("T")
D = TypeVar("D", bound=Definitions)


def assemble_objects(
    kind: type[D],
    *,
    tenant: Tenant,
    allowed_networks: Sequence[str],
    silence: Sequence[str],
    folder: Path | None,
    **tables: Sequence[object],
) -> D:
    """
    Definitions of objects: taken apart into the tree of a file, so that one set of checks holds for both.
    """
    head = tree_of_tenant(tenant, allowed_networks=allowed_networks, silence=silence)
    tree = {"tenant": head, **{key: tree_of(table) for key, table in tables.items()}}
    return assemble(kind, [Source("", tree)], Report(), folder=folder)


def assemble(kind: type[D], sources: Sequence[Source], report: Report, *, folder: Path | None) -> D:
    """
    Definitions of everything that stands in *sources*.

    Raises:
        DefinitionError: Every problem in them, in the order of the files.
    """
    draft = read_sources(sources, report)
    check_draft(draft, report)
    index = _index(draft, Compiler(draft, report, folder))
    if report.problems:
        raise DefinitionError(report.in_order(sources))
    return kind(
        tenant=draft.tenant,
        allowed_networks=draft.allowed_networks,
        agents=_items(draft.agents),
        groups=_items(draft.groups),
        webhooks=_items(draft.webhooks),
        rules=_items(draft.rules),
        tests=_items(draft.tests),
        variables=_items(draft.variables),
        silence=draft.tenant_silence,
        folder=folder,
        index=index,
    )


def _items(entries: Sequence[Entry[T]]) -> tuple[T, ...]:
    return tuple(entry.item for entry in entries)


def _index(draft: Draft, compiler: Compiler) -> Index:
    webhooks = {entry.item.name: compiler.webhook(entry) for entry in draft.webhooks}
    in_order = sorted(draft.rules, key=lambda entry: -entry.item.priority)
    rules = {entry.item.name: compiler.rule(entry) for entry in in_order}
    return Index(
        webhooks=_frozen({name: each for name, each in webhooks.items() if each is not None}),
        rules=_frozen({name: each for name, each in rules.items() if each is not None}),
        groups=_frozen({entry.item.name: entry.item for entry in draft.groups}),
        agents=_frozen({entry.item.extension: entry.item for entry in draft.agents}),
        places=MappingProxyType(dict(draft.places())),
    )


def _frozen(table: dict[str, T]) -> Mapping[str, T]:
    return MappingProxyType(table)
