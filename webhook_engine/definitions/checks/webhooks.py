"""
A webhook's keys fit its type, its content type and its group.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from webhook_engine.definitions.checks.http import content_type_problem, header_problem, url_problem
from webhook_engine.definitions.checks.names import Names
from webhook_engine.definitions.document.source import Report
from webhook_engine.definitions.draft import Entry
from webhook_engine.definitions.groups import Group
from webhook_engine.definitions.keys import key_of
from webhook_engine.definitions.places import Path
from webhook_engine.definitions.webhooks import SHORT_RETRIES, Webhook
from webhook_engine.definitions.words import (
    Authentication,
    ContentType,
    CredentialsIn,
    DeliveryClass,
    DeliveryOrder,
    KeyIn,
    ParameterIn,
    WebhookType,
    WhenEmpty,
)

Found = Iterator[tuple[Path, str]]

# XML 1.0, 2.3 without the colon: a name with one would claim a namespace nobody declared.
_XML_NAME = re.compile(r"[A-Za-z_][\w.-]*\Z")

_OF_DURABLE: Final = ("order", "hold_s", "expires_s", "max_attempts", "longest_wait_s", "retry_on")
"""What means nothing where an agent waits."""

_IN_A_BROWSER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "headers": "a browser sends headers of its own",
        "body": "a browser sends no body",
        "body_root": "a browser sends no body",
        "response_type": "the agent's browser reads the response",
        "delivery": "the agent's browser sends the request",
        "deadline_s": "the agent's browser does the waiting",
        "stale_s": "the agent's browser shows what it gets",
        "safe": "the agent's browser sends the request",
        **dict.fromkeys(_OF_DURABLE, "the agent's browser sends the request"),
        "max_redirects": "the agent's browser follows redirects by itself",
        "outcomes": "the agent's browser shows the response as it is",
        "view": "the agent's browser shows the response as it is",
    }
)
"""What means nothing where the agent's browser opens the URL, and why."""

_PLAIN: Final = Webhook(name="plain", type=WebhookType.BROWSER_WINDOW, url="")


def check_webhook(entry: Entry[Webhook], groups: Mapping[str, Group], names: Names, report: Report) -> None:
    """
    Report everything that does not fit together in one webhook.
    """
    webhook = entry.item
    if webhook.group is not None and (message := names.missing(webhook.group)):
        entry.problem(report, "group", message=message)
    # Names of headers are wrong by themselves; all else could follow from what is no good elsewhere.
    for path, message in _header_names(webhook):
        entry.problem(report, *path, message=message)
    if not entry.sound:
        return
    for check in (_url, _browser, _durable, _body, _parameters, _content_type):
        for path, message in check(webhook):
            entry.problem(report, *path, message=message)
    group = groups.get(webhook.group or "")
    if group is not None:
        for path, message in (*_travels(webhook, group), *_taken(webhook, group)):
            entry.problem(report, *path, message=message)


def _url(webhook: Webhook) -> Found:
    if problem := url_problem(webhook.url, hosts=webhook.hosts):
        yield ("url",), problem


def _browser(webhook: Webhook) -> Found:
    if webhook.type is WebhookType.BROWSER_WINDOW:
        for field, why in _IN_A_BROWSER.items():
            if getattr(webhook, field) != getattr(_PLAIN, field):
                yield (key_of("Webhook", field),), f'means nothing with type = "browser-window": {why}'
        return
    if webhook.max_redirects and webhook.type is not WebhookType.AJAX_GET:
        yield ("max_redirects",), f'only type = "ajax-get" may follow redirects, not "{webhook.type}"'
    if webhook.stale_s and webhook.type is not WebhookType.AJAX_GET:
        yield (
            ("stale_s",),
            f'only the answer to an "ajax-get" may be an older one, not to an "{webhook.type}"',
        )
    elif webhook.stale_s and webhook.delivery is DeliveryClass.DURABLE:
        yield ("stale_s",), 'means nothing with delivery = "durable": no agent waits for the answer'
    if webhook.safe and webhook.type is WebhookType.AJAX_GET:
        yield ("safe",), 'means nothing with type = "ajax-get": a GET is safe to repeat'
    elif webhook.safe and webhook.delivery is DeliveryClass.DURABLE:
        yield ("safe",), 'means nothing with delivery = "durable": what is durable is repeated anyway'


def _durable(webhook: Webhook) -> Found:
    if not webhook.type.is_sent:
        return
    if webhook.delivery is DeliveryClass.LIVE:
        for field in _OF_DURABLE:
            if getattr(webhook, field) != getattr(_PLAIN, field):
                yield (field,), 'means nothing with delivery = "live": an agent waits for the answer'
        return
    if webhook.order is DeliveryOrder.NONE and webhook.hold_s != _PLAIN.hold_s:
        yield ("hold_s",), 'means nothing with order = "none": it waits for no other'
    for index, status in enumerate(webhook.retry_on):
        if status not in SHORT_RETRIES:
            known = ", ".join(map(str, sorted(SHORT_RETRIES)))
            yield ("retry_on", index), f"is {status}, which is none of {known}; all else is decided already"
        elif status in webhook.retry_on[:index]:
            yield ("retry_on", index), f"{status} stands here twice"


