"""
The parts of a webhook's request: URL, headers, body, with the places of the group's secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal

from webhook_engine.definitions.compiled import (
    CREDENTIAL_KEY,
    CREDENTIAL_PASSWORD,
    CREDENTIAL_USERNAME,
    CREDENTIALS,
)
from webhook_engine.definitions.compiling.tools import BODY_KINDS, Sent, Tools
from webhook_engine.definitions.groups import Group
from webhook_engine.definitions.places import Path
from webhook_engine.definitions.webhooks import Parameter, Webhook
from webhook_engine.definitions.words import Authentication, ContentType, KeyIn, ParameterIn, WhenEmpty
from webhook_engine.errors import DefinitionError, TemplateSyntaxError
from webhook_engine.templating import Kind, Template

_ENCODINGS: Mapping[ContentType, Literal["url", "json", "xml"]] = MappingProxyType(
    {ContentType.URL: "url", ContentType.JSON: "json", ContentType.XML: "xml"}
)
"""How parameters make a body; of `text` they make none."""


def url_of(webhook: Webhook, group: Group | None, tools: Tools) -> Template:
    """
    The URL with everything that travels in the query.
    """
    sent, secrets = _sent(webhook, ParameterIn.QUERY), _secrets(group, ParameterIn.QUERY)
    more = CREDENTIALS if secrets else ()
    return tools.url(webhook.url, [*sent, *secrets], more=more, hosts=webhook.hosts)


def body_of(webhook: Webhook, group: Group | None, tools: Tools) -> Template | None:
    """
    The body; None where the webhook's type has none.
    """
    if not webhook.type.has_body:
        return None
    if webhook.body is not None:
        return tools.template(webhook.body, BODY_KINDS[webhook.content_type])
    sent, secrets = _sent(webhook, ParameterIn.BODY), _secrets(group, ParameterIn.BODY)
    more = CREDENTIALS if secrets else ()
    return tools.body([*sent, *secrets], _ENCODINGS[webhook.content_type], more=more, root=webhook.body_root)


def headers_of(webhook: Webhook, group: Group | None, tools: Tools) -> Iterator[tuple[str, Template]]:
    """
    The headers by name: the form of the body, the API key, and the webhook's own.
    """
    names = {header.name.lower() for header in webhook.headers}
    if webhook.type.has_body and "content-type" not in names:
        yield "Content-Type", tools.template(webhook.content_type.media_type, Kind.HEADER)
    if group is not None and group.authentication is Authentication.API_KEY and group.key_in is KeyIn.HEADER:
        key = tools.template(f"{group.header_prefix}{{{CREDENTIAL_KEY}}}", Kind.HEADER, more=CREDENTIALS)
        yield group.key_name or "", key
    for header in webhook.headers:
        yield header.name, tools.template(header.value, Kind.HEADER)


def misfit(webhook: Webhook, error: TemplateSyntaxError | DefinitionError) -> tuple[Path, str]:
    """
    Where pieces that read each by itself do not fit together, and why.
    """
    if isinstance(error, DefinitionError):
        return (), str(error)
    place = ParameterIn.BODY if webhook.type.has_body else ParameterIn.QUERY
    mine = [index for index, each in enumerate(webhook.parameters) if webhook.travels_in(each) is place]
    if error.parameter is not None and error.parameter < len(mine):
        return ("parameter", mine[error.parameter], "name"), error.problem
    return ("parameter",) if webhook.body is None and webhook.type.has_body else ("url",), error.problem


def _sent(webhook: Webhook, place: ParameterIn) -> list[Sent]:
    return [_as_sent(each) for each in webhook.parameters if webhook.travels_in(each) is place]


def _as_sent(parameter: Parameter) -> Sent:
    when_empty = parameter.when_empty or WhenEmpty.SEND
    return Sent(parameter.name, parameter.value, when_empty.value, parameter.default)


def _secrets(group: Group | None, place: ParameterIn) -> list[Sent]:
    """
    What of the group's secret travels in this part of the request.
    """
    if group is None:
        return []
    if group.authentication is Authentication.API_KEY and group.key_in.value == place.value:
        return [Sent(group.key_name or "", f"{{{CREDENTIAL_KEY}}}")]
    if group.authentication is Authentication.CREDENTIALS and group.credentials_in.value == place.value:
        return [
            Sent(group.username_name, f"{{{CREDENTIAL_USERNAME}}}"),
            Sent(group.password_name, f"{{{CREDENTIAL_PASSWORD}}}"),
        ]
    return []
