"""
A request is kept as it was at its first attempt, without its secrets, and sent with those of today.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webhook_engine.definitions import read_text
from webhook_engine.dispatch import (
    Credentials,
    EgressPolicy,
    Masker,
    Preparation,
    PreparedRequest,
    credentials_for,
)
from webhook_engine.dispatch.credentials import TokenGrant
from webhook_engine.dispatch.freezing import MOST_CHARS, Freezer
from webhook_engine.dispatch.secrets import LocalSecrets
from webhook_engine.errors import (
    EmptyParameter,
    FrozenUnusable,
    RenderError,
    SecretMissing,
    TemplateError,
    TemplateTooLarge,
    UnsafeValue,
    WebhookEngineError,
    WrongType,
)
from webhook_engine.variables import Value

KEY = 'authentication = "api-key"\nkey = { env = "KEY" }\n'
PAIR = 'authentication = "credentials"\nusername = { env = "USER" }\npassword = { env = "PASS" }\n'

AUTHENTICATIONS = {
    "nothing": "",
    "a key in a header": KEY + 'key_name = "X-Api-Key"',
    "a key after a prefix": KEY + 'key_name = "Authorization"\nkey_prefix = "Bearer"',
    "a key in the query": KEY + 'key_in = "query"\nkey_name = "the key"',
    "a key in the body": KEY + 'key_in = "body"\nkey_name = "key"',
    "a key deep in the body": KEY + 'key_in = "body"\nkey_name = "auth.key"',
    "Basic": PAIR,
    "a pair in the query": PAIR + 'credentials_in = "query"',
    "a pair in the body": PAIR
    + 'credentials_in = "body"\nusername_name = "user"\npassword_name = "auth.pass"',
    "a token": (
        'authentication = "oauth2"\noauth2 = { token_url = "https://crm.example/token", '
        'client_id = { env = "USER" }, client_secret = { env = "PASS" } }'
    ),
}

PARAMETERS = (
    'parameter = [{ name = "phone", value = "{CALLERID_NUMBER}" }, '
    '{ name = "notes", value = "{CALL_NOTES}", when_empty = "omit" }]\n'
)
HEADERS = (
    'header = [{ name = "X-Call", value = "call {CALL_SIPID}" }, { name = "User-Agent", value = "ours" }]\n'
)
PATH = "https://crm.example/{CALL_QUEUE}/calls"

CONTENTS = {
    "GET": f'type = "ajax-get"\nurl = "{PATH}?a=1#end"\n{PARAMETERS}{HEADERS}',
    "DELETE": f'type = "ajax-delete"\nurl = "{PATH}"\n{PARAMETERS}',
    "a Jinja URL": (
        f'type = "ajax-get"\nurl = "{PATH}?b={{{{ CALL_NOTES | upper }}}}{{% if CALL_SIPID %}}1{{% endif %}}"\n{PARAMETERS}'
    ),
    "a form": f'type = "ajax-post"\nurl = "{PATH}"\n{PARAMETERS}{HEADERS}',
    "JSON": f'type = "ajax-put"\ncontent_type = "json"\nurl = "{PATH}"\n{PARAMETERS}',
    "XML": f'type = "ajax-post"\ncontent_type = "xml"\nurl = "{PATH}"\n{PARAMETERS}',
    "a template of JSON": (
        f'type = "ajax-post"\ncontent_type = "json"\nurl = "{PATH}"\n'
        'body = \'{"n": {{ CALL_NOTES }}, "q": "in {CALL_QUEUE}"}\'\n'
    ),
    "plain text": f'type = "ajax-post"\ncontent_type = "text"\nurl = "{PATH}"\nbody = "{{CALL_NOTES}}"\n',
}

GRANT = TokenGrant(owner=("CRM", ""), token_url="https://crm.example/token", client_id="u", client_secret="p")
CREDENTIALS = Credentials(key="s3cret/ke+y&", username="thandi", password='p&ss "w"<ö>')
VALUES: dict[str, Value] = {
    "CALLERID_NUMBER": "+27 82&x=1",
    "CALL_QUEUE": "Sales/ZA",
    "CALL_NOTES": 'say "hi" <b> é',
    "CALL_SIPID": "abc@1.2.3.4",
}


def text_of(group: str, webhook: str) -> str:
    return f'[[group]]\nname = "CRM"\n{group}\n[[webhook]]\nname = "Log a call"\ngroup = "CRM"\n{webhook}'


class Line:
    """
    One webhook, as an engine holds it.
    """

    def __init__(self, text: str, policy: EgressPolicy | None = None) -> None:
        self.compiled = read_text(text).compiled("Log a call")
        self.preparation = Preparation(self.compiled, policy=policy or EgressPolicy())
        self.freezer = Freezer(self.compiled, self.preparation.route)


def lines() -> Mapping[str, Line]:
    """
    Every authentication with every content that has a place for it.
    """
    found = {}
    for how, group in AUTHENTICATIONS.items():
        for what, webhook in CONTENTS.items():
            has_body = "ajax-p" in webhook and "body =" not in webhook
            if "body" not in how or has_body:
                found[f"{what}, {how}"] = Line(text_of(group, webhook))
    xml = CONTENTS["XML"]
    found["XML, a key in an attribute"] = Line(
        text_of(AUTHENTICATIONS["a key in the body"].replace('"key"', '"@key"', 1), xml)
    )
    return found


LINES = lines()
GET = LINES["GET, a key in the query"]


def known(frozen: object) -> dict[str, Any]:
    """
    What comes back from a disk.
    """
    return orjson.loads(orjson.dumps(frozen))


def credentials_in(line: Line, credentials: Credentials) -> Credentials:
    is_token = line.compiled.group is not None and line.compiled.group.oauth2 is not None
    return replace(credentials, grant=GRANT) if is_token else credentials


def told(make: Callable[[], PreparedRequest]) -> object:
    """
    All of a request, or why there is none.
    """
    try:
        made = make()
    except TemplateError:
        return "it cannot be carried"
    return made.route, made.url, made.headers, made.body, made.grant, made.mask


# --- The same request --------------------------------------------------------------------------

MARK_LIKE = [
    "0123456789abcdef0123456789abcdefk",
    "{CREDENTIAL_KEY}",
    "CREDENTIAL_PASSWORD",
    '{"secret":"key","slot":"url query"}',
    '", {"secret": "key", "slot": "form"}, "',
    "s3cret/ke+y&",
]
visible = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=12)
anything = st.text(st.characters(codec="utf-8"), max_size=12)
hostile = st.sampled_from(
    ["..", "", "a\r\nb", "\x00", "\x0b", "\ud800", "]]>", "%41", "a:b", " a", "é", *MARK_LIKE]
)
values = st.fixed_dictionaries(
    {
        "CALLERID_NUMBER": visible | anything | hostile,
        "CALL_QUEUE": visible | visible | anything | hostile,
        "CALL_NOTES": visible | anything | hostile | st.integers(),
        "CALL_SIPID": visible | visible | anything,  # of a header
    }
)
secrets = visible | visible | anything | hostile.filter(lambda text: text != "\ud800")
credentials = st.builds(Credentials, key=secrets, username=secrets, password=secrets)


@pytest.mark.parametrize("name", LINES)
def test_what_is_thawed_is_what_would_be_prepared(name: str) -> None:
    """
    Byte for byte: URL, headers, body, route, and what hides the secrets.
    """
    line = LINES[name]

    @settings(max_examples=settings.default.max_examples // 5)  # of each of some sixty lines
    @given(values, credentials)
    def holds(values: dict[str, Value], credentials: Credentials) -> None:
        credentials = credentials_in(line, credentials)

        expected = told(lambda: line.preparation.prepare(values, credentials))

        assert expected == told(lambda: line.freezer.thaw(known(line.freezer.freeze(values)), credentials))

    holds()


@pytest.mark.parametrize("name", LINES)
def test_it_is_sent_with_the_secrets_of_today(name: str) -> None:
    """
    Exchanged between two attempts, they are exchanged in the request; nothing else is.
    """
    line = LINES[name]
    newer = Credentials(key="n3wer", username="sipho", password="0ther")
    frozen = known(line.freezer.freeze(VALUES))
    before = copy.deepcopy(frozen)

    for each in (CREDENTIALS, newer):
        made = line.freezer.thaw(frozen, credentials_in(line, each))
        assert made.headers == line.preparation.prepare(VALUES, credentials_in(line, each)).headers
        assert made.body == line.preparation.prepare(VALUES, credentials_in(line, each)).body
    assert before == frozen


@pytest.mark.parametrize("name", LINES)
def test_nothing_of_a_secret_is_kept(name: str) -> None:
    """
    Not even what stood in its place; and where one is needed, there is a gap.
    """
    line = LINES[name]
    kept = json.dumps(line.freezer.freeze(VALUES))

    assert kept == Masker((*CREDENTIALS.secrets, "thandi")).text(kept)
    assert re.search("[0-9a-f]{32}", kept) is None
    assert kept.count('"secret"') == len(line.compiled.credentials)
    for secret in CREDENTIALS.secrets:
        shown = line.freezer.thaw(json.loads(kept), credentials_in(line, CREDENTIALS)).masked()
        assert secret not in repr((shown.url, shown.headers, shown.body))


def test_what_is_kept_has_the_form_that_is_documented() -> None:
    """
    JSON that a person can read.
    """
    assert {
        "format": 1,
        "webhook": "Log a call",
        "group": "CRM",
        "authentication": "api-key",
        "basic": False,
        "method": "GET",
        "url": [
            (
                "https://crm.example/Sales%2FZA/calls?a=1&phone=%2B27%2082%26x%3D1"
                "&notes=say%20%22hi%22%20%3Cb%3E%20%C3%A9&the%20key="
            ),
            {"secret": "key", "slot": "url query"},
            "#end",
        ],
        "headers": [
            ["Accept", "application/json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.8"],
            ["User-Agent", "ours"],
            ["X-Call", "call abc@1.2.3.4"],
        ],
        "body": None,
    } == GET.freezer.freeze(VALUES)


def test_no_two_requests_are_cut_at_the_same_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Who could guess it could say where a secret goes.
    """
    drawn: list[str] = []

    def draw(size: int) -> str:
        drawn.append(f"{len(drawn):0{2 * size}x}")
        return drawn[-1]

    monkeypatch.setattr("webhook_engine.dispatch.freezing.token_hex", draw)

    GET.freezer.freeze(VALUES)
    GET.freezer.freeze({**VALUES, "CALL_NOTES": f"{drawn[0]}k"})

    assert 2 == len(set(drawn))
    assert 32 == len(drawn[0])


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"CALL_QUEUE": ".."}, UnsafeValue),
        ({"CALL_QUEUE": ""}, UnsafeValue),
        ({"CALL_SIPID": "a\nb"}, UnsafeValue),
        ({"CALL_NOTES": "x" * 300_000}, TemplateTooLarge),
    ],
)
def test_what_could_not_be_sent_is_not_kept(changed: dict[str, Value], error: type[Exception]) -> None:
    """
    The values are looked at before they are written down.
    """
    with pytest.raises(error):
        GET.freezer.freeze({**VALUES, **changed})


