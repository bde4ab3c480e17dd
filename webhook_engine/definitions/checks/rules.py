"""
Rules, tests and variables refer to what there is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from webhook_engine.definitions.checks.names import Names
from webhook_engine.definitions.document.source import Report
from webhook_engine.definitions.draft import Entry
from webhook_engine.definitions.rules import CustomVariable, Rule, TestCase
from webhook_engine.errors import InvalidCall, UnknownVariable, did_you_mean
from webhook_engine.variables import VARIABLES, CallContext, Value

_NAMES = re.compile(r"[A-Z][A-Z0-9_]*")

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


def check_test(entry: Entry[TestCase], webhooks: Names, variables: Collection[str], report: Report) -> None:
    """
    A test gives a call that there can be, and expects webhooks that there are.
    """
    test = entry.item
    for index, expectation in enumerate(test.expect):
        if message := webhooks.missing(expectation.webhook):
            entry.problem(report, "expect", index, "webhook", message=message)
    if entry.sound and test.nothing and test.expect:
        entry.problem(report, "nothing", message="is true, but the test expects webhooks too")
    given = dict(test.given)
    while (found := _refusal(given, variables)) is not None:
        name, message = found
        culprit = next((each for each in (name, *_NAMES.findall(name)) if each in given), None)
        entry.problem(report, "given", *([culprit] if culprit else []), message=message)
        if culprit is None:
            return
        del given[culprit]


def _refusal(given: Mapping[str, Value], variables: Collection[str]) -> tuple[str, str] | None:
    """
    The first value that no call could have, and why; None when a call can hold them all.
    """
    custom = {name: value for name, value in given.items() if name in variables and name not in VARIABLES}
    tokens = {name: value for name, value in given.items() if name not in custom}
    try:
        CallContext.from_tokens(tokens, extra=custom)
    except UnknownVariable as error:
        meant = did_you_mean(error.name, variables)
        hint = f"did you mean {meant}?" if meant else "add a [[variable]] of that name"
        return error.name, f"is no variable; {hint}"
    except InvalidCall as error:
        return error.field, error.problem
    return None