def _body(webhook: Webhook) -> Found:
    if not webhook.type.has_body:
        if webhook.content_type is not ContentType.URL:
            yield (
                ("content_type",),
                (
                    f'is "{webhook.content_type}", but type = "{webhook.type}" sends no body: its parameters '
                    'travel in the query, so leave it out or say "url"'
                ),
            )
        if webhook.type.is_sent:
            for key in ("body", "body_root"):
                if getattr(webhook, key) is not None:
                    yield (key,), f'type = "{webhook.type}" sends no body; use "ajax-post" or "ajax-put"'
        return
    if webhook.content_type is ContentType.TEXT and webhook.body is None:
        yield ("body",), 'is missing: content_type = "text" sends what the body template says'
    if webhook.body_root is not None:
        yield from _body_root(webhook, webhook.body_root)


def _body_root(webhook: Webhook, root: str) -> Found:
    if webhook.content_type is not ContentType.XML or webhook.body is not None:
        yield (
            ("body_root",),
            'names the root of an XML body built from parameters: content_type = "xml", no body',
        )
    elif not _XML_NAME.match(root):
        yield ("body_root",), f"{root!r} is no name for an XML element"


def _parameters(webhook: Webhook) -> Found:
    for index, parameter in enumerate(webhook.parameters):
        where: Path = ("parameter", index)
        if not parameter.name:
            yield (*where, "name"), "must not be empty"
        if parameter.place is ParameterIn.BODY and not webhook.type.has_body:
            yield (*where, "in"), f'type = "{webhook.type}" sends no body; leave it out'
        elif parameter.place is not ParameterIn.QUERY and webhook.body is not None and webhook.type.has_body:
            yield (
                (*where, "in"),
                (
                    "the webhook has a body template, which is the whole body: "
                    'say in = "query", or move the parameter into the template'
                ),
            )
        if (parameter.when_empty is WhenEmpty.DEFAULT) and parameter.default is None:
            yield (*where, "default"), 'is missing: when_empty = "default" sends it'
        elif parameter.default is not None and parameter.when_empty is not WhenEmpty.DEFAULT:
            yield (*where, "default"), 'is never sent: say when_empty = "default"'


def _header_names(webhook: Webhook) -> Found:
    seen: set[str] = set()
    for index, header in enumerate(webhook.headers):
        name = header.name.lower()
        where: Path = ("header", index)
        if problem := header_problem(header.name):
            yield (*where, "name"), problem
        elif name in seen:
            yield (*where, "name"), f"{header.name} is set twice; names of headers know no case"
        seen.add(name)


def _content_type(webhook: Webhook) -> Found:
    for index, header in enumerate(webhook.headers):
        where: Path = ("header", index)
        if header.name.lower() != "content-type":
            continue
        if not webhook.type.has_body:
            yield (*where, "name"), f'type = "{webhook.type}" sends no body whose form it could name'
        elif problem := content_type_problem(header.value):
            yield (*where, "value"), problem


def _travels(webhook: Webhook, group: Group) -> Found:
    """
    The group's secret can travel with a webhook of this type.
    """
    carrier = _carrier(group)
    in_body = ParameterIn.BODY in _parameters_taken(group).values()
    sends = f"the group {group.name!r} sends its secret {carrier}, but"
    if webhook.type is WebhookType.BROWSER_WINDOW and not _fits_a_browser(group):
        message = (
            f"{sends} a browser window is opened by the agent's browser: "
            'only an API key in the query can travel with it (key_in = "query")'
        )
        yield ("group",), message
    elif in_body and not webhook.type.has_body:
        yield ("group",), f'{sends} type = "{webhook.type}" has none'
    elif in_body and webhook.body is not None:
        message = (
            f"is a template, so the secret that the group {group.name!r} sends in the body has no place "
            "in it; build the body from parameters, or send the secret elsewhere"
        )
        yield ("body",), message


def _taken(webhook: Webhook, group: Group) -> Found:
    """
    No header or parameter of the webhook's own takes the place of the group's secret.
    """
    taken = _header_taken(group)
    for index, header in enumerate(webhook.headers):
        if taken is not None and header.name.lower() == taken.lower():
            message = f"is the header in which the group {group.name!r} sends its secret"
            yield ("header", index, "name"), message
    names = _parameters_taken(group)
    for index, parameter in enumerate(webhook.parameters):
        if parameter.name in names and webhook.travels_in(parameter) is names[parameter.name]:
            message = f"is the parameter in which the group {group.name!r} sends its secret"
            yield ("parameter", index, "name"), message


def _fits_a_browser(group: Group) -> bool:
    if group.authentication is Authentication.API_KEY:
        return group.key_in is KeyIn.QUERY
    return group.authentication is Authentication.NONE


def _carrier(group: Group) -> str | None:
    match group.authentication:
        case Authentication.NONE:
            return None
        case Authentication.API_KEY:
            return f"in the {group.key_in}"
        case Authentication.CREDENTIALS:
            where = group.credentials_in
            return "as Basic authentication" if where is CredentialsIn.BASIC else f"in the {where}"
        case Authentication.OAUTH2:
            return "as a Bearer token"


def _header_taken(group: Group) -> str | None:
    if group.authentication is Authentication.API_KEY:
        return group.key_name if group.key_in is KeyIn.HEADER else None
    if group.authentication is Authentication.CREDENTIALS:
        return "Authorization" if group.credentials_in is CredentialsIn.BASIC else None
    return "Authorization" if group.authentication is Authentication.OAUTH2 else None


def _parameters_taken(group: Group) -> Mapping[str, ParameterIn]:
    if group.authentication is Authentication.API_KEY and group.key_in is not KeyIn.HEADER:
        return {group.key_name or "": ParameterIn(group.key_in.value)}
    if group.authentication is Authentication.CREDENTIALS and group.credentials_in is not CredentialsIn.BASIC:
        place = ParameterIn(group.credentials_in.value)
        return {group.username_name: place, group.password_name: place}
    return {}
