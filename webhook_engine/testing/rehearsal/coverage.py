"""
What no test of a rule set reaches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from webhook_engine.definitions.compiling.tools import Tools
from webhook_engine.errors import WebhookEngineError
from webhook_engine.templating import Kind
from webhook_engine.testing.rehearsal.branching import of_branches
from webhook_engine.testing.rehearsal.gap import Gap
from webhook_engine.testing.rehearsal.ruling import of_rules
from webhook_engine.variables import values_of

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions, Webhook
    from webhook_engine.definitions.webhooks import Parameter
    from webhook_engine.testing.rehearsal.performance import Performance
    from webhook_engine.testing.rehearsal.rehearse import TestResult


def unreached(definitions: Definitions, results: Sequence[TestResult]) -> tuple[Gap, ...]:
    """
    Rules that never match, conditions that never decide, links that are never followed, webhooks that never
    start, branches of templates that are never taken, parameters that are always or never empty where that makes
    a difference, outcomes and columns that no response has.
    """
    ran = {each.name for each in results}
    cases = [case for case in definitions.tests if case.name in ran]
    performances = [each for result in results for each in result.performances]
    return (*of_rules(definitions, cases, performances), *_of_webhooks(definitions, performances))


def _of_webhooks(definitions: Definitions, performances: list[Performance]) -> Iterator[Gap]:
    tools = Tools.of(definitions.tenant, definitions.variables)
    for webhook in definitions.webhooks:
        mine = [each for each in performances if each.webhook == webhook.name]
        where = f"webhook {webhook.name!r}"
        if not mine:
            yield Gap(kind="webhook", where=where, what="starts in no test")
            continue
        for parameter in webhook.parameters:
            yield from _of_parameter(parameter, where, mine, definitions, tools)
        yield from of_branches(webhook, where, mine, definitions)
        yield from _of_outcomes(webhook, where, mine, definitions)
        yield from _of_columns(webhook, where, mine)


def _of_parameter(
    parameter: Parameter,
    where: str,
    performances: list[Performance],
    definitions: Definitions,
    tools: Tools,
) -> Iterator[Gap]:
    template = tools.template(parameter.value, Kind.TEXT)
    if not template.variables:
        return
    empty = set()
    for each in performances:
        call = each.start.call(each.event)
        values = values_of(call, definitions.tenant, template.variables)
        try:
            empty.add(not template.render(values))
        except WebhookEngineError:
            # What fails is neither; the test says so itself.
            continue
    name = f"{where}, parameter {parameter.name!r}"
    if False not in empty:
        yield Gap(kind="parameter", where=name, what="is empty in every test")
    if True not in empty and parameter.when_empty is not None:
        what = f"is empty in no test, so when_empty = {str(parameter.when_empty)!r} is not tried"
        yield Gap(kind="parameter", where=name, what=what)


def _of_outcomes(
    webhook: Webhook, where: str, performances: list[Performance], definitions: Definitions
) -> Iterator[Gap]:
    decided = {each.decided_by(definitions) for each in performances if each.response is not None}
    for rule in definitions.compiled(webhook.name).rules:
        if rule.label not in decided:
            yield Gap(kind="outcome", where=where, what=f"no response has {rule.label}")


def _of_columns(webhook: Webhook, where: str, performances: list[Performance]) -> Iterator[Gap]:
    views = [each.view for each in performances if each.view is not None and each.view.rows]
    for column in webhook.view.columns:
        filled = (
            row[place] is not None
            for view in views
            for place, shown in enumerate(view.columns)
            if shown.path == column.path
            for row in view.rows
        )
        if not any(filled):
            yield Gap(kind="column", where=where, what=f"no response has the column {column.path!r}")
