"""
A request as it was at its first attempt, kept without its secrets, and sent again with those of today.

What is kept is JSON. Where a secret stands in the request, the text is cut, and the gap says which secret
belongs there and how it is written in that place:

    {"format": 1, "webhook": "Log a call", "group": "CRM", "authentication": "api-key", "basic": false,
     "method": "GET", "headers": [["Accept", "*/*"]], "body": null,
     "url": ["https://crm.example.com/calls?key=", {"secret": "key", "slot": "url query"}, ""]}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from secrets import token_hex
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from multidict import istr

from webhook_engine.definitions.checks.http import authority_of, has_variable, header_problem
from webhook_engine.definitions.groups import Group
from webhook_engine.definitions.words import WebhookType
from webhook_engine.dispatch.auth import basic, sends_basic
from webhook_engine.dispatch.credentials import NO_CREDENTIALS, Credentials
from webhook_engine.dispatch.gaps import Filling, cut, gaps_of, marks
from webhook_engine.dispatch.headers import checked
from webhook_engine.dispatch.mask import NOTHING
from webhook_engine.dispatch.prepare import Preparation, check_origin, check_spelling
from webhook_engine.dispatch.request import OWN_HEADERS, PreparedRequest, Route, target_of
from webhook_engine.errors import FrozenUnusable, TemplateTooLarge, WrongType
from webhook_engine.templating import Slot

if TYPE_CHECKING:
    from webhook_engine.definitions.compiled import CompiledWebhook
    from webhook_engine.variables import Value

FORMAT: Final = 1
MOST_CHARS: Final = 1024 * 1024
"""Length of all that is kept of a request."""

_METHODS = frozenset(each.method for each in WebhookType if each.is_sent)

_IN_URL = frozenset({Slot.URL_QUERY})
_IN_HEADER = frozenset({Slot.HEADER})
_IN_BODY = frozenset({Slot.FORM, Slot.JSON_STRING, Slot.XML_TEXT, Slot.XML_ATTRIBUTE})


class Freezer:
    """
    Keeps the requests of one webhook, and brings them back.
    """

    def __init__(self, compiled: CompiledWebhook, route: Route) -> None:
        """
        Args:
            route: The webhook's own, as its `Preparation` has it: deadline, limits and networks that
                hold for a request are those of today, however long it was kept.

        Raises:
            WrongType: The webhook opens a page, so nothing is sent.
        """
        if route.opens_in_browser:
            raise WrongType(route.webhook, is_sent=False)
        group = compiled.group or Group(name="")
        self._route = route
        self._definition = compiled.definition
        self._origin = _Origin(compiled.definition.url, compiled.definition.hosts)
        # Without its group it adds no Authorization, which belongs to the day of sending.
        self._preparation = Preparation(replace(compiled, group=None))
        self._reads_secrets = bool(compiled.credentials)
        self._in_url = gaps_of(compiled.url)
        self._in_headers = {
            name: gaps_of(template) for name, template in compiled.headers if gaps_of(template)
        }
        self._in_body = gaps_of(compiled.body) if compiled.body is not None else {}
        self._facts: Mapping[str, object] = MappingProxyType(
            {
                "webhook": route.webhook,
                "group": group.name,
                "authentication": str(group.authentication),
            }
        )
        self._basic = sends_basic(group)

    def freeze(self, values: Mapping[str, Value]) -> dict[str, object]:
        """
        The request for one call as JSON; no secret is in it, and none is needed.

        Raises:
            TemplateError: A value cannot be carried where it would stand, is missing, or is too long.
        """
        nonce = token_hex(16)
        standing_in = marks(nonce) if self._reads_secrets else NO_CREDENTIALS
        made = self._preparation.prepare(values, standing_in)
        body = None if made.body is None else made.body.decode()
        size = len(made.url) + len(body or "") + sum([len(name) + len(text) for name, text in made.headers])
        if size > MOST_CHARS:
            raise TemplateTooLarge(what="characters in one request", limit=MOST_CHARS)
        return {
            "format": FORMAT,
            **self._facts,
            "basic": self._basic,
            "method": made.method,
            "url": cut(made.url, nonce, self._in_url),
            "headers": [
                [str(name), cut(text, nonce, self._in_headers.get(name, {}))] for name, text in made.headers
            ],
            "body": None if body is None else cut(body, nonce, self._in_body),
        }

    def thaw(
        self, frozen: Mapping[str, object], credentials: Credentials = NO_CREDENTIALS
    ) -> PreparedRequest:
        """
        The request that was kept, byte for byte, with the credentials of today.

        Raises:
            FrozenUnusable: It is damaged, or the webhook's group, authentication or target is another now.
            SecretMissing: It needs more than the credentials hold.
            UnsafeValue: A secret cannot be carried where it would stand.
        """
        self._check_facts(frozen)
        filling = Filling(self._route.webhook, credentials)
        url = filling.part(frozen.get("url"), _IN_URL)
        check_spelling(url)
        check_origin(url)
        headers = self._headers(frozen, filling)
        body = frozen.get("body")
        request = PreparedRequest(
            route=self._route_of(frozen, headers),
            url=url,
            headers=headers,
            body=None if body is None else filling.data(body, _IN_BODY),
            mask=NOTHING if credentials is NO_CREDENTIALS else credentials.mask,
            grant=credentials.grant,
        )
        if (filling.used or request.grant) and not self._origin.covers(url):
            raise self._unusable(
                f"goes to {target_of(url)}, where its webhook does not send today's credentials any more"
            )
        return request

    def _check_facts(self, frozen: Mapping[str, object]) -> None:
        if not isinstance(frozen, Mapping):
            raise self._unusable("is damaged: it is no object")
        if frozen.get("format") != FORMAT:
            raise self._unusable(
                f"is in a form that this version cannot read: {_shown(frozen.get('format'))}"
            )
        for fact, now in self._facts.items():
            if frozen.get(fact) != now:
                then = _shown(frozen.get(fact))
                raise self._unusable(f"was made for the {fact} {then}, and the webhook's is {now!r} now")

    def _headers(self, frozen: Mapping[str, object], filling: Filling) -> tuple[tuple[str, str], ...]:
        kept = frozen.get("headers")
        if not isinstance(kept, Sequence) or isinstance(kept, str):
            raise self._unusable("is damaged: it has no headers")
        made = []
        for header in kept:
            match header:
                case [str(name), parts] if header_problem(name) is None:
                    made.append(checked(istr(name), filling.part(parts, _IN_HEADER)))
                case _:
                    raise self._unusable("is damaged: it holds something that is no header")
        if frozen.get("basic") is True:
            username, password = filling.secret("username"), filling.secret("password")
            made.append(("Authorization", basic(username, password)))
        return tuple(made)

    def _route_of(self, frozen: Mapping[str, object], headers: tuple[tuple[str, str], ...]) -> Route:
        """
        Today's route, but for what belongs to the request that was kept.
        """
        method = frozen.get("method")
        if not isinstance(method, str) or method not in _METHODS:
            raise self._unusable(f"is damaged: its method is {_shown(method)}")
        names = {name.lower() for name, _ in headers}
        added = tuple(header for header in OWN_HEADERS if header[0].lower() not in names)
        route = self._route
        if (method, added) == (route.method, route.added):
            return route
        return replace(route, method=method, added=added)

    def _unusable(self, why: str) -> FrozenUnusable:
        return FrozenUnusable(why, target=self._route.webhook)


class _Origin:
    """
    Where a webhook sends its credentials.
    """

    def __init__(self, url: str, hosts: Sequence[str]) -> None:
        self._scheme, authority = authority_of(url) or ("", "")
        self._target = "" if has_variable(authority) else target_of(f"{self._scheme}://{authority}").lower()
        self._hosts = frozenset(host.lower() for host in hosts)

    def covers(self, url: str) -> bool:
        """
        Whether *url* leads there.
        """
        scheme, authority = authority_of(url) or ("", "")
        if scheme != self._scheme:
            return False
        return target_of(url).lower() == self._target if self._target else authority.lower() in self._hosts


def _shown(fact: object) -> str:
    return repr(fact)[:80]
