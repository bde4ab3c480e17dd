"""
From a compiled webhook, a call's values and credentials to a request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol, cast

from multidict import istr

from webhook_engine.definitions.checks.http import header_problem
from webhook_engine.definitions.groups import Group
from webhook_engine.dispatch.auth import basic_header, sends_basic, with_secrets
from webhook_engine.dispatch.credentials import NO_CREDENTIALS, Credentials
from webhook_engine.dispatch.egress import PUBLIC, EgressPolicy
from webhook_engine.dispatch.headers import checked
from webhook_engine.dispatch.mask import NOTHING
from webhook_engine.dispatch.request import OWN_HEADERS, PreparedRequest, Route, make_request, origin_of
from webhook_engine.errors import UnsafeValue
from webhook_engine.responses import ResponseType
from webhook_engine.templating import OneRequest
from webhook_engine.templating.url import gaps_of

if TYPE_CHECKING:
    from webhook_engine.definitions.webhooks import Webhook
    from webhook_engine.variables import Value


class Renders(Protocol):
    """
    A compiled template.
    """

    @property
    def variables(self) -> frozenset[str]: ...

    @property
    def gaps(self) -> int: ...

    @property
    def is_generated(self) -> bool: ...

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
    def method(self) -> str: ...
    @property
    def url(self) -> Renders: ...
    @property
    def headers(self) -> tuple[tuple[str, Renders], ...]: ...
    @property
    def body(self) -> Renders | None: ...
    @property
    def credentials(self) -> frozenset[str]: ...
    @property
    def deadline_s(self) -> float: ...
    @property
    def ca_file(self) -> str | None: ...


# RFC 3986: what a URL may hold; everything else is percent-encoded before it comes here.
_URL = re.compile(r"https?://[!#-;=?-\[\]_a-z~]+", re.IGNORECASE)

# What follows the origin where no segment of the path is empty, and there is no fragment.
_EVERYDAY = re.compile(r"[!$-.0-;=@A-Z\[\]_a-z~]+(?:/[!$-.0-;=@A-Z\[\]_a-z~]+)*(?:\?[!$-;=?-\[\]_a-z~]*)?\Z")

_ACCEPT: Mapping[ResponseType, str] = {
    ResponseType.AUTO: "application/json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.8",
    ResponseType.JSON: "application/json, */*;q=0.1",
    ResponseType.XML: "application/xml, text/xml;q=0.9, */*;q=0.1",
    ResponseType.FORM: "application/x-www-form-urlencoded, */*;q=0.1",
    ResponseType.TEXT: "text/plain, */*;q=0.1",
}


# Whose limits hold where a webhook has no group.
NO_GROUP: Final = Group(name="")


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
        self._secrets = compiled.credentials
        self._basic = compiled.group if compiled.group and sends_basic(compiled.group) else None
        self._constant, self._rendered = _headers(compiled)
        templates = [compiled.url, *(template for _, template in compiled.headers)]
        templates += [] if compiled.body is None else [compiled.body]
        self._shares_effort = not all(each.is_generated for each in templates)
        self._origin = ""
        self._gaps = compiled.url.gaps

    def prepare(
        self, values: Mapping[str, Value], credentials: Credentials = NO_CREDENTIALS
    ) -> PreparedRequest:
        """
        The request for one call; nothing is sent.

        Raises:
            TemplateError: A value cannot be carried where it would stand, or is missing.

            SecretMissing: The group's authentication needs more than the credentials hold.
        """
        compiled = self._compiled
        if self._secrets:
            values = with_secrets(values, self._secrets, credentials)
        if self._shares_effort:
            values = cast("Mapping[str, Value]", OneRequest(values))
        url = compiled.url.render(values)
        self._check(url)
        headers = self._constant
        if self._rendered:
            headers += tuple(checked(name, template.render(values)) for name, template in self._rendered)
        if self._basic is not None:
            headers += (basic_header(self._basic, credentials),)
        body = compiled.body
        return make_request(
            route=self.route,
            url=url,
            headers=headers,
            body=None if body is None else body.render_bytes(values),
            mask=NOTHING if credentials is NO_CREDENTIALS else credentials.mask,
            grant=credentials.grant,
        )

    def _check(self, url: str) -> None:
        """
        A last look at the whole URL, whatever the template's slots have seen to.
        """
        if self._origin and url.startswith(self._origin) and _EVERYDAY.match(url, len(self._origin)):
            return
        check_spelling(url)
        if gaps_of(url) > self._gaps:
            raise UnsafeValue(
                "a part of the URL's path is empty, so it would name something else; nothing was sent",
                slot="url path",
            )
        origin = check_origin(url)
        if url.startswith(f"{origin}/"):
            self._origin = f"{origin}/"


def check_spelling(url: str) -> None:
    """
    Refuses what is no absolute URL of HTTP, or is not encoded.

    Raises:
        UnsafeValue: With what is wrong.
    """
    if _URL.fullmatch(url) is None:
        raise UnsafeValue(_what_is_wrong(url), slot="url")


def check_origin(url: str) -> str:
    """
    The origin of an absolute URL, which is a host and nothing before it.

    Raises:
        UnsafeValue: It is not.
    """
    origin = origin_of(url)
    if "@" in origin or not origin.partition("://")[2].partition(":")[0]:
        raise UnsafeValue("the URL names no host, or a user name before it", slot="url")
    return origin


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

        SecretMissing: The group's authentication needs more than the credentials hold.
    """
    return Preparation(compiled, policy=policy).prepare(values, credentials)


def _route(compiled: Compiled, policy: EgressPolicy) -> Route:
    webhook, group = compiled.definition, compiled.group or NO_GROUP
    return Route(
        webhook=webhook.name,
        method=compiled.method,
        safe=webhook.safe,
        opens_in_browser=not webhook.type.is_sent,
        group=group.name,
        max_in_flight=group.max_in_flight,
        max_per_second=group.max_per_second,
        deadline_s=compiled.deadline_s,
        max_redirects=webhook.max_redirects,
        policy=policy,
        ca_file=compiled.ca_file,
        added=tuple(header for header in OWN_HEADERS if header[0].lower() not in _names(compiled)),
    )


_Header = tuple[str, str]


def _headers(compiled: Compiled) -> tuple[tuple[_Header, ...], tuple[tuple[str, Renders], ...]]:
    """
    The headers that are the same for every call, and those that are not.
    """
    webhook = compiled.definition
    if not webhook.type.is_sent:
        return (), ()
    constant: list[_Header] = []
    rendered: list[tuple[str, Renders]] = []
    for name, template in compiled.headers:
        if problem := header_problem(name):
            raise UnsafeValue(problem, slot="header")
        if template.variables:
            rendered.append((istr(name), template))
        else:
            constant.append(checked(istr(name), template.render({})))
    if "accept" not in _names(compiled):
        constant.insert(0, (istr("Accept"), _ACCEPT[webhook.response_type]))
    return tuple(constant), tuple(rendered)


def _names(compiled: Compiled) -> set[str]:
    """
    The headers which the webhook has of its own, in small letters.
    """
    return {name.lower() for name, _ in compiled.headers}


def _what_is_wrong(url: str) -> str:
    if not url.lower().startswith(("http://", "https://")):
        return "the URL does not begin with http:// or https:// and a host"
    for character in url:
        if _URL.fullmatch(f"http://{character}") is None:
            return f"the URL holds {character!r}, which must be percent-encoded"
    return "the URL has no host"
