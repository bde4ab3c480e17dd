"""
Templates and expressions compiled as one tenant's definitions want them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

from webhook_engine.definitions.rules import CustomVariable
from webhook_engine.definitions.words import ContentType
from webhook_engine.templating import (
    Expression,
    Kind,
    Template,
    compile_body,
    compile_expression,
    compile_template,
    compile_url,
)
from webhook_engine.variables import VARIABLES, Tenant

RESPONSE_NAMES = frozenset({"response", "status", "headers", "rows", "text"})
"""What an expression about a response may name beside the call's variables."""

BODY_KINDS = {
    ContentType.URL: Kind.FORM,
    ContentType.JSON: Kind.JSON,
    ContentType.XML: Kind.XML,
    ContentType.TEXT: Kind.TEXT,
}
"""What a body template is."""


class Sent(NamedTuple):
    """
    A parameter as templating takes it.
    """

    name: str
    value: str
    when_empty: str = "send"
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """
    The compilers of templating, set to one tenant.
    """

    names: frozenset[str]
    """Variables a template may ask for."""

    country: str | None
    time_zone: ZoneInfo

    _expressions: dict[tuple[str, frozenset[str]], Expression] = field(default_factory=dict)

    @property
    def made_of(self) -> tuple[object, ...]:
        """
        What two tools have in common that compile the same to the same.
        """
        return (self.names, self.country, str(self.time_zone))

    @classmethod
    def of(cls, tenant: Tenant, variables: Iterable[CustomVariable]) -> Self:
        """
        The tools of a tenant with these custom variables.
        """
        names = frozenset(VARIABLES) | {variable.name for variable in variables}
        return cls(names=names, country=tenant.country, time_zone=tenant.time_zone)

    def template(
        self, source: str, kind: Kind, *, more: Collection[str] = (), hosts: Collection[str] = ()
    ) -> Template:
        """
        One template; *more* names it may ask for beside the variables.
        """
        return compile_template(
            source,
            kind,
            names=self.names.union(more),
            country=self.country,
            time_zone=self.time_zone,
            hosts=hosts,
        )

    def expression(self, source: str, *, more: Collection[str] = ()) -> Expression:
        """
        One expression; *more* names it may ask for beside the variables.
        """
        # The same condition stands in many webhooks and rules, and takes a millisecond to compile.
        key = (source, frozenset(more))
        if (found := self._expressions.get(key)) is None:
            found = self._expressions[key] = compile_expression(
                source, names=self.names.union(more), country=self.country, time_zone=self.time_zone
            )
        return found

    def url(
        self, source: str, parameters: Sequence[Sent], *, more: Collection[str], hosts: Collection[str]
    ) -> Template:
        """
        A URL with its query.
        """
        return compile_url(
            source,
            parameters,
            names=self.names.union(more),
            country=self.country,
            time_zone=self.time_zone,
            hosts=hosts,
        )

    def body(
        self,
        parameters: Sequence[Sent],
        encoding: Literal["url", "json", "xml"],
        *,
        more: Collection[str],
        root: str | None,
    ) -> Template:
        """
        A body built from parameters.
        """
        return compile_body(
            parameters,
            encoding,
            root=root or "request",
            names=self.names.union(more),
            country=self.country,
            time_zone=self.time_zone,
        )
