"""
Everything that must hold in a draft.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from webhook_engine.definitions.checks.cases import check_test
from webhook_engine.definitions.checks.groups import check_group
from webhook_engine.definitions.checks.names import Names
from webhook_engine.definitions.checks.rules import check_rule, check_variable
from webhook_engine.definitions.checks.webhooks import check_webhook
from webhook_engine.definitions.document.source import Report
from webhook_engine.definitions.draft import Draft, Entry
from webhook_engine.definitions.linting.codes import CODES
from webhook_engine.errors import did_you_mean

T = TypeVar("T")


def check_draft(draft: Draft, report: Report) -> None:
    """
    Report whatever does not hold.
    """
    groups = _unique(draft.groups, lambda group: group.name, "name", report)
    webhooks = _unique(draft.webhooks, lambda webhook: webhook.name, "name", report)
    agents = _unique(draft.agents, lambda agent: agent.extension, "extension", report)
    _unique(draft.rules, lambda rule: rule.name, "name", report)
    _unique(draft.tests, lambda test: test.name, "name", report)
    _unique(draft.variables, lambda variable: variable.name, "name", report)
    names = {
        kind: Names(kind=kind, known=known, is_complete=kind not in draft.lost)
        for kind, known in (("agent", agents), ("group", groups), ("webhook", webhooks))
    }
    for variable in draft.variables:
        check_variable(variable, report)
    for group in draft.groups:
        check_group(group, names["agent"], report)
    by_name = {name: entry.item for name, entry in groups.items()}
    for webhook in draft.webhooks:
        check_webhook(webhook, by_name, names["group"], report)
    for rule in draft.rules:
        check_rule(rule, names["webhook"], report)
    for test in draft.tests:
        check_test(test, names["webhook"], draft.names, report)
    _check_silence(draft, report)


def _unique(
    entries: Sequence[Entry[T]], name_of: Callable[[T], str], key: str, report: Report
) -> Mapping[str, Entry[T]]:
    """
    The entries by name; a name that is taken is reported with where.
    """
    found: dict[str, Entry[T]] = {}
    for entry in entries:
        name = name_of(entry.item)
        first = found.setdefault(name, entry)
        if first is not entry:
            entry.problem(report, key, message=f"{name!r} is taken: {first.place} has it already")
    return found


def _check_silence(draft: Draft, report: Report) -> None:
    entries: list[Entry[Any]] = [*draft.groups, *draft.webhooks, *draft.rules, *draft.tests]
    silences = [(entry.source, entry.path, entry.item.silence) for entry in entries]
    if draft.tenant_source is not None:
        silences.append((draft.tenant_source, ("tenant",), draft.tenant_silence))
    for source, path, codes in silences:
        for code in sorted(codes - CODES.keys()):
            meant = did_you_mean(code, CODES)
            hint = f"; did you mean {meant!r}?" if meant else ""
            report.add(source, (*path, "silence"), f"there is no lint code {code!r}{hint}")
