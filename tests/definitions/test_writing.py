"""
What is written is read back as the same, and no secret gets out on the way.
"""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from webhook_engine.definitions import (
    Agent,
    Canned,
    CannedFault,
    Column,
    CustomVariable,
    Definitions,
    Expectation,
    Group,
    Happening,
    Header,
    Member,
    OAuth2,
    OutcomeDefinition,
    Parameter,
    PopState,
    Rule,
    SecretRef,
    SettledAs,
    TestCase,
    Then,
    View,
    Webhook,
    Withdrawal,
    read_text,
    write_toml,
)
from webhook_engine.definitions.linting.codes import CODES
from webhook_engine.definitions.words import (
    Authentication,
    ClientIn,
    ContentType,
    CredentialsIn,
    DeliveryClass,
    DeliveryOrder,
    Grant,
    KeyIn,
    Level,
    ParameterIn,
    SecretKind,
    WebhookType,
    WhenEmpty,
)
from webhook_engine.responses import Outcome, ResponseType
from webhook_engine.variables import DatetimeTokens, Direction, Disposition, Moment, Tenant

AGENTS = ("100-Euphoria", "101-Euphoria", "7-Ünïcode")

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
NAMES = TEXTS.filter(lambda text: text.strip() == text and text.isprintable() and text)
PLAIN = TEXTS.map(lambda text: text.replace("{", "(").replace("<", "("))
TEMPLATES = st.lists(
    PLAIN | st.sampled_from(["{CALLERID}", "<CALL_NOTES>", "{{ CALL_QUEUE | upper }}"]), max_size=3
).map("".join)
HEADER_TEMPLATES = st.sampled_from(["", "x", "{CALLERID}", "{{ CALL_QUEUE | upper }}"])
URLS = st.sampled_from(
    [
        "https://crm.example.com/a",
        "http://10.20.0.1:8080/{CALL_QUEUE}?x=<CALLERID>#f",
        "https://[2001:db8::1]/",
    ]
)
EXPRESSIONS = st.sampled_from(["true", "CALL_DIR == 'incoming'", 'CALL_QUEUE in ["Sales"]\nand CALL_NOTES'])
OF_RESPONSES = st.sampled_from(["status == 200", "response.a is defined", "rows > 1 and CALL_DIR"])
PATHS = st.sampled_from(["id", "properties.name", "phones[label=work].value", 'a["x.y"][0]'])
SILENCE = st.frozensets(st.sampled_from(sorted(CODES)), max_size=2)
SECRETS = st.builds(SecretRef, st.sampled_from(SecretKind), TEXTS.filter(bool))
ENTRIES = st.sampled_from(["env", "literal"]).map(lambda kind: SecretRef(SecretKind(kind), "x"))


def some(elements: st.SearchStrategy, most: int = 2) -> st.SearchStrategy:
    return st.lists(elements, max_size=most).map(tuple)


