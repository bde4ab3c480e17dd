"""
Branches of templates that no test takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from webhook_engine.definitions.compiling.tools import BODY_KINDS, RESPONSE_NAMES
from webhook_engine.templating import Kind
from webhook_engine.templating.branches import branches_of
from webhook_engine.testing.rehearsal.gap import Gap
from webhook_engine.variables import VARIABLES, values_of

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions, Webhook
    from webhook_engine.templating.branches import Branch, Branches
    from webhook_engine.testing.rehearsal.performance import Performance


class _Template(NamedTuple):
    where: str
    source: str
    kind: Kind

    outcome: str | None = None
    """The label of the outcome whose sentence it is, which is said only where that decides."""


def of_branches(
    webhook: Webhook, where: str, performances: Sequence[Performance], definitions: Definitions
) -> Iterator[Gap]:
    """
    Every `{% if %}` and every `a if b else c` of a webhook that goes one way in all tests.
    """
    tenant = definitions.tenant
    names = {*VARIABLES, *(each.name for each in definitions.variables)}
    for template in _templates(webhook, definitions):
        if "{%" not in template.source and "{{" not in template.source:
            continue
        branches = branches_of(
            template.source,
            template.kind,
            names=names | RESPONSE_NAMES if template.outcome is not None else names,
            country=tenant.country,
            time_zone=tenant.time_zone,
            hosts=webhook.hosts,
        )
        if not branches.all:
            continue
        taken = _taken(branches, _values(template, performances, definitions))
        for branch in branches.all:
            if branch not in taken:
                yield Gap(kind="branch", where=f"{where}, {template.where}", what=_told(branch))


def _templates(webhook: Webhook, definitions: Definitions) -> Iterator[_Template]:
    yield _Template("url", webhook.url, Kind.URL)
    for header in webhook.headers:
        yield _Template(f"header {header.name!r}", header.value, Kind.HEADER)
    for parameter in webhook.parameters:
        yield _Template(f"parameter {parameter.name!r}", parameter.value, Kind.VALUE)
    if webhook.body is not None:
        yield _Template("body", webhook.body, BODY_KINDS[webhook.content_type])
    for outcome, rule in zip(webhook.outcomes, definitions.compiled(webhook.name).rules, strict=True):
        if outcome.say is not None:
            yield _Template(rule.label, outcome.say, Kind.TEXT, rule.label)


def _values(
    template: _Template, performances: Sequence[Performance], definitions: Definitions
) -> Iterator[Mapping[str, object]]:
    names = {*VARIABLES, *(each.name for each in definitions.variables)}
    for each in performances:
        values: Mapping[str, object] = values_of(each.start.call(each.event), definitions.tenant, names)
        if template.outcome is None:
            yield values
        elif each.response is not None and each.decided_by(definitions) == template.outcome:
            yield {**values, **each.line.interpreter.names_of(each.response)}


def _taken(branches: Branches, all_values: Iterable[Mapping[str, object]]) -> set[Branch]:
    taken: set[Branch] = set()
    for values in all_values:
        taken |= branches.taken(values)
    return taken


def _told(branch: Branch) -> str:
    way = "holds in no test" if branch.holds else "holds in every test"
    return f"line {branch.line}, column {branch.column}: {branch.written!r} {way} that comes there"
