"""
Entries -> compiled webhooks and rules; what does not compile is reported with its column.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from webhook_engine.definitions.compiled import CREDENTIALS, CompiledRule, CompiledThen, CompiledWebhook
from webhook_engine.definitions.compiling.pieces import report_pieces
from webhook_engine.definitions.compiling.request import body_of, headers_of, misfit, url_of
from webhook_engine.definitions.compiling.response import outcome_of
from webhook_engine.definitions.compiling.tools import RESPONSE_NAMES, Tools
from webhook_engine.definitions.document.source import Report
from webhook_engine.definitions.draft import Draft, Entry
from webhook_engine.definitions.rules import Rule, Then
from webhook_engine.definitions.webhooks import Webhook
from webhook_engine.definitions.words import WebhookType
from webhook_engine.errors import DefinitionError, TemplateSyntaxError
from webhook_engine.responses import read_path


class Compiler:
    """
    Compiles the entries of one draft.
    """

    def __init__(self, draft: Draft, report: Report, folder: Path | None) -> None:
        self._tools = Tools(names=draft.names, country=draft.tenant.country, time_zone=draft.tenant.time_zone)
        self._groups = {entry.item.name: entry.item for entry in draft.groups}
        self._report = report
        self._folder = folder

    def webhook(self, entry: Entry[Webhook]) -> CompiledWebhook | None:
        """
        The webhook ready for calls; None, and everything reported, where it cannot be.
        """
        if not entry.sound or self._touched(entry) or _names_a_secret(entry.item):
            report_pieces(entry, self._tools, self._report)
            if not entry.sound or self._touched(entry):
                return None
        try:
            return self._whole(entry.item)
        except (TemplateSyntaxError, DefinitionError) as error:
            self._report_failure(entry, error)
            return None

    def test(self, entry: Entry[Webhook], compiled: CompiledWebhook | None) -> CompiledWebhook | None:
        """
        The webhook with its test values; the same one where it has none.
        """
        webhook = entry.item
        if compiled is None or all(each.test_value is None for each in webhook.parameters):
            return compiled
        tried = [
            each if each.test_value is None else replace(each, value=each.test_value)
            for each in webhook.parameters
        ]
        try:
            return replace(self._whole(replace(webhook, parameters=tuple(tried))), definition=webhook)
        except TemplateSyntaxError as error:
            self._report_failure(entry, error)
            return None

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
        try:
            when = self._tools.expression(rule.when) if rule.when is not None else None
            then = tuple(self._then(rule, each) for each in rule.then)
        except TemplateSyntaxError:
            report_pieces(entry, self._tools, self._report)
            return None
        return CompiledRule(definition=rule, when=when, then=then)

    def _then(self, rule: Rule, then: Then) -> CompiledThen:
        when, value = (
            self._tools.expression(source, more=RESPONSE_NAMES) if source is not None else None
            for source in (then.when, then.value)
        )
        after = then.after or next(iter(rule.webhooks), "")
        return CompiledThen(definition=then, after=after, when=when, value=value)

    def _whole(self, webhook: Webhook) -> CompiledWebhook:
        group = self._groups.get(webhook.group or "")
        url = url_of(webhook, group, self._tools)
        headers = tuple(headers_of(webhook, group, self._tools))
        body = body_of(webhook, group, self._tools)
        outcomes = [outcome_of(each, position, self._tools) for position, each in enumerate(webhook.outcomes)]
        for path in (webhook.view.records or "", *(column.path for column in webhook.view.columns)):
            read_path(path)
        read = url.variables.union(
            body.variables if body is not None else (), *(each.variables for _, each in headers)
        )
        asked = frozenset[str]().union(*(asked for _, asked in outcomes))
        return CompiledWebhook(
            definition=webhook,
            group=group,
            method=webhook.type.method,
            url=url,
            headers=headers,
            body=body,
            variables=(read - CREDENTIALS) | asked,
            credentials=read & CREDENTIALS,
            rules=tuple(rule for rule, _ in outcomes),
            view=webhook.view,
            deadline_s=webhook.deadline_s or webhook.delivery.deadline_s,
            ca_file=self._located(group.ca_file) if group is not None else None,
            expects_rows=webhook.type is WebhookType.AJAX_GET or bool(webhook.view.columns),
        )

    def _located(self, file: str | None) -> str | None:
        return str(self._folder / file) if file is not None and self._folder is not None else file

    def _touched(self, entry: Entry[Webhook]) -> bool:
        return self._report.touches(entry.source, entry.path)


def _names_a_secret(webhook: Webhook) -> bool:
    """
    Whether a template could mean one of the names that only a group's own parts may use.
    """
    texts = [webhook.url, *(each.value + (each.test_value or "") for each in webhook.parameters)]
    return any("CREDENTIAL_" in text for text in texts)