def maybe(elements: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | elements


def authentications(level: Level) -> st.SearchStrategy:
    """
    The keys of a group that go with each authentication, its own secrets included at level global.
    """
    own = SECRETS if level is Level.GLOBAL else st.none()
    keys = st.fixed_dictionaries(
        {
            "authentication": st.just(Authentication.API_KEY),
            "key_in": st.sampled_from(KeyIn),
            "key_name": st.sampled_from(["X-Key", "k"]),
            "key": own,
        }
    )
    credentials = st.fixed_dictionaries(
        {
            "authentication": st.just(Authentication.CREDENTIALS),
            "credentials_in": st.sampled_from(CredentialsIn),
            "username": own,
            "password": own,
        }
    )
    oauth2 = st.fixed_dictionaries(
        {
            "authentication": st.just(Authentication.OAUTH2),
            "oauth2": st.builds(
                OAuth2,
                token_url=st.just("https://id.example/token"),
                grant=st.just(Grant.REFRESH_TOKEN),
                client_id=SECRETS,
                client_secret=maybe(SECRETS),
                refresh_token=own,
                scope=TEXTS,
                client_in=st.sampled_from(ClientIn),
            ),
        }
    )
    if level is Level.USER:
        return keys | credentials | oauth2
    return st.just({}) | keys | credentials | oauth2


MEMBER_SECRETS = {
    Authentication.API_KEY: ("key",),
    Authentication.CREDENTIALS: ("username", "password"),
    Authentication.OAUTH2: ("refresh_token",),
}


@st.composite
def groups(draw: st.DrawFn, name: str) -> Group:
    level = draw(st.sampled_from(Level))
    keys = draw(authentications(level))
    members = ()
    if level is Level.USER:
        needed = MEMBER_SECRETS[keys["authentication"]]
        members = tuple(
            Member(extension=extension, **{secret: draw(SECRETS) for secret in needed})
            for extension in draw(st.lists(st.sampled_from(AGENTS), unique=True))
        )
    return Group(
        name=name,
        level=level,
        members=members,
        max_in_flight=draw(st.integers(1, 100)),
        max_per_second=draw(maybe(st.floats(0.001, 1000))),
        ca_file=draw(maybe(NAMES)),
        signing_secrets=draw(some(SECRETS)),
        silence=draw(SILENCE),
        **keys,
    )


@st.composite
def parameters(draw: st.DrawFn, place: st.SearchStrategy) -> Parameter:
    when_empty = draw(maybe(st.sampled_from(WhenEmpty)))
    return Parameter(
        name=draw(st.sampled_from(["phone", "a.b", "c", "ключ"])),
        value=draw(TEMPLATES),
        when_empty=when_empty,
        default=draw(TEXTS) if when_empty is WhenEmpty.DEFAULT else None,
        test_value=draw(maybe(TEMPLATES)),
        place=draw(place),
    )


@st.composite
def webhooks(draw: st.DrawFn, name: str, names: list[str]) -> Webhook:
    kind = draw(st.sampled_from(WebhookType))
    place = (
        maybe(st.sampled_from(ParameterIn)) if kind.has_body else st.sampled_from([None, ParameterIn.QUERY])
    )
    keys: dict[str, object] = {}
    if kind.has_body and draw(st.booleans()):
        keys = {"content_type": ContentType.TEXT, "body": draw(TEMPLATES)}
        place = st.just(ParameterIn.QUERY)
    elif kind.has_body:
        keys = {"content_type": draw(st.sampled_from([ContentType.URL, ContentType.JSON]))}
    if kind.is_sent:
        columns = st.builds(Column, path=PATHS, label=maybe(TEXTS), link=maybe(st.sampled_from(names)))
        outcomes = st.builds(
            OutcomeDefinition, when=OF_RESPONSES, outcome=st.sampled_from(Outcome), say=maybe(TEMPLATES)
        )
        keys |= {
            "headers": tuple(
                Header(name=header, value=draw(HEADER_TEMPLATES))
                for header in draw(st.lists(st.sampled_from(["X-A", "X-B", "Accept"]), unique=True))
            ),
            "outcomes": draw(some(outcomes)),
            "view": draw(st.builds(View, records=maybe(PATHS), columns=some(columns))),
            "response_type": draw(st.sampled_from(ResponseType)),
            "delivery": draw(st.sampled_from(DeliveryClass)),
            "deadline_s": draw(maybe(st.floats(0.001, 300))),
        }
        if keys["delivery"] is DeliveryClass.DURABLE:
            order = keys["order"] = draw(st.sampled_from(DeliveryOrder))
            keys |= {
                "hold_s": 60.0 if order is DeliveryOrder.NONE else draw(st.floats(0.001, 86_400)),
                "expires_s": draw(st.floats(0.001, 2_592_000)),
                "max_attempts": draw(st.integers(1, 100)),
                "longest_wait_s": draw(st.floats(0.001, 86_400)),
                "retry_on": tuple(draw(st.lists(st.sampled_from([401, 403, 404]), unique=True))),
            }
    if kind is WebhookType.AJAX_GET:
        keys["max_redirects"] = draw(st.integers(0, 10))
        if keys["delivery"] is DeliveryClass.LIVE:
            keys["stale_s"] = draw(st.floats(0, 86_400))
    elif kind.is_sent and keys["delivery"] is DeliveryClass.LIVE:
        keys["safe"] = draw(st.booleans())
    return Webhook(
        name=name,
        type=kind,
        url=draw(URLS),
        enabled=draw(st.booleans()),
        parameters=draw(some(parameters(place), most=2)),
        silence=draw(SILENCE),
        **keys,
    )


@st.composite
def rules(draw: st.DrawFn, name: str, names: list[str]) -> Rule:
    started = draw(st.lists(st.sampled_from(names), unique=True, min_size=1))
    chain = st.builds(
        Then,
        webhook=st.sampled_from(names),
        after=st.sampled_from(started),
        on=st.lists(st.sampled_from(Outcome), unique=True).map(tuple),
        when=maybe(OF_RESPONSES),
        value=maybe(OF_RESPONSES),
        at_most=st.integers(1, 100),
    )
    return Rule(
        name=name,
        on=tuple(draw(st.lists(st.sampled_from(Moment), min_size=1, unique=True))),
        webhooks=tuple(started),
        when=draw(maybe(EXPRESSIONS)),
        priority=draw(st.integers(-5, 5)),
        stop=draw(st.booleans()),
        call_queues=draw(some(NAMES)),
        directions=draw(some(st.sampled_from(Direction))),
        dispositions=draw(some(st.sampled_from(Disposition))),
        then=draw(some(chain)),
        silence=draw(SILENCE),
    )


KEYS = st.sampled_from(["a", "b.c", 'd["e.f"]', "g[0]", "matches"])


def with_patterns(body: dict[str, Any]) -> dict[str, Any]:
    """
    What is to match is a pattern, and not every text is one.
    """
    return {
        key: re.escape(each) if key == "matches" and isinstance(each, str) else each
        for key, each in body.items()
    }


BODIES = st.recursive(
    TEXTS | st.integers(-(2**40), 2**40) | st.booleans(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2).map(with_patterns),
    max_leaves=4,
).filter(lambda body: isinstance(body, str | list | dict))
WANTED = TEXTS | st.sampled_from([{"matches": ".*"}, {"present": True}, {"absent": True}])


@st.composite
def cases(draw: st.DrawFn, name: str, names: list[str]) -> TestCase:
    expectations = st.builds(
        Expectation,
        webhook=st.sampled_from(names),
        moment=maybe(st.just(1)),
        after=maybe(st.sampled_from(names)),
        method=maybe(st.just("GET")),
        url=maybe(WANTED),
        headers=st.dictionaries(NAMES, WANTED, max_size=2),
        body=maybe(BODIES),
        outcome=maybe(st.sampled_from(Outcome)),
        sentence=maybe(WANTED),
        columns=maybe(some(TEXTS)),
        rows=maybe(some(some(WANTED | st.integers(-9, 9)))),
        attempts=maybe(st.integers(0, 9)),
        ends=maybe(st.sampled_from(SettledAs)),
        pop=maybe(st.just(PopState.WITHDRAWN)),
        because=maybe(st.sampled_from(Withdrawal)),
        seen_by=maybe(st.just("100-Euphoria")),
    )
    answers = st.builds(
        Canned,
        webhook=st.sampled_from(names),
        status=st.integers(200, 599),
        headers=st.dictionaries(NAMES, TEXTS, max_size=2),
        body=maybe(BODIES),
    )
    faults = st.builds(Canned, webhook=st.sampled_from(names), fault=st.sampled_from(CannedFault))
    given = {"CALL_NOTES": TEXTS, "CALL_DURATION": st.integers(1, 99), "CAMPAIGN": TEXTS | st.booleans()}
    happenings = st.builds(
        Happening,
        event=st.sampled_from(Moment),
        given=st.fixed_dictionaries({}, optional=given),
        after_s=st.floats(0, 99),
    )
    event = draw(maybe(st.sampled_from(Moment)))
    return TestCase(
        name=name,
        event=event,
        given=draw(st.fixed_dictionaries({}, optional=given)),
        moments=() if event else tuple(draw(st.lists(happenings, min_size=1, max_size=2))),
        responses=draw(some(answers | faults)),
        in_order=draw(st.booleans()),
        others=draw(st.booleans()),
        expect=draw(some(expectations)),
        silence=draw(SILENCE),
    )


TENANTS = st.builds(
    Tenant,
    name=st.just("") | NAMES,
    time_zone=st.sampled_from(["UTC", "Africa/Johannesburg"]).map(__import__("zoneinfo").ZoneInfo),
    country=st.sampled_from([None, "ZA", "DE"]),
    pbx_server=st.sampled_from(["pbx0", "pbx.example.com"]),
    datetime_tokens=st.sampled_from(DatetimeTokens),
    record_events=st.sampled_from([0, 500]),
    record_days=st.sampled_from([14.0, 0.5]),
)


@st.composite
def definitions(draw: st.DrawFn) -> Definitions:
    """
    Any definitions that hold together, every key of the format among them.
    """
    names = draw(st.lists(NAMES, unique=True, min_size=1, max_size=3))
    called = draw(st.lists(NAMES, unique=True, max_size=2))
    return Definitions.build(
        tenant=draw(TENANTS),
        allowed_networks=draw(
            st.lists(st.sampled_from(["10.0.0.0/8", "fd00::/8", "192.168.0.1"]), unique=True)
        ),
        agents=[Agent(extension=each, name=draw(TEXTS)) for each in AGENTS],
        variables=[
            CustomVariable(
                name="CAMPAIGN",
                meaning=draw(TEXTS),
                example=draw(TEXTS),
                known_from=draw(st.sampled_from(Moment)),
            )
        ],
        groups=[draw(groups(name)) for name in called],
        webhooks=[draw(webhooks(name, names)) for name in names],
        rules=[draw(rules(name, names)) for name in called],
        tests=[draw(cases(name, names)) for name in called],
        silence=draw(SILENCE),
    )


@settings(max_examples=60)
@given(stated=definitions())
def test_what_is_written_is_read_back_as_the_same(stated):
    """
    For any definitions: nothing is lost, nothing is added, and writing again changes no letter.
    """
    text = write_toml(stated, literals=True)

    read = read_text(text)

    assert stated == read
    assert text == write_toml(read, literals=True)


@settings(max_examples=40)
@given(group=groups("G"))
def test_a_secret_leaves_only_as_a_reference(group):
    """
    A literal becomes a place in the vault; references and user names stay what they are.
    """
    stated = Definitions.build(agents=[Agent(extension=each) for each in AGENTS], groups=[group])

    written = read_text(write_toml(stated)).group("G")

    holders = [(group, written), *zip(group.members, written.members, strict=True)]
    if group.oauth2 is not None and written.oauth2 is not None:
        holders.append((group.oauth2, written.oauth2))
    for before, after in holders:
        for field in ("key", "password", "client_secret", "refresh_token"):
            secret, reference = getattr(before, field, None), getattr(after, field, None)
            if secret is not None and secret.kind is SecretKind.LITERAL:
                assert reference.kind is SecretKind.VAULT
                assert reference.value.startswith("G/")
            else:
                assert secret == reference
        for field in ("username", "client_id"):
            assert getattr(before, field, None) == getattr(after, field, None)
    assert all(secret.kind is not SecretKind.LITERAL for secret in written.signing_secrets)


def test_each_secret_gets_a_place_of_its_own():
    """
    The name in the vault says whose secret it is.
    """
    secret = SecretRef.literal("hunter2")
    stated = Definitions.build(
        agents=[Agent(extension="100-Euphoria")],
        groups=[
            Group(
                name="CRM",
                authentication=Authentication.API_KEY,
                level=Level.USER,
                key_name="K",
                signing_secrets=(secret, secret),
                members=(Member(extension="100-Euphoria", key=secret),),
            )
        ],
    )

    text = write_toml(stated)

    assert "hunter2" not in text
    assert '{ vault = "CRM/100-Euphoria/key" }' in text
    assert '[{ vault = "CRM/signing/1" }, { vault = "CRM/signing/2" }]' in text
    assert "hunter2" in write_toml(stated, literals=True)


def test_it_is_written_as_a_person_would():
    """
    Tables in the order of a call, nested ones indented, a body over its own lines.
    """
    text = """\
[tenant]
name = "Euphoria"

[[agent]]
extension = "100-Euphoria"

[[group]]
name = "CRM"
authentication = "oauth2"

  [group.oauth2]
  token_url = "https://id.example/token"
  client_id = "engine"
  client_secret = { env = "CRM_SECRET" }

[[webhook]]
name = "Log a call"
type = "ajax-post"
url = "https://crm.example.com/calls"
group = "CRM"
content_type = "json"
body = \"\"\"
{
  "who": "{CALLERID}"
}
\"\"\"

  [[webhook.outcome]]
  when = "status == 409"
  is = "ok"

  [webhook.view]
  records = "result"

    [[webhook.view.column]]
    path = "id"

[[rule]]
name = "Log every call"
on = ["ended"]
webhooks = ["Log a call"]
"""

    assert text == write_toml(read_text(text))
