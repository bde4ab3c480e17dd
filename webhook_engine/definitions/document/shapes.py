"""
The shape of a definitions file: every key, its kind and its default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Annotated, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

from webhook_engine.definitions.cases import Canned, Expectation, Happening, TestCase
from webhook_engine.definitions.document.values import (
    Authority,
    Country,
    Extension,
    Fact,
    Host,
    Many,
    Name,
    Network,
    OneOf,
    Secret,
    Text,
    TimeZone,
    Tree,
    VariableName,
    Wanted,
)
from webhook_engine.definitions.groups import Agent, Group, Member, OAuth2
from webhook_engine.definitions.keys import key_of
from webhook_engine.definitions.rules import CustomVariable, Rule, Then
from webhook_engine.definitions.webhooks import Header, OutcomeDefinition, Parameter, Webhook
from webhook_engine.definitions.words import (
    Authentication,
    CannedFault,
    ClientIn,
    ContentType,
    CredentialsIn,
    DeliveryClass,
    DeliveryOrder,
    Grant,
    KeyIn,
    Level,
    ParameterIn,
    PopState,
    SettledAs,
    WebhookType,
    WhenEmpty,
    Withdrawal,
)
from webhook_engine.responses import Column, Outcome, ResponseType, View
from webhook_engine.variables import DatetimeTokens, Direction, Disposition, Moment, Tenant

Seconds = Annotated[float, Field(gt=0, le=300)]


class Shape(BaseModel):
    """
    One table of the file; unknown keys and wrong kinds are refused, nothing is converted.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    makes: ClassVar[type]
    """The definition that a table of this shape becomes."""

    def made(self) -> object:
        """
        The definition.
        """
        return self.makes(**{name: _made(name, getattr(self, name)) for name in type(self).model_fields})


def _made(name: str, value: object) -> object:
    if isinstance(value, Shape):
        return value.made()
    if name == "body":
        return value
    if isinstance(value, list):
        made = [_made(name, each) for each in value]
        return frozenset(made) if name == "silence" else tuple(made)
    return MappingProxyType(value) if isinstance(value, dict) else value


def _keys(kind: type) -> Callable[[str], str]:
    return partial(key_of, kind.__name__)


class TenantShape(Shape):
    makes = Tenant

    name: Name | None = None
    time_zone: TimeZone = Field(default_factory=lambda: Tenant().time_zone)
    country: Country | None = None
    pbx_server: Host = Tenant().pbx_server
    datetime_tokens: OneOf[DatetimeTokens] = DatetimeTokens.DOCUMENTED
    record_events: Annotated[int, Field(ge=0, le=10_000)] = 0
    record_days: Annotated[float, Field(gt=0, le=365)] = 14.0
    allowed_networks: list[Network] = []
    silence: list[str] = []

    def made(self) -> Tenant:
        """
        The tenant; its networks and what it silences belong to the definitions as a whole.
        """
        return Tenant(
            name=self.name or "",
            time_zone=self.time_zone,
            country=self.country,
            pbx_server=self.pbx_server,
            datetime_tokens=self.datetime_tokens,
            record_events=self.record_events,
            record_days=self.record_days,
        )


class AgentShape(Shape):
    makes = Agent

    extension: Extension
    name: Text = ""


class MemberShape(Shape):
    makes = Member

    extension: Extension
    key: Secret | None = None
    username: Secret | None = None
    password: Secret | None = None
    client_id: Secret | None = None
    client_secret: Secret | None = None
    refresh_token: Secret | None = None


class OAuth2Shape(Shape):
    makes = OAuth2

    token_url: Text
    grant: OneOf[Grant] = Grant.CLIENT_CREDENTIALS
    client_id: Secret | None = None
    client_secret: Secret | None = None
    refresh_token: Secret | None = None
    scope: Text = ""
    client_in: OneOf[ClientIn] = ClientIn.BASIC


class GroupShape(Shape, alias_generator=_keys(Group)):
    makes = Group

    name: Name
    authentication: OneOf[Authentication] = Authentication.NONE
    level: OneOf[Level] = Level.GLOBAL
    key_in: OneOf[KeyIn] = KeyIn.HEADER
    key_name: Name | None = None
    key_prefix: Text = ""
    credentials_in: OneOf[CredentialsIn] = CredentialsIn.BASIC
    username_name: Name = "username"
    password_name: Name = "password"  # noqa: S105  # a parameter's name
    oauth2: OAuth2Shape | None = None
    key: Secret | None = None
    username: Secret | None = None
    password: Secret | None = None
    max_in_flight: Annotated[int, Field(ge=1, le=10_000)] = 10
    max_per_second: Annotated[float, Field(gt=0, le=1_000_000)] | None = None
    ca_file: Name | None = None
    signing_secrets: list[Secret] = []
    members: list[MemberShape] = []
    silence: list[str] = []


class ParameterShape(Shape, alias_generator=_keys(Parameter)):
    makes = Parameter

    name: Text
    value: Text
    when_empty: OneOf[WhenEmpty] | None = None
    default: Text | None = None
    test_value: Text | None = None
    place: OneOf[ParameterIn] | None = None


