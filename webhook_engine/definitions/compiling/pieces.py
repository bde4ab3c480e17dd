"""
Every text of a webhook or rule that is compiled, one by one, so that each mistake gets its own place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from webhook_engine.definitions.checks.http import url_problem
from webhook_engine.definitions.compiling.tools import BODY_KINDS, RESPONSE_NAMES, Tools
from webhook_engine.definitions.document.source import Report
from webhook_engine.definitions.draft import Entry
from webhook_engine.definitions.places import Path
from webhook_engine.definitions.rules import Rule
from webhook_engine.definitions.webhooks import Webhook
from webhook_engine.errors import DefinitionError, TemplateSyntaxError
from webhook_engine.responses import read_path
from webhook_engine.templating import Kind, Template

Piece = tuple[Path, Callable[[], object]]


def report_pieces(entry: Entry[Webhook] | Entry[Rule], tools: Tools, report: Report) -> None:
    """
    Compile each text of the entry and report what does not compile.
    """
    item = entry.item
    pieces = webhook_pieces(item, tools) if isinstance(item, Webhook) else rule_pieces(item, tools)
    for path, compiled in pieces:
        try:
            compiled()
        except TemplateSyntaxError as error:
            for each in (error, *error.also):
                entry.problem(report, *path, message=each.problem, inner=each.line, column=each.column)
        except DefinitionError as error:
            for problem in error.problems:
                entry.problem(report, *path, message=problem.message, column=problem.column)


def webhook_pieces(webhook: Webhook, tools: Tools) -> Iterator[Piece]:
    """
    Every text of a webhook.
    """
    yield from template_pieces(webhook, tools)
    for index, outcome in enumerate(webhook.outcomes):
        yield ("outcome", index, "when"), _expressing(tools, outcome.when)
    if (records := webhook.view.records) is not None:
        yield ("view", "records"), _reading(records)
    for index, column in enumerate(webhook.view.columns):
        yield ("view", "column", index, "path"), _reading(column.path)


def template_pieces(webhook: Webhook, tools: Tools) -> Iterator[tuple[Path, Callable[[], Template]]]:
    """
    The templates of a webhook.
    """
    # A URL that is none of HTTP's is still searched for names that nobody knows.
    is_url = url_problem(webhook.url, hosts=webhook.hosts) is None
    kind = Kind.URL if is_url else Kind.TEXT
    yield ("url",), lambda: tools.template(webhook.url, kind, hosts=webhook.hosts)
    if (body := webhook.body) is not None:
        yield ("body",), lambda: tools.template(body, BODY_KINDS[webhook.content_type])
    for index, parameter in enumerate(webhook.parameters):
        for key in ("value", "test_value"):
            if (source := getattr(parameter, key)) is not None:
                yield ("parameter", index, key), _compiling(tools, source, Kind.VALUE)
    for index, header in enumerate(webhook.headers):
        yield ("header", index, "value"), _compiling(tools, header.value, Kind.HEADER)
    for index, outcome in enumerate(webhook.outcomes):
        if outcome.say is not None:
            yield ("outcome", index, "say"), _saying(tools, outcome.say)


def rule_pieces(rule: Rule, tools: Tools) -> Iterator[Piece]:
    """
    The texts of a rule, in the order of a file.
    """
    if (when := rule.when) is not None:
        yield ("when",), lambda: tools.expression(when)
    for index, then in enumerate(rule.then):
        for key in ("when", "value"):
            if (source := getattr(then, key)) is not None:
                yield ("then", index, key), _expressing(tools, source)


def _compiling(tools: Tools, source: str, kind: Kind) -> Callable[[], Template]:
    return lambda: tools.template(source, kind)


def _expressing(tools: Tools, source: str) -> Callable[[], object]:
    return lambda: tools.expression(source, more=RESPONSE_NAMES)


def _saying(tools: Tools, source: str) -> Callable[[], Template]:
    return lambda: tools.template(source, Kind.TEXT, more=RESPONSE_NAMES)


def _reading(path: str) -> Callable[[], object]:
    return lambda: read_path(path)
