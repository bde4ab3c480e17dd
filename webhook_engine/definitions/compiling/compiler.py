"""
Entries -> compiled webhooks and rules; what does not compile is reported with its column.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from webhook_engine.definitions.compiled import CompiledRule, CompiledThen, CompiledWebhook
from webhook_engine.definitions.compiling.pieces import report_pieces
from webhook_engine.definitions.compiling.request import misfit
from webhook_engine.definitions.compiling.tools import RESPONSE_NAMES, Tools
from webhook_engine.definitions.compiling.whole import compile_webhook
from webhook_engine.definitions.document.source import Report
from webhook_engine.definitions.draft import Draft, Entry
from webhook_engine.definitions.rules import Rule, Then
from webhook_engine.definitions.webhooks import Webhook
from webhook_engine.errors import DefinitionError, TemplateSyntaxError

_WEBHOOKS: Final[WeakValueDictionary[object, CompiledWebhook]] = WeakValueDictionary()
_RULES: Final[WeakValueDictionary[object, CompiledRule]] = WeakValueDictionary()
"""What is compiled and still in use, by all that it was made of: an edit of a thousand webhooks is an edit of one."""


class Compiler:
    """
    Compiles the entries of one draft, and takes over what was compiled of the same content and is still in use.
    """

    def __init__(self, draft: Draft, report: Report, folder: Path | None) -> None:
        self._tools = Tools.of(draft.tenant, [entry.item for entry in draft.variables])
        self._groups = {entry.item.name: entry.item for entry in draft.groups}
        self._report = report
        self._folder = folder

    def webhook(self, entry: Entry[Webhook]) -> CompiledWebhook | None:
        """
        The webhook ready for calls; None, and everything reported, where it cannot be.
        """
        group = self._groups.get(entry.item.group or "")
        made_of = (entry.item, group, self._folder, self._tools.made_of)
        sound = entry.sound and not self._touched(entry)
        if sound and (known := _WEBHOOKS.get(made_of)) is not None:
            return known
        if not sound or _needs_a_closer_look(entry.item):
            report_pieces(entry, self._tools, self._report)
            if not entry.sound or self._touched(entry):
                return None
        try:
            made = compile_webhook(entry.item, group, self._tools, self._folder)
        except (TemplateSyntaxError, DefinitionError) as error:
            self._report_failure(entry, error)
            return None
        return _WEBHOOKS.setdefault(made_of, made)

    def _report_failure(self, entry: Entry[Webhook], error: TemplateSyntaxError | DefinitionError) -> None:
        """
        Say where each mistake is; where every piece is right, they do not fit together.
        """
        report_pieces(entry, self._tools, self._report)
        if not self._touched(entry):
            path, message = misfit(entry.item, error)
            entry.problem(self._report, *path, message=message)

    def rule(self, entry: Entry[Rule]) -> CompiledRule | None:
        """
        The rule ready for events; None, and everything reported, where it cannot be.
        """
        rule = entry.item
        made_of = (rule, self._tools.made_of)
        if (known := _RULES.get(made_of)) is not None:
            return known
        try:
            when = self._tools.expression(rule.when) if rule.when is not None else None
            then = tuple(self._then(rule, each) for each in rule.then)
        except TemplateSyntaxError:
            report_pieces(entry, self._tools, self._report)
            return None
        return _RULES.setdefault(made_of, CompiledRule(definition=rule, when=when, then=then))

    def _then(self, rule: Rule, then: Then) -> CompiledThen:
        when, value = (
            self._tools.expression(source, more=RESPONSE_NAMES) if source is not None else None
            for source in (then.when, then.value)
        )
        after = then.after or next(iter(rule.webhooks), "")
        return CompiledThen(definition=then, after=after, when=when, value=value)

    def _touched(self, entry: Entry[Webhook]) -> bool:
        return self._report.touches(entry.source, entry.path)


def _needs_a_closer_look(webhook: Webhook) -> bool:
    """
    Whether what compiles as a whole could still be wrong in a part.

    A test value stands for itself in no request, and a name of a group's secret
    is known where the group puts its own.
    """
    texts = [webhook.url, *(each.value for each in webhook.parameters)]
    return any(each.test_value is not None for each in webhook.parameters) or any(
        "CREDENTIAL_" in text for text in texts
    )
