"""
A compiled webhook, a call's values and credentials make a request; nothing is sent.
"""

from __future__ import annotations

import base64
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson
import pytest

from webhook_engine.definitions import Definitions, read_text
from webhook_engine.definitions.groups import Group
from webhook_engine.definitions.webhooks import Webhook
from webhook_engine.definitions.words import Authentication, WebhookType
from webhook_engine.dispatch import (
    Credentials,
    EgressPolicy,
    LocalSecrets,
    Preparation,
    PreparedRequest,
    credentials_for,
    prepare,
)
from webhook_engine.dispatch.headers import checked
from webhook_engine.dispatch.request import origin_of, target_of
from webhook_engine.errors import SecretMissing, UnsafeValue
from webhook_engine.variables import Value

KEY = "s3cret/ke+y&"

VALUES: dict[str, Value] = {
    "CALLERID_NUMBER": "+27 82&x=1",
    "CALL_QUEUE": "Sales/ZA",
    "CALL_NOTES": 'say "hi"',
}

WEBHOOKS = """
[[webhook]]
name = "Get"
group = "G"
type = "ajax-get"
url = "https://crm.example/{CALL_QUEUE}/find"
max_redirects = 2
deadline_s = 2.5
parameter = [{ name = "phone", value = "{CALLERID_NUMBER}" }]

[[webhook]]
name = "Form"
group = "G"
type = "ajax-post"
url = "https://crm.example/notes"
parameter = [{ name = "note", value = "{CALL_NOTES}" }]

[[webhook]]
name = "JSON"
group = "G"
type = "ajax-put"
content_type = "json"
url = "https://crm.example/notes"
parameter = [{ name = "note", value = "{CALL_NOTES}" }]

[[webhook]]
name = "XML"
group = "G"
type = "ajax-post"
content_type = "xml"
response_type = "xml"
url = "https://crm.example/notes"
parameter = [{ name = "note", value = "{CALL_NOTES}" }]
"""


def definitions(group: str, webhooks: str) -> Definitions:
    """
    What an integrator wrote, with these lines in the group.
    """
    return read_text(
        f'[tenant]\nallowed_networks = ["10.20.0.0/16"]\n[[agent]]\nextension = "100-E"\n'
        f'[[group]]\nname = "G"\nmax_in_flight = 3\n{group}\n{webhooks}'
    )


def prepared(group: str, webhook: str, values: Mapping[str, Value] = VALUES) -> PreparedRequest:
    """
    The request of a webhook in a group with these lines.
    """
    text = next(each for each in WEBHOOKS.split("[[webhook]]") if f'name = "{webhook}"\n' in each)
    found = definitions(group, f"[[webhook]]{text}")
    compiled = found.compiled(webhook)
    secrets = LocalSecrets(environ={"KEY": KEY})
    policy = EgressPolicy(found.allowed_networks)
    return prepare(compiled, values, credentials_for(compiled.group, "100-E", secrets), policy=policy)


def test_a_get_asks_in_its_query() -> None:
    """
    Every value in its slot's encoding, and the definition's bounds with it.
    """
    request = prepared("", "Get")

    assert ("GET", "https://crm.example/Sales%2FZA/find?phone=%2B27%2082%26x%3D1", None) == (
        request.method,
        request.url,
        request.body,
    )
    assert ("crm.example:443", "https://crm.example") == (request.target, request.origin)
    route = request.route
    assert ("Get", "G", 3, 2.5, 2) == (
        route.webhook,
        route.group,
        route.max_in_flight,
        route.deadline_s,
        route.max_redirects,
    )
    assert EgressPolicy(["10.20.0.0/16"]) == route.policy


@pytest.mark.parametrize(
    ("webhook", "method", "media_type", "body"),
    [
        ("Form", "POST", "application/x-www-form-urlencoded", b"note=say%20%22hi%22"),
        ("JSON", "PUT", "application/json", b'{"note":"say \\"hi\\""}'),
        ("XML", "POST", "application/xml; charset=utf-8", b'<note>say "hi"</note>'),
    ],
)
def test_a_body_is_in_the_form_the_header_says(
    webhook: str, method: str, media_type: str, body: bytes
) -> None:
    """
    And the header says which.
    """
    request = prepared("", webhook)

    headers = dict(request.headers)
    assert (method, media_type) == (request.method, headers["Content-Type"])
    assert body.replace(b"+", b"%20") in (request.body or b"").replace(b"+", b"%20").replace(b"&#34;", b'"')


