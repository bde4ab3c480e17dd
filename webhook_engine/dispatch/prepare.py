"""
From a compiled webhook, a call's values and credentials to a request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from webhook_engine.definitions.words import ContentType
from webhook_engine.dispatch.auth import Parts, authenticated
from webhook_engine.dispatch.credentials import NO_CREDENTIALS, Credentials
from webhook_engine.dispatch.egress import PUBLIC, EgressPolicy
from webhook_engine.dispatch.headers import checked, problem_with_name
from webhook_engine.dispatch.request import PreparedRequest, Route, origin_of
from webhook_engine.errors import UnsafeValue
from webhook_engine.responses import ResponseType

if TYPE_CHECKING:
    from webhook_engine.definitions.groups import Group
    from webhook_engine.definitions.webhooks import Webhook
    from webhook_engine.variables import Value


class Renders(Protocol):
    """
    A compiled template.
    """

    def render(self, values: Mapping[str, Value]) -> str: ...

    def render_bytes(self, values: Mapping[str, Value]) -> bytes: ...


class Compiled(Protocol):
    """
    What is needed of a compiled webhook.
    """

    @property
    def definition(self) -> Webhook: ...
    @property
    def group(self) -> Group | None: ...
    @property
    def url(self) -> Renders: ...
    @property
    def body(self) -> Renders | None: ...
    @property
    def headers(self) -> tuple[tuple[str, Renders], ...]: ...


# RFC 3986: what a URL may hold; everything else is percent-encoded before it comes here.
_URL = re.compile(r"https?://[!#-;=?-\[\]_a-z~]+", re.IGNORECASE)

_ACCEPT: Mapping[ResponseType, str] = {
    ResponseType.AUTO: "application/json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.8",
    ResponseType.JSON: "application/json, */*;q=0.1",
    ResponseType.XML: "application/xml, text/xml;q=0.9, */*;q=0.1",
    ResponseType.FORM: "application/x-www-form-urlencoded, */*;q=0.1",
    ResponseType.TEXT: "text/plain, */*;q=0.1",
}


class Preparation:
    """
    One compiled webhook, with everything about its requests that no call changes worked out.
    """

    def __init__(self, compiled: Compiled, *, policy: EgressPolicy = PUBLIC) -> None:
        """
        Raises:
            UnsafeValue: It names a header that no request may carry.
        """
        self.route = _route(compiled, policy)
        self._compiled = compiled
        self._group = compiled.group
        self._content_type = compiled.definition.content_type
        self._headers = compiled.headers
        for name, _ in compiled.headers:
            if problem := problem_with_name(name):
                raise UnsafeValue(problem, slot="header")
        own = {name.lower() for name, _ in compiled.headers}
        self._constant = tuple(header for header in _negotiation(compiled) if header[0].lower() not in own)
        self._origin = ""

    def prepare(
        self, values: Mapping[str, Value], credentials: Credentials = NO_CREDENTIALS
    ) -> PreparedRequest:
        """
        The request for one call; nothing is sent.

        Raises:
            TemplateError: A value cannot be carried where it would stand, or is missing.
        """
        compiled = self._compiled
        headers = self._constant
        if self._headers:
            headers += tuple(checked(name, template.render(values)) for name, template in self._headers)
        parts = Parts(
            compiled.url.render(values),
            headers,
            None if compiled.body is None else compiled.body.render_bytes(values),
            self._content_type,
        )
        if self._group is not None:
            parts = authenticated(parts, self._group, credentials)
        self._check(parts.url)
        return PreparedRequest(
            route=self.route,
            url=parts.url,
            headers=parts.headers,
            body=parts.body,
            mask=credentials.mask,
            grant=credentials.grant,
        )

    def _check(self, url: str) -> None:
        """
        A last look at the whole URL, whatever the template's slots have seen to.
        """
        if _URL.fullmatch(url) is None:
            raise UnsafeValue(_what_is_wrong(url), slot="url")
        origin = origin_of(url)
        if origin == self._origin:
            return
        if "@" in origin:
            raise UnsafeValue(
                "the URL holds a user name; make it the group's credentials, where it is kept secret",
                slot="url",
            )
        self._origin = origin


def prepare(
    compiled: Compiled,
    values: Mapping[str, Value],
    credentials: Credentials = NO_CREDENTIALS,
    *,
    policy: EgressPolicy = PUBLIC,
) -> PreparedRequest:
    """
    The request of *compiled* for one call; nothing is sent.

    For more than one call, keep a `Preparation`.

    Raises:
        TemplateError: A value cannot be carried where it would stand, or is missing.
    """
    return Preparation(compiled, policy=policy).prepare(values, credentials)


def _route(compiled: Compiled, policy: EgressPolicy) -> Route:
    webhook, group = compiled.definition, compiled.group
    deadline_s = webhook.delivery.deadline_s if webhook.deadline_s is None else webhook.deadline_s
    return Route(
        webhook=webhook.name,
        method=webhook.type.method,
        opens_in_browser=not webhook.type.is_sent,
        group=group.name if group else "",
        max_in_flight=group.max_in_flight if group else None,
        max_per_second=group.max_per_second if group else None,
        deadline_s=deadline_s,
        max_redirects=webhook.max_redirects,
        policy=policy,
        ca_file=group.ca_file if group else None,
    )


def _negotiation(compiled: Compiled) -> tuple[tuple[str, str], ...]:
    """
    The headers that say what is sent and what is understood.
    """
    webhook = compiled.definition
    if not webhook.type.is_sent:
        return ()
    headers = [("Accept", _ACCEPT[webhook.response_type])]
    sends_body = compiled.body is not None or _puts_credentials_in_body(compiled)
    if sends_body:
        headers.append(("Content-Type", webhook.content_type.media_type))
    return tuple(headers)


def _puts_credentials_in_body(compiled: Compiled) -> bool:
    group, webhook = compiled.group, compiled.definition
    if group is None or not webhook.type.has_body or webhook.content_type is ContentType.TEXT:
        return False
    return "body" in (group.key_in, group.credentials_in)


def _what_is_wrong(url: str) -> str:
    if not url.lower().startswith(("http://", "https://")):
        return "the URL does not begin with http:// or https:// and a host"
    for character in url:
        if _URL.fullmatch(f"http://{character}") is None:
            return f"the URL holds {character!r}, which must be percent-encoded"
    return "the URL has no host"
