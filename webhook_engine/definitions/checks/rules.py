"""
Rules and variables refer to what there is.
"""

from __future__ import annotations

from webhook_engine.definitions.checks.names import Names
from webhook_engine.definitions.document.source import Report
from webhook_engine.definitions.draft import Entry
from webhook_engine.definitions.rules import CustomVariable, Rule
from webhook_engine.variables import VARIABLES

RESERVED_PREFIX = "CREDENTIAL_"
"""Names under which a group's secrets are filled in; no variable may be called so."""


def check_variable(entry: Entry[CustomVariable], report: Report) -> None:
    """
    A custom variable hides none of ours.
    """
    name = entry.item.name
    if name in VARIABLES:
        entry.problem(
            report, "name", message=f"{name} is a documented variable and cannot be a custom one too"
        )
    elif name.startswith(RESERVED_PREFIX):
        entry.problem(
            report, "name", message=f"names that begin with {RESERVED_PREFIX} are the groups' secrets"
        )


def check_rule(entry: Entry[Rule], webhooks: Names, report: Report) -> None:
    """
    A rule starts webhooks that there are, and its chain hangs together.
    """
    rule = entry.item
    for index, name in enumerate(rule.webhooks):
        if message := webhooks.missing(name):
            entry.problem(report, "webhooks", index, message=message)
        elif name in rule.webhooks[:index]:
            entry.problem(report, "webhooks", index, message=f"{name!r} stands here twice")
    if entry.sound and not rule.webhooks and not rule.stop:
        entry.problem(report, "webhooks", message="is missing: the rule starts nothing and stops nothing")
    reached = {*rule.webhooks, *(then.webhook for then in rule.then)}
    for index, then in enumerate(rule.then):
        if message := webhooks.missing(then.webhook):
            entry.problem(report, "then", index, "webhook", message=message)
        if then.after is not None and then.after not in reached:
            message = f"this rule does not start {then.after!r}"
            entry.problem(report, "then", index, "after", message=message)
        elif then.after is None and entry.sound and len(rule.webhooks) != 1:
            message = (
                f"is missing: the rule starts {len(rule.webhooks)} webhooks; name the one that leads here"
            )
            entry.problem(report, "then", index, "after", message=message)
