"""
What a webhook sends, to whom, and what its cells lead to.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from webhook_engine.definitions.checks.http import SIGNATURE_HEADERS
from webhook_engine.definitions.compiled import CompiledWebhook
from webhook_engine.definitions.compiling.pieces import template_pieces
from webhook_engine.definitions.compiling.tools import Tools
from webhook_engine.definitions.definitions import Definitions
from webhook_engine.definitions.linting.finding import Spot, Spots
from webhook_engine.definitions.linting.hosts import is_plain, is_private
from webhook_engine.definitions.places import Path
from webhook_engine.definitions.webhooks import Header, Parameter, Webhook
from webhook_engine.definitions.words import Authentication, DeliveryClass, WebhookType
from webhook_engine.errors import did_you_mean
from webhook_engine.templating import Place

PATIENCE_S = 10.0
"""Seconds an agent and a caller bear in silence."""

_NEVER_EMPTY = frozenset(
    {"CALL_DIR", "CALL_SIPID", "DATETIME", "DATETIME_DATE", "DATETIME_TIME", "EXTENSION", "EXTENSION_NO"}
)
"""What every call of an agent has."""

_NUMBER = re.compile(r"\b(CALLERID_NUMBER|CALL_NUMBER)\b")
_NUMBER_FORM = re.compile(r"\|\s*(e164|international|national|digits|last)\b")
_COUNTRY_FORM = re.compile(r"\|\s*(e164|international|national)\b")
_WITH_DEFAULT = re.compile(r"\|\s*(default|d)\s*\(\s*(?!''|\"\"|\))")
# Each text is matched in one way only: more of them would be tried one after the other, twice as many with each place.
_EXPRESSION = r"""\{\{(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^'"}]|\}(?!\}))*\}\}"""
_ONLY_PLACES = re.compile(rf"\s*(?:{_EXPRESSION}|\{{[A-Z][A-Z0-9_]*\}}|<[A-Z][A-Z0-9_]*>)+\s*\Z", re.DOTALL)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_SECRET_NAME = re.compile(
    r"(?:^|[-_.])(?:api[-_]?key|apikey|access[-_]?token|auth[-_]?token|token|secret|password|passwd|pwd|authorization)$",
    re.IGNORECASE,
)
_SECRET_IN_QUERY = re.compile(r"[?&]([^?=&#{<]+)=([^&#{<]+)")


def lint_webhook(definitions: Definitions, compiled: CompiledWebhook, tools: Tools) -> Spots:
    """
    One webhook.
    """
    webhook = compiled.definition
    places = list(_places(webhook, tools))
    for code, inside, message in (
        *_target(definitions, compiled),
        *_empty(webhook, places),
        *_secrets(webhook, places),
        *_signature(compiled),
        *_links(definitions, webhook),
    ):
        yield Spot(code=code, kind="webhook", name=webhook.name, inside=inside, message=message)
    for inside, place in places:
        for code, message in _place(definitions, inside, place):
            yield Spot(
                code=code,
                kind="webhook",
                name=webhook.name,
                inside=inside,
                inner=place.line,
                column=place.column,
                message=message,
            )


Found = Iterator[tuple[str, Path, str]]


def _places(webhook: Webhook, tools: Tools) -> Iterator[tuple[Path, Place]]:
    """
    Every place of the webhook's templates where a value lands, with the keys of its template.
    """
    for inside, compiled in template_pieces(webhook, tools):
        if inside[-1] != "test_value":
            yield from ((inside, place) for place in compiled().places)


def _target(definitions: Definitions, compiled: CompiledWebhook) -> Found:
    webhook, group = compiled.definition, compiled.group
    if why := is_private(webhook.url, definitions.allowed_networks, webhook.hosts):
        yield "private-host", ("url",), why
    guarded = group is not None and group.authentication is not Authentication.NONE
    if guarded and is_plain(webhook.url, webhook.hosts):
        yield "plain-http", ("url",), "sends the group's secret without encryption; use https"
    if guarded and webhook.type is WebhookType.BROWSER_WINDOW:
        yield "key-in-browser", ("group",), "puts its key in the address of a browser window"
    if webhook.delivery is DeliveryClass.LIVE and compiled.deadline_s > PATIENCE_S:
        message = f"lets an agent wait {compiled.deadline_s:g} s; at most {PATIENCE_S:g} s are borne"
        yield "slow-for-live", ("deadline_s",), message


def _empty(webhook: Webhook, places: Collection[tuple[Path, Place]]) -> Found:
    by_path: dict[Path, list[Place]] = {}
    for path, place in places:
        by_path.setdefault(path, []).append(place)
    for index, parameter in enumerate(webhook.parameters):
        if parameter.when_empty is not None or not _ONLY_PLACES.match(parameter.value):
            continue
        inside = ("parameter", index, "value")
        mine = by_path.get(inside)
        if mine and all(map(_can_be_empty, mine)):
            message = f"can be empty ({mine[0].expression}); say what is sent then: when_empty = …"
            yield "may-be-empty", inside, message


def _can_be_empty(place: Place) -> bool:
    names = re.findall(r"\b[A-Z][A-Z0-9_]*\b", _QUOTED.sub("", place.expression))
    return not _NEVER_EMPTY.issuperset(names) and not _WITH_DEFAULT.search(place.expression)


def _secrets(webhook: Webhook, places: Collection[tuple[Path, Place]]) -> Found:
    filled = {path for path, _ in places}
    named: list[tuple[Path, Parameter | Header]] = [
        *((("parameter", index, "value"), parameter) for index, parameter in enumerate(webhook.parameters)),
        *((("header", index, "value"), header) for index, header in enumerate(webhook.headers)),
    ]
    for inside, part in named:
        if inside not in filled and part.value.strip() and _SECRET_NAME.search(part.name):
            yield "secret-in-template", inside, f"{part.name} looks like a secret; let the group send it"
    for found in _SECRET_IN_QUERY.finditer(webhook.url):
        if _SECRET_NAME.search(found[1]):
            message = f"{found[1]} in the query looks like a secret; let the group send it"
            yield "secret-in-template", ("url",), message


def _signature(compiled: CompiledWebhook) -> Found:
    if compiled.group is None or not compiled.group.signing_secrets:
        return
    for index, header in enumerate(compiled.definition.headers):
        if header.name.lower() in SIGNATURE_HEADERS:
            message = f"{header.name} is never sent: the signature of the group {compiled.group.name!r} is"
            yield "own-signature", ("header", index, "name"), message


def _links(definitions: Definitions, webhook: Webhook) -> Found:
    names = [each.name for each in definitions.webhooks]
    for index, column in enumerate(webhook.view.columns):
        if column.link is None:
            continue
        inside = ("view", "column", index, "link")
        if column.link not in names:
            meant = did_you_mean(column.link, names)
            hint = f"; did you mean {meant!r}?" if meant else ""
            yield "dead-link", inside, f"there is no webhook {column.link!r}{hint}"
        elif "DYNAMIC_PARAMETER" not in definitions.compiled(column.link).variables:
            message = f"{column.link!r} never asks for DYNAMIC_PARAMETER, which is what the cell becomes"
            yield "unread-cell", inside, message


def _place(definitions: Definitions, inside: Path, place: Place) -> Iterator[tuple[str, str]]:
    expression = place.expression
    if place.raw:
        yield "raw", f"{expression} goes into the request unescaped"
    if inside[0] == "outcome":
        return
    if (number := _NUMBER.search(expression)) and not _NUMBER_FORM.search(expression):
        yield "number-without-form", f"{number[1]} is sent in whatever form the platform has it"
    if definitions.tenant.country is None and (form := _COUNTRY_FORM.search(expression)):
        yield "no-country", f"{form[1]} understands no national number without the tenant's country"