class HeaderShape(Shape):
    makes = Header

    name: Text
    value: Text


class OutcomeShape(Shape, alias_generator=_keys(OutcomeDefinition)):
    makes = OutcomeDefinition

    when: Text
    outcome: OneOf[Outcome]
    say: Text | None = None


class ColumnShape(Shape):
    makes = Column

    path: Text
    label: Text | None = None
    link: Name | None = None


class ViewShape(Shape, alias_generator=_keys(View)):
    makes = View

    records: Text | None = None
    columns: list[ColumnShape] = []


class WebhookShape(Shape, alias_generator=_keys(Webhook)):
    makes = Webhook

    name: Name
    type: OneOf[WebhookType]
    url: Text
    group: Name | None = None
    content_type: OneOf[ContentType] = ContentType.URL
    response_type: OneOf[ResponseType] = ResponseType.AUTO
    delivery: OneOf[DeliveryClass] = DeliveryClass.LIVE
    deadline_s: Seconds | None = None
    stale_s: Annotated[float, Field(ge=0, le=86_400)] = 0.0
    safe: bool = False
    enabled: bool = True
    order: OneOf[DeliveryOrder] = DeliveryOrder.STRICT
    hold_s: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    expires_s: Annotated[float, Field(gt=0, le=2_592_000)] = 259_200.0
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 20
    longest_wait_s: Annotated[float, Field(gt=0, le=86_400)] = 3600.0
    retry_on: Many[int] = []
    hosts: list[Authority] = []
    max_redirects: Annotated[int, Field(ge=0, le=10)] = 0
    body: Text | None = None
    body_root: Name | None = None
    parameters: list[ParameterShape] = []
    headers: list[HeaderShape] = []
    outcomes: list[OutcomeShape] = []
    view: ViewShape = ViewShape()
    silence: list[str] = []


class ThenShape(Shape):
    makes = Then

    webhook: Name
    after: Name | None = None
    on: Many[OneOf[Outcome]] = [Outcome.OK]
    when: Text | None = None
    value: Text | None = None
    at_most: Annotated[int, Field(ge=1, le=100)] = 10


class RuleShape(Shape, alias_generator=_keys(Rule)):
    makes = Rule

    name: Name
    on: Annotated[Many[OneOf[Moment]], Field(min_length=1)]
    webhooks: Many[Name] = []
    when: Text | None = None
    priority: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] = 0
    stop: bool = False
    call_queues: Many[Name] = []
    directions: Many[OneOf[Direction]] = []
    dispositions: Many[OneOf[Disposition]] = []
    then: list[ThenShape] = []
    silence: list[str] = []


class ExpectationShape(Shape):
    makes = Expectation

    webhook: Name
    moment: Annotated[int, Field(ge=1, le=100)] | None = None
    after: Name | None = None
    absent: bool = False
    method: Text | None = None
    url: Wanted | None = None
    headers: dict[str, Wanted] = {}
    body: Tree | None = None
    outcome: OneOf[Outcome] | None = None
    sentence: Wanted | None = None
    columns: list[Text] | None = None
    rows: list[list[Wanted]] | None = None
    attempts: Annotated[int, Field(ge=0, le=100)] | None = None
    ends: OneOf[SettledAs] | None = None
    pop: OneOf[PopState] | None = None
    because: OneOf[Withdrawal] | None = None
    seen_by: Extension | None = None


class HappeningShape(Shape):
    makes = Happening

    event: OneOf[Moment]
    given: dict[str, Fact] = {}
    after_s: Annotated[float, Field(ge=0, le=86_400)] = 1.0


class CannedShape(Shape):
    makes = Canned

    webhook: Name
    status: Annotated[int, Field(ge=200, le=599)] = 200  # RFC 9110, 15.2: 1xx is no final response
    headers: dict[str, str] = {}
    body: Tree | None = None
    file: Text | None = None
    fault: OneOf[CannedFault] | None = None


class CaseShape(Shape, alias_generator=_keys(TestCase)):
    makes = TestCase

    name: Name
    event: OneOf[Moment] | None = None
    given: dict[str, Fact] = {}
    moments: Annotated[list[HappeningShape], Field(min_length=1)] = []
    responses: list[CannedShape] = []
    expect: list[ExpectationShape] = []
    nothing: bool = False
    in_order: bool = False
    others: bool = False
    silence: list[str] = []


class VariableShape(Shape):
    makes = CustomVariable

    name: VariableName
    meaning: Text = ""
    example: Text = ""
    known_from: OneOf[Moment] = Moment.RINGING


KINDS: Final[Mapping[str, type[Shape]]] = MappingProxyType(
    {
        "agent": AgentShape,
        "group": GroupShape,
        "webhook": WebhookShape,
        "rule": RuleShape,
        "test": CaseShape,
        "variable": VariableShape,
    }
)
"""The tables of which a file holds many, by their key; beside them stands `[tenant]`, once."""