def test_says_which_response_it_understands() -> None:
    """
    Some targets send a page for a browser to whoever does not.
    """
    assert dict(prepared("", "XML").headers)["Accept"].startswith("application/xml")
    assert dict(prepared("", "Get").headers)["Accept"].startswith("application/json")


API_KEY = 'authentication = "api-key"\nkey = { env = "KEY" }\n'


@pytest.mark.parametrize(
    ("group", "header"),
    [
        ('key_name = "X-Api-Key"', ("X-Api-Key", KEY)),
        ('key_name = "Authorization"\nkey_prefix = "Bearer"', ("Authorization", f"Bearer {KEY}")),
    ],
    ids=["plain", "with a prefix"],
)
def test_a_key_travels_in_its_header(group: str, header: tuple[str, str]) -> None:
    """
    As the target wants it called.
    """
    assert header in prepared(API_KEY + group, "Get").headers


def test_a_key_travels_in_the_query() -> None:
    """
    Encoded like any value there.
    """
    request = prepared(API_KEY + 'key_in = "query"\nkey_name = "key"', "Get")

    assert request.url.endswith("&key=s3cret%2Fke%2By%26")
    assert request.masked().url.endswith("&key=***")


@pytest.mark.parametrize("webhook", ["Form", "JSON", "XML"])
def test_a_key_travels_in_the_body(webhook: str) -> None:
    """
    As one more parameter of it.
    """
    request = prepared(API_KEY + 'key_in = "body"\nkey_name = "key"', webhook)

    shown = request.masked().body or b""
    assert request.body is not None
    assert shown != request.body
    assert b"***" in shown
    assert b"s3cret" not in shown
    if webhook == "JSON":
        assert {"note": 'say "hi"', "key": KEY} == orjson.loads(request.body)


def test_basic_credentials_travel_in_the_authorization_header() -> None:
    """
    RFC 7617, and hidden as a pair.
    """
    group = 'authentication = "credentials"\nusername = "thandi"\npassword = { env = "KEY" }\n'

    request = prepared(group, "Get")

    pair = base64.b64encode(f"thandi:{KEY}".encode()).decode()
    assert ("Authorization", f"Basic {pair}") in request.headers
    assert ("Authorization", "Basic ***") in request.masked().headers


@pytest.mark.parametrize("place", ["query", "body"])
def test_credentials_travel_as_two_parameters(place: str) -> None:
    """
    By the names the target gave them.
    """
    group = (
        f'authentication = "credentials"\ncredentials_in = "{place}"\nusername_name = "user"\n'
        'username = "thandi"\npassword = { env = "KEY" }\n'
    )

    request = prepared(group, "Form")

    sent = request.url.encode() if place == "query" else request.body or b""
    assert b"user=thandi&password=s3cret%2Fke%2By%26" in sent


def test_a_masked_request_takes_no_secret_along() -> None:
    """
    It may be kept, sent to another process or written down, and what hides the secrets knows them.
    """
    request = prepared(API_KEY + 'key_in = "query"\nkey_name = "key"', "Get")

    assert b"s3cret" not in pickle.dumps(request.masked())


def test_shows_nothing_of_its_secrets() -> None:
    """
    Neither as text nor in what `render` prints.
    """
    request = prepared(API_KEY + 'key_in = "query"\nkey_name = "key"', "Get")

    for shown in (repr(request), str(request), repr(request.to_json()), repr(request.masked())):
        assert "s3cret" not in shown
    assert {
        "webhook": "Get",
        "kind": "request",
        "method": "GET",
        "url": "https://crm.example/Sales%2FZA/find?phone=%2B27%2082%26x%3D1&key=***",
        "headers": {"Accept": "application/json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.8"},
        "body": None,
    } == request.to_json()


def test_a_browser_window_is_its_url() -> None:
    """
    Without headers: the browser has its own.
    """
    found = definitions(
        "",
        '[[webhook]]\nname = "Page"\ngroup = "G"\ntype = "browser-window"\n'
        'url = "https://crm.example/contacts#{CALL_QUEUE}"',
    )

    request = prepare(found.compiled("Page"), VALUES)

    assert ("https://crm.example/contacts#Sales%2FZA", (), "browser-window") == (
        request.url,
        request.headers,
        request.to_json()["kind"],
    )


# --- What no definition that was read can hold, and code can -----------------------------------


@dataclass
class Text:
    """
    A template that renders to what it was given.
    """

    text: str
    variables: frozenset[str] = frozenset({"CALL_NOTES"})
    gaps: int = 1
    is_generated: bool = True

    def render(self, values: Mapping[str, Value]) -> str:
        return self.text

    def render_bytes(self, values: Mapping[str, Value]) -> bytes:
        return self.text.encode()


