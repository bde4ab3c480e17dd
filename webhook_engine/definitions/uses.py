"""
What refers to what, and what nothing refers to any more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from webhook_engine.definitions.definitions import Definitions
from webhook_engine.errors import DefinitionInUse, NotFound

_FIELDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "agent": ("agents", "extension"),
        "group": ("groups", "name"),
        "webhook": ("webhooks", "name"),
        "rule": ("rules", "name"),
        "test": ("tests", "name"),
        "variable": ("variables", "name"),
    }
)
"""Kind of definition -> where the definitions hold it, and what it is called by."""


def used_by(definitions: Definitions, kind: str, name: str) -> tuple[str, ...]:
    """
    Everything that refers to a definition, in words: `rule 'Look up a sales call'`.

    Args:
        kind: agent, group, webhook, rule, test or variable.

    Raises:
        NotFound: There is no such definition, or no such kind of one.
    """
    _position(definitions, kind, name)
    uses = _USES.get(kind)
    return tuple(dict.fromkeys(uses(definitions, name))) if uses is not None else ()


def without(definitions: Definitions, kind: str, name: str) -> Definitions:
    """
    The definitions less one that nothing refers to.

    Raises:
        DefinitionInUse: Something refers to it; all of that is named.
        NotFound: There is no such definition, or no such kind of one.
    """
    if users := used_by(definitions, kind, name):
        raise DefinitionInUse(f"{kind} {name!r}", used_by=users)
    position = _position(definitions, kind, name)
    field, _ = _FIELDS[kind]
    kept = getattr(definitions, field)
    index = definitions.index
    smaller = replace(
        index,
        **{
            part: MappingProxyType({key: each for key, each in getattr(index, part).items() if key != name})
            for part in _INDEXED.get(kind, ())
        },
    )
    return replace(definitions, **{field: kept[:position] + kept[position + 1 :], "index": smaller})


_INDEXED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"agent": ("agents",), "group": ("groups",), "webhook": ("webhooks",), "rule": ("rules",)}
)


def _position(definitions: Definitions, kind: str, name: str) -> int:
    if kind not in _FIELDS:
        raise NotFound("kind of definition", kind, known=_FIELDS)
    field, key = _FIELDS[kind]
    names = [getattr(each, key) for each in getattr(definitions, field)]
    if name not in names:
        raise NotFound(kind, name, known=names)
    return names.index(name)


def _uses_of_webhook(definitions: Definitions, name: str) -> Iterator[str]:
    for rule in definitions.rules:
        chained = any(name in (then.webhook, then.after) for then in rule.then)
        if name in rule.webhooks or chained:
            yield f"rule {rule.name!r}"
    for webhook in definitions.webhooks:
        for column in webhook.view.columns:
            if column.link == name and webhook.name != name:
                yield f"column {column.path!r} of webhook {webhook.name!r}"
    for test in definitions.tests:
        if any(expectation.webhook == name for expectation in test.expect):
            yield f"test {test.name!r}"


def _uses_of_group(definitions: Definitions, name: str) -> Iterator[str]:
    for webhook in definitions.webhooks:
        if webhook.group == name:
            yield f"webhook {webhook.name!r}"


def _uses_of_agent(definitions: Definitions, extension: str) -> Iterator[str]:
    for group in definitions.groups:
        if group.member(extension) is not None:
            yield f"group {group.name!r}"


def _uses_of_variable(definitions: Definitions, name: str) -> Iterator[str]:
    named = re.compile(rf"\b{name}\b")
    for webhook in definitions.webhooks:
        tested = any(named.search(each.test_value or "") for each in webhook.parameters)
        if tested or name in definitions.compiled(webhook.name).variables:
            yield f"webhook {webhook.name!r}"
    for rule in definitions.compiled_rules():
        expressions = [rule.when, *(part for then in rule.then for part in (then.when, then.value))]
        if any(each is not None and name in each.variables for each in expressions):
            yield f"rule {rule.definition.name!r}"
    for test in definitions.tests:
        if name in test.given:
            yield f"test {test.name!r}"


_USES: Final[Mapping[str, Callable[[Definitions, str], Iterator[str]]]] = MappingProxyType(
    {
        "webhook": _uses_of_webhook,
        "group": _uses_of_group,
        "agent": _uses_of_agent,
        "variable": _uses_of_variable,
    }
)