def test_a_value_that_is_not_there_is_missed() -> None:
    """
    As it is when a request is prepared.
    """
    with pytest.raises(RenderError):
        GET.freezer.freeze({})
    skips = Line(text_of("", CONTENTS["GET"].replace('when_empty = "omit"', 'when_empty = "skip"')))
    with pytest.raises(EmptyParameter):
        skips.freezer.freeze({**VALUES, "CALL_NOTES": ""})


def test_what_is_kept_is_bounded() -> None:
    """
    However many parts there are, each within its own bound.
    """
    header = ", ".join(f'{{ name = "X-{number}", value = "{{CALL_NOTES}}" }}' for number in range(9))
    line = Line(text_of("", f'type = "ajax-get"\nurl = "https://crm.example/"\nheader = [{header}]\n'))

    with pytest.raises(TemplateTooLarge, match="1,048,576"):
        line.freezer.freeze({"CALL_NOTES": "x" * (MOST_CHARS // 8)})


def test_a_page_is_not_kept() -> None:
    """
    It is opened at once, or not at all.
    """
    with pytest.raises(WrongType):
        Line(text_of("", 'type = "browser-window"\nurl = "https://crm.example/"\n'))


def test_a_secret_that_cannot_be_carried_is_refused_when_it_is_filled_in() -> None:
    """
    The request waits for a better one.
    """
    line = LINES["GET, a key in a header"]
    frozen = line.freezer.freeze(VALUES)

    with pytest.raises(UnsafeValue, match="header cannot carry"):
        line.freezer.thaw(frozen, Credentials(key="a\r\nX-Admin: 1"))
    assert ("X-Api-Key", "good") in line.freezer.thaw(frozen, Credentials(key="good")).headers


@pytest.mark.parametrize("name", ["GET, a key in the query", "JSON, a pair in the body", "a form, Basic"])
def test_a_secret_that_is_not_there_is_missed(name: str) -> None:
    """
    A request without its key is not sent without it.
    """
    line = LINES[name]
    frozen = line.freezer.freeze(VALUES)

    with pytest.raises(SecretMissing, match="Log a call needs a"):
        line.freezer.thaw(frozen)


# --- After an edit -----------------------------------------------------------------------------


def edited(
    frozen: object, group: str = AUTHENTICATIONS["a key in the query"], webhook: str = CONTENTS["GET"]
) -> PreparedRequest:
    """
    The request kept before, after its webhook's definition became this.
    """
    return Line(text_of(group, webhook), EgressPolicy(["10.0.0.0/8"])).freezer.thaw(
        known(frozen), CREDENTIALS
    )


def test_the_request_stays_and_its_bounds_are_those_of_today() -> None:
    """
    Path, parameters and method are pinned; deadline, limits and networks are not.
    """
    kept = GET.freezer.thaw(GET.freezer.freeze(VALUES), CREDENTIALS)
    group = AUTHENTICATIONS["a key in the query"] + "\nmax_in_flight = 2\nmax_per_second = 5"
    webhook = (
        'type = "ajax-put"\nurl = "https://CRM.example:443/other"\ndeadline_s = 9\ncontent_type = "json"\n'
    )

    made = edited(GET.freezer.freeze(VALUES), group, webhook)

    assert (kept.method, kept.url, kept.headers, kept.body) == (
        made.method,
        made.url,
        made.headers,
        made.body,
    )
    assert kept.route.added == made.route.added
    assert (9.0, 2, 5.0, EgressPolicy(["10.0.0.0/8"])) == (
        made.route.deadline_s,
        made.route.max_in_flight,
        made.route.max_per_second,
        made.route.policy,
    )


def test_a_key_goes_where_it_went() -> None:
    """
    The key of today in the place of then.
    """
    made = edited(GET.freezer.freeze(VALUES), AUTHENTICATIONS["a key in a header"])

    assert made.url.endswith("&the%20key=s3cret%2Fke%2By%26#end")
    assert "X-Api-Key" not in dict(made.headers)


def test_nobody_elses_header_is_added() -> None:
    """
    What the transport says of itself depends on the request that was kept.
    """
    line = LINES["DELETE, nothing"]
    made = Line(text_of("", CONTENTS["GET"])).freezer.thaw(line.freezer.freeze(VALUES))

    assert {"User-Agent", "Accept-Encoding"} == dict(made.route.added).keys()
    assert "DELETE" == made.method


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/",
        "http://crm.example/",
        "https://crm.example:8443/",
        "https://crm.example.org/",
    ],
)
@pytest.mark.parametrize(
    "how", [each for each in AUTHENTICATIONS if "body" not in each and each != "nothing"]
)
def test_no_secret_goes_where_its_webhook_no_longer_sends_it(url: str, how: str) -> None:
    """
    The key of the new target system is none of the old one's business.
    """
    line = LINES[f"GET, {how}"]
    now = Line(text_of(AUTHENTICATIONS[how], f'type = "ajax-get"\nurl = "{url}"\n'))

    with pytest.raises(FrozenUnusable, match=r"goes to crm.example:443.*nothing was sent"):
        now.freezer.thaw(line.freezer.freeze(VALUES), credentials_in(line, CREDENTIALS))


def test_without_a_secret_it_goes_where_it_was_to_go() -> None:
    """
    It was accepted for that target system.
    """
    line = LINES["GET, nothing"]
    now = Line(text_of("", 'type = "ajax-get"\nurl = "https://other.example/"\n'))

    assert "crm.example:443" == now.freezer.thaw(line.freezer.freeze(VALUES)).target


@pytest.mark.parametrize(
    ("hosts", "is_sent"), [('"eu.example", "CRM.example"', True), ('"eu.example"', False)]
)
def test_a_host_that_varies_is_one_of_those_listed(hosts: str, is_sent: bool) -> None:
    """
    Today, not at the first attempt.
    """
    frozen = GET.freezer.freeze(VALUES)
    webhook = f'type = "ajax-get"\nurl = "https://{{CALL_QUEUE}}.example/"\nhosts = [{hosts}]\n'

    if is_sent:
        assert "crm.example:443" == edited(frozen, webhook=webhook).target
    else:
        with pytest.raises(FrozenUnusable):
            edited(frozen, webhook=webhook)


@pytest.mark.parametrize("how", [each for each in AUTHENTICATIONS if not each.startswith("a key")])
def test_another_authentication_is_another_request(how: str) -> None:
    """
    Sent as it is it would be refused, or tell a secret of the wrong kind.
    """
    group = AUTHENTICATIONS[how]
    webhook = CONTENTS["JSON" if "body" in how else "GET"]

    with pytest.raises(FrozenUnusable, match="made for the authentication 'api-key'"):
        edited(GET.freezer.freeze(VALUES), group, webhook)


def test_another_group_is_another_target_system() -> None:
    """
    Its secrets are not for this request.
    """
    frozen = {**GET.freezer.freeze(VALUES), "group": "ERP"}

    with pytest.raises(FrozenUnusable, match="made for the group 'ERP', and the webhook's is 'CRM' now"):
        edited(frozen)


# --- Damaged -----------------------------------------------------------------------------------

GAP = {"secret": "key", "slot": "url query"}


@pytest.mark.parametrize(
    "changed",
    [
        {"format": 2},
        {"format": None},
        {"webhook": "Another"},
        {"method": "get"},
        {"method": "CONNECT"},
        {"method": ["GET"]},
        {"url": None},
        {"url": 7},
        {"url": b"https://crm.example/"},
        {"url": "ftp://crm.example/"},
        {"url": "https://crm.example/a b"},
        {"url": "https://user@crm.example/"},
        {"url": "https:///a"},
        {"url": ["https://crm.example/?k=", {"secret": "grant", "slot": "url query"}]},
        {"url": ["https://crm.example/?k=", {"secret": "key", "slot": "text"}]},
        {"url": ["https://crm.example/?k=", {"secret": "key", "slot": "xml text"}]},
        {"url": ["https://crm.example/?k=", {"secret": ["key"], "slot": "url query"}]},
        {"url": ["https://crm.example/?k=", {"slot": "url query"}]},
        {"url": ["https://crm.example/?k=", None]},
        {"url": ["https://evil.example/?k=", GAP]},
        {"url": ["https://crm.example@evil.example/?k=", GAP]},
        {"url": ["https://crm.example.evil.example/?k=", GAP]},
        {"url": ["https://", {"secret": "key", "slot": "url host"}, "/"]},
        {"headers": None},
        {"headers": "Accept"},
        {"headers": {"Accept": "*/*"}},
        {"headers": [["Accept"]]},
        {"headers": ["ab"]},
        {"headers": [["Host", "evil.example"]]},
        {"headers": [["Content-Length", "5"]]},
        {"headers": [["X-A", "a\r\nX-Admin: 1"]]},
        {"headers": [["X-A", ["a", GAP]]]},
        {"body": 7},
        {"body": "\ud800"},
        {"body": [["a"]]},
        {"body": ["a", {"secret": "key", "slot": "header"}]},
    ],
    ids=str,
)
def test_a_damaged_document_is_refused(changed: dict[str, object]) -> None:
    """
    With an error of ours, and nothing is sent.
    """
    frozen = {**GET.freezer.freeze(VALUES), **changed}

    with pytest.raises((FrozenUnusable, UnsafeValue)) as caught:
        GET.freezer.thaw(frozen, CREDENTIALS)

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("document", [None, [], "text", 7, {}, {"format": 1}], ids=str)
def test_a_foreign_document_is_refused(document: Any) -> None:
    """
    Whatever it is.
    """
    with pytest.raises(FrozenUnusable, match="the request kept for Log a call"):
        GET.freezer.thaw(document, CREDENTIALS)


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(GAP),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["secret", "slot"]), inner),
    max_leaves=8,
)


@given(st.sampled_from(sorted(GET.freezer.freeze(VALUES))), documents)
def test_damage_ends_in_a_request_or_in_an_error_of_ours(field: str, document: object) -> None:
    """
    Never in anything else.
    """
    frozen = {**GET.freezer.freeze(VALUES), field: document}

    try:
        made = GET.freezer.thaw(frozen, CREDENTIALS)
    except WebhookEngineError:
        return
    assert "crm.example:443" == made.target


def test_an_agents_own_secrets_are_filled_in() -> None:
    """
    Those of the extension that made the call, looked up anew.
    """
    group = 'authentication = "api-key"\nlevel = "user"\nkey_name = "X-Api-Key"\nmember = [{ extension = "100-E", key = { env = "MINE" } }]\n'
    line = Line('[[agent]]\nextension = "100-E"\n' + text_of(group, CONTENTS["GET"]))
    mine = credentials_for(line.compiled.group, "100-E", LocalSecrets(environ={"MINE": "m1ne"}))

    made = line.freezer.thaw(line.freezer.freeze(VALUES), mine)

    assert ("X-Api-Key", "m1ne") in made.headers