@dataclass
class Compiled:
    """
    A compiled webhook of such templates.
    """

    url: Text
    headers: tuple[tuple[str, Text], ...] = ()
    body: Text | None = None
    group: Group | None = None
    method: str = "GET"
    credentials: frozenset[str] = frozenset()
    deadline_s: float = 4.0
    ca_file: str | None = None
    definition: Webhook = field(
        default_factory=lambda: Webhook(name="W", type=WebhookType.AJAX_GET, url="https://crm.example/")
    )


@pytest.mark.parametrize(
    "value",
    ["a\r\nX-Admin: 1", "a\nb", "a\x00b", "a\x7fb", "caf\u00e9", " a", "a ", "\ta", "\ud800"],
    ids=repr,
)
def test_no_value_splits_a_header(value: str) -> None:
    """
    The last look does not rely on what the templates have seen to.
    """
    with pytest.raises(UnsafeValue, match="X-Note cannot carry"):
        prepare(Compiled(Text("https://crm.example/"), headers=(("X-Note", Text(value)),)), {})


@pytest.mark.parametrize("value", ["", "a", "a b\tc", "!~", "a: b"])
def test_a_visible_value_is_carried(value: str) -> None:
    """
    As it stands.
    """
    assert ("X-Note", value) == checked("X-Note", value)


@pytest.mark.parametrize(
    "name",
    [
        "A B",
        "A:B",
        "A\r\nB",
        "",
        "caf\u00e9",
        "Host",
        "content-length",
        "Transfer-Encoding",
        "Connection",
        "TE",
        "Upgrade",
        "Trailer",
        "Expect",
        "Keep-Alive",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Content-Encoding",
    ],
)
def test_no_header_of_the_transports_own(name: str) -> None:
    """
    Two lengths in one request are two requests to somebody.
    """
    with pytest.raises(UnsafeValue):
        Preparation(Compiled(Text("https://crm.example/"), headers=((name, Text("5")),)))


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example/a b",
        "https://crm.example/\r\nX: 1",
        "https://crm.example/caf\u00e9",
        "https://crm.example/<a>",
        "/relative",
        "ftp://crm.example/",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://user:pass@crm.example/",
        "https://:443/",
        "https://crm.example/\\..",
        'https://crm.example/"',
    ],
)
def test_no_url_that_could_be_read_otherwise(url: str) -> None:
    """
    What is sent as it stands must stand as a URL.
    """
    with pytest.raises(UnsafeValue):
        prepare(Compiled(Text(url)), {})


def test_a_host_is_looked_at_whenever_it_changes() -> None:
    """
    The second call's URL is not excused by the first one's.
    """
    compiled = Compiled(Text("https://crm.example/"))
    preparation = Preparation(compiled)
    preparation.prepare({})
    compiled.url.text = "https://user@crm.example/"

    with pytest.raises(UnsafeValue):
        preparation.prepare({})


def test_credentials_that_are_not_there_are_missed() -> None:
    """
    A request without its key is not sent without it.
    """
    basic = Group(name="G", authentication=Authentication.CREDENTIALS)

    with pytest.raises(SecretMissing, match="needs a key"):
        prepare(Compiled(Text("https://crm.example/"), credentials=frozenset({"CREDENTIAL_KEY"})), {})
    with pytest.raises(SecretMissing, match="user name and a password"):
        prepare(Compiled(Text("https://crm.example/"), group=basic), {})


def test_a_user_name_with_a_colon_cannot_be_basic() -> None:
    """
    The target would read another name.
    """
    basic = Group(name="G", authentication=Authentication.CREDENTIALS)
    credentials = Credentials(username="a:b", password="c")

    with pytest.raises(UnsafeValue, match="colon"):
        prepare(Compiled(Text("https://crm.example/"), group=basic), {}, credentials)


@pytest.mark.parametrize(
    ("url", "origin", "target"),
    [
        ("https://crm.example", "https://crm.example", "crm.example:443"),
        ("http://crm.example?q=/", "http://crm.example", "crm.example:80"),
        ("http://crm.example:8080/a", "http://crm.example:8080", "crm.example:8080"),
        ("https://[2001:db8::1]/a#b", "https://[2001:db8::1]", "[2001:db8::1]:443"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443", "[2001:db8::1]:8443"),
    ],
)
def test_knows_where_a_url_leads(url: str, origin: str, target: str) -> None:
    """
    The scheme's own port, where none is named.
    """
    assert (origin, target) == (origin_of(url), target_of(url))
