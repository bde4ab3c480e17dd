"""
Webhooks: one request to a target system, and what becomes of its response.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from webhook_engine.definitions.words import (
    ContentType,
    DeliveryClass,
    DeliveryOrder,
    ParameterIn,
    WebhookType,
    WhenEmpty,
)
from webhook_engine.responses import Outcome, ResponseType, View

SHORT_RETRIES: Final = frozenset({401, 403, 404})
"""Refusals that may pass by themselves: a record that is only just being made, a right that is being given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """
    A piece of data the target system is given.
    """

    name: str
    """As the target system calls it; dots nest in a JSON or XML body."""

    value: str
    """A template."""

    when_empty: WhenEmpty | None = None
    """What to do with an empty value; it is sent where the author did not decide."""

    default: str | None = None
    """What is sent in place of an empty value; for `when_empty = "default"`, as it stands."""

    test_value: str | None = None
    """A template that takes the place of `value` in a test."""

    place: ParameterIn | None = None
    """Query or body; where left out, the body of a webhook that has one, else the query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """
    A header of the request.
    """

    name: str
    value: str
    """A template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeDefinition:
    """
    What a response that looks like this means.
    """

    when: str
    """An expression over `response`, `status`, `headers`, `rows`, `text` and the call's variables."""

    outcome: Outcome
    say: str | None = None
    """A template over the same names: the sentence an agent reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """
    One request that a call can make.
    """

    name: str
    type: WebhookType
    url: str
    """A template."""

    group: str | None = None
    """Whose ground rules hold; none where left out: no authentication, the limits' defaults."""

    content_type: ContentType = ContentType.URL
    response_type: ResponseType = ResponseType.AUTO
    delivery: DeliveryClass = DeliveryClass.LIVE

    deadline_s: float | None = None
    """Seconds for everything; the delivery class's where left out."""

    stale_s: float = 0.0
    """How old an answer may be that an agent is shown where the target fails; 0 for none."""

    safe: bool = False
    """Whether a live request that is no GET only looks something up, so that it may be sent twice and be shared."""

    enabled: bool = True
    """Whether anything is sent; what is durable is kept meanwhile."""

    order: DeliveryOrder = DeliveryOrder.STRICT
    """What a durable request waits for among those of the same call; without a call there is no order."""

    hold_s: float = 60.0
    """Seconds for which it waits for earlier ones at the most; then it goes ahead of them."""

    expires_s: float = 3 * 24 * 3600.0
    """Seconds from the event after which a durable request is given up."""

    max_attempts: int = 20
    """Attempts that count, after which a durable request is given up."""

    longest_wait_s: float = 3600.0
    """Longest wait before a retry, the target's own wishes included."""

    retry_on: tuple[int, ...] = ()
    """Statuses of `SHORT_RETRIES` that are tried three times more all the same."""

    hosts: tuple[str, ...] = ()
    """The hosts this webhook may reach, where its URL's host holds a variable."""

    max_redirects: int = 0
    """How many redirects a GET follows."""

    body: str | None = None
    """A template of the whole body, in place of parameters in it."""

    body_root: str | None = None
    """Root element of an XML body built from parameters; `request` where left out."""

    parameters: tuple[Parameter, ...] = ()
    headers: tuple[Header, ...] = ()
    outcomes: tuple[OutcomeDefinition, ...] = ()
    view: View = field(default_factory=View)

    silence: frozenset[str] = frozenset()
    """Lint codes that are not reported here."""

    @property
    def is_durable(self) -> bool:
        """
        Whether its request is written down before it is sent.
        """
        return self.type.is_sent and self.delivery is DeliveryClass.DURABLE

    def travels_in(self, parameter: Parameter) -> ParameterIn:
        """
        Which part of the request carries *parameter*.
        """
        if parameter.place is not None:
            return parameter.place
        return ParameterIn.BODY if self.type.has_body and self.body is None else ParameterIn.QUERY
