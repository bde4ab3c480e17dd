"""
A webhook compiled as a whole: request, outcomes, view.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from webhook_engine.definitions.compiled import CREDENTIALS, CompiledWebhook
from webhook_engine.definitions.compiling.request import body_of, headers_of, url_of
from webhook_engine.definitions.compiling.response import outcome_of
from webhook_engine.definitions.compiling.tools import Tools
from webhook_engine.definitions.groups import Group
from webhook_engine.definitions.webhooks import Webhook
from webhook_engine.definitions.words import WebhookType
from webhook_engine.responses import read_path


def compile_webhook(
    webhook: Webhook, group: Group | None, tools: Tools, folder: Path | None
) -> CompiledWebhook:
    """
    The webhook ready for calls.

    Raises:
        TemplateSyntaxError: A template or expression does not read, or parameters do not fit together.
        DefinitionError: A path of the view does not read.
    """
    url = url_of(webhook, group, tools)
    headers = tuple(headers_of(webhook, group, tools))
    body = body_of(webhook, group, tools)
    outcomes = [outcome_of(each, position, tools) for position, each in enumerate(webhook.outcomes)]
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
        ca_file=_located(group.ca_file, folder) if group is not None else None,
        expects_rows=webhook.type is WebhookType.AJAX_GET or bool(webhook.view.columns),
    )


def compile_test(compiled: CompiledWebhook, tools: Tools, folder: Path | None) -> CompiledWebhook:
    """
    The same webhook with its test values in place of its values.
    """
    webhook = compiled.definition
    if all(each.test_value is None for each in webhook.parameters):
        return compiled
    tried = [
        each if each.test_value is None else replace(each, value=each.test_value)
        for each in webhook.parameters
    ]
    with_values = compile_webhook(replace(webhook, parameters=tuple(tried)), compiled.group, tools, folder)
    return replace(with_values, definition=webhook)


def _located(file: str | None, folder: Path | None) -> str | None:
    return str(folder / file) if file is not None and folder is not None else file
