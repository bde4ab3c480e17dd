"""
A compiled webhook makes the request its definition says, with the secret in its place.
"""

from __future__ import annotations

import gc
import json
import weakref

import pytest

from webhook_engine.definitions import (
    CREDENTIAL_KEY,
    CREDENTIAL_PASSWORD,
    CREDENTIAL_USERNAME,
    Agent,
    CompiledWebhook,
    Definitions,
    Group,
    Header,
    OAuth2,
    Outcome,
    OutcomeDefinition,
    Parameter,
    SecretRef,
    Webhook,
    read_text,
)
from webhook_engine.definitions.words import (
    Authentication,
    ContentType,
    CredentialsIn,
    DeliveryClass,
    KeyIn,
    ParameterIn,
    WebhookType,
    WhenEmpty,
)
from webhook_engine.errors import DefinitionError, UnsafeValue

URL = "https://crm.example.com/calls"
PHONE = Parameter(name="phone", value="{CALLERID_NUMBER}")
NAME = Parameter(name="contact.name", value="{CALLERID_NAME}")
VALUES = {"CALLERID_NUMBER": "082 1", "CALLERID_NAME": "A & B"}
SECRETS = {CREDENTIAL_KEY: "k&y", CREDENTIAL_USERNAME: "u", CREDENTIAL_PASSWORD: 'p"w'}


def compiled(webhook_type: WebhookType, *, group: Group | None = None, **others: object) -> CompiledWebhook:
    webhook = Webhook(name="w", type=webhook_type, url=URL, group=group.name if group else None, **others)
    return Definitions.build(webhooks=[webhook], groups=[group] if group else []).compiled("w")


def with_key(key_in: KeyIn, **others: object) -> Group:
    return Group(
        name="g",
        authentication=Authentication.API_KEY,
        key=SecretRef.env("K"),
        key_in=key_in,
        key_name="key",
        **others,
    )


def with_password(where: CredentialsIn) -> Group:
    return Group(
        name="g",
        authentication=Authentication.CREDENTIALS,
        credentials_in=where,
        username=SecretRef.literal("u"),
        password=SecretRef.env("P"),
    )


def headers_of(webhook: CompiledWebhook) -> dict[str, str]:
    return {name: template.render(VALUES | SECRETS) for name, template in webhook.headers}


@pytest.mark.parametrize(
    ("webhook_type", "method"),
    [("browser-window", "GET"), ("ajax-get", "GET"), ("ajax-delete", "DELETE")],
)
def test_without_a_body_parameters_travel_in_the_query(webhook_type, method):
    """
    Browser window, GET and DELETE carry everything in their URL.
    """
    webhook = compiled(WebhookType(webhook_type), parameters=(PHONE,))

    assert f"{URL}?phone=082%201" == webhook.url.render(VALUES)
    assert (method, None, ()) == (webhook.method, webhook.body, webhook.headers)


BODIES = {
    "url": ("application/x-www-form-urlencoded", "phone=082+1&contact.name=A+%26+B"),
    "json": ("application/json", '{"phone":"082 1","contact":{"name":"A & B"}}'),
    "xml": (
        "application/xml; charset=utf-8",
        (
            '<?xml version="1.0" encoding="UTF-8"?><call><phone>082 1</phone>'
            "<contact><name>A &amp; B</name></contact></call>"
        ),
    ),
}


@pytest.mark.parametrize("method", [WebhookType.AJAX_POST, WebhookType.AJAX_PUT])
@pytest.mark.parametrize(("content_type", "expected"), BODIES.items(), ids=BODIES.keys())
def test_parameters_make_the_body(method, content_type, expected):
    """
    A form, a JSON tree or an XML tree, with the header that says so.
    """
    root = {"body_root": "call"} if content_type == "xml" else {}
    webhook = compiled(method, content_type=ContentType(content_type), parameters=(PHONE, NAME), **root)

    assert expected == (headers_of(webhook)["Content-Type"], webhook.body.render(VALUES))
    assert URL == webhook.url.render(VALUES)


def test_a_parameter_of_a_post_may_travel_in_the_query():
    """
    `in = "query"` goes its own way, beside the body.
    """
    dated = Parameter(name="at", value="{DATETIME}", place=ParameterIn.QUERY)
    webhook = compiled(WebhookType.AJAX_POST, parameters=(dated, PHONE))

    assert f"{URL}?at=2020-01-01" == webhook.url.render({"DATETIME": "2020-01-01"})
    assert "phone=082+1" == webhook.body.render(VALUES)


def test_a_body_template_is_the_whole_body():
    """
    What stands in it is escaped for the form it has.
    """
    webhook = compiled(
        WebhookType.AJAX_POST,
        content_type=ContentType.JSON,
        body='{"who": "{CALLERID_NAME}"}',
        parameters=(Parameter(name="v", value="2", place=ParameterIn.QUERY),),
    )

    assert {"who": 'a "quote"'} == json.loads(webhook.body.render({"CALLERID_NAME": 'a "quote"'}))
    assert f"{URL}?v=2" == webhook.url.render({})


def test_text_is_sent_as_its_template_says():
    """
    No form of its own, and a header that says so.
    """
    webhook = compiled(WebhookType.AJAX_PUT, content_type=ContentType.TEXT, body="{CALLERID_NAME} rang")

    assert "A & B rang" == webhook.body.render(VALUES)
    assert "text/plain; charset=utf-8" == headers_of(webhook)["Content-Type"]


def test_a_header_of_the_webhooks_own_may_name_the_form():
    """
    SOAP and JSON dialects have media types of their own.
    """
    webhook = compiled(
        WebhookType.AJAX_POST,
        content_type=ContentType.XML,
        body="<a>{CALLERID_NAME}</a>",
        headers=(
            Header(name="content-type", value="application/soap+xml"),
            Header(name="X-No", value="{CALLERID_NUMBER}"),
        ),
    )

    assert {"content-type": "application/soap+xml", "X-No": "082 1"} == headers_of(webhook)


@pytest.mark.parametrize(
    ("url", "hosts", "expected"),
    [
        ("https://{CALL_QUEUE}/a", "crm.example.com", "https://crm.example.com/a"),
        ("https://{CALL_QUEUE}:8443/a", "crm.example.com:8443", "https://crm.example.com:8443/a"),
        ("https://{{ CALL_QUEUE | lower }}/a", "crm.example.com", "https://crm.example.com/a"),
    ],
)
def test_a_host_from_a_call_is_one_of_those_listed(url, hosts, expected):
    """
    The list decides, with the port where the URL has one; everything else is refused.
    """
    webhook = Webhook(name="w", type=WebhookType.AJAX_GET, url=url, hosts=("x.example", hosts))
    template = Definitions.build(webhooks=[webhook]).compiled("w").url

    assert expected == template.render({"CALL_QUEUE": "crm.example.com"})
    with pytest.raises(UnsafeValue, match="is not one of the hosts this webhook may reach"):
        template.render({"CALL_QUEUE": "evil.example"})


# --- Secrets -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("prefix", "shown"),
    [("", "k&y"), ("Bearer", "Bearer k&y"), ("token=", "token=k&y")],
    ids=["none", "word", "sign"],
)
def test_a_key_in_a_header_stands_behind_its_prefix(prefix, shown):
    """
    `Authorization: Bearer …` is a key with a prefix.
    """
    webhook = compiled(WebhookType.AJAX_GET, group=with_key(KeyIn.HEADER, key_prefix=prefix))

    assert {"key": shown} == headers_of(webhook)
    assert {CREDENTIAL_KEY} == webhook.credentials


@pytest.mark.parametrize(
    "webhook_type", [WebhookType.BROWSER_WINDOW, WebhookType.AJAX_GET, WebhookType.AJAX_POST]
)
def test_a_key_in_the_query_is_escaped_for_the_query(webhook_type):
    """
    A key with an ampersand is still one key.
    """
    webhook = compiled(webhook_type, group=with_key(KeyIn.QUERY))

    assert f"{URL}?key=k%26y" == webhook.url.render(SECRETS)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("url", "phone=082+1&key=k%26y"),
        ("json", '{"phone":"082 1","key":"k&y"}'),
        (
            "xml",
            '<?xml version="1.0" encoding="UTF-8"?><request><phone>082 1</phone><key>k&amp;y</key></request>',
        ),
    ],
)
def test_a_key_in_the_body_is_escaped_for_its_form(content_type, expected):
    """
    In a form, a JSON tree and an XML tree alike.
    """
    webhook = compiled(
        WebhookType.AJAX_POST,
        group=with_key(KeyIn.BODY),
        content_type=ContentType(content_type),
        parameters=(PHONE,),
    )

    assert expected == webhook.body.render(VALUES | SECRETS)
    assert {"CALLERID_NUMBER"} == webhook.variables
    assert {CREDENTIAL_KEY} == webhook.credentials


def test_credentials_travel_as_two_parameters():
    """
    In the query or in the body, under the names the group gives.
    """
    query = compiled(WebhookType.AJAX_DELETE, group=with_password(CredentialsIn.QUERY))
    body = compiled(
        WebhookType.AJAX_POST, group=with_password(CredentialsIn.BODY), content_type=ContentType.JSON
    )

    assert f"{URL}?username=u&password=p%22w" == query.url.render(SECRETS)
    assert {"username": "u", "password": 'p"w'} == json.loads(body.body.render(SECRETS))


def test_what_only_the_moment_of_sending_knows_is_in_no_template():
    """
    Basic and Bearer are put together when the request is prepared.
    """
    tokens = Group(
        name="g",
        authentication=Authentication.OAUTH2,
        oauth2=OAuth2(
            token_url="https://id.example/t", client_id=SecretRef.env("I"), client_secret=SecretRef.env("S")
        ),
    )
    for group in (with_password(CredentialsIn.BASIC), tokens):
        webhook = compiled(WebhookType.AJAX_GET, group=group)

        assert (frozenset(), ()) == (webhook.credentials, webhook.headers)


# --- Values, deadlines, outcomes ---------------------------------------------


def test_a_webhook_asks_for_the_variables_it_reads():
    """
    From URL, headers, body and outcomes; what the response brings is not the call's.
    """
    webhook = compiled(
        WebhookType.AJAX_POST,
        parameters=(PHONE,),
        headers=(Header(name="X-Agent", value="{EXTENSION}"),),
        outcomes=(
            OutcomeDefinition(when="status == 200 and CALL_DIR", outcome=Outcome.OK, say="{{ CALL_QUEUE }}"),
        ),
    )

    assert {"CALLERID_NUMBER", "EXTENSION", "CALL_DIR", "CALL_QUEUE"} == webhook.variables


def test_a_test_value_takes_the_place_of_its_parameter():
    """
    The Test button sends what its author put there, through the same filters and slots.
    """
    definitions = Definitions.build(
        webhooks=[
            Webhook(
                name="w",
                type=WebhookType.AJAX_GET,
                url=URL,
                parameters=(Parameter(name="phone", value="{CALLERID_NUMBER}", test_value="+27 82"), NAME),
            )
        ]
    )

    assert f"{URL}?phone=%2B27%2082&contact.name=A%20%26%20B" == definitions.compiled(
        "w", test=True
    ).url.render(VALUES)
    assert f"{URL}?phone=082%201&contact.name=A%20%26%20B" == definitions.compiled("w").url.render(VALUES)


@pytest.mark.parametrize(
    ("when_empty", "expected"),
    [(None, f"{URL}?phone="), ("send", f"{URL}?phone="), ("omit", URL), ("default", f"{URL}?phone=none")],
)
def test_an_empty_parameter_goes_by_its_rule(when_empty, expected):
    """
    Where the author decided nothing, it is sent.
    """
    parameter = Parameter(
        name="phone",
        value="{CALLERID_NUMBER}",
        when_empty=WhenEmpty(when_empty) if when_empty else None,
        default="none" if when_empty == "default" else None,
    )

    assert expected == compiled(WebhookType.AJAX_GET, parameters=(parameter,)).url.render(
        {"CALLERID_NUMBER": ""}
    )


@pytest.mark.parametrize(
    ("delivery", "stated", "deadline_s"),
    [("live", None, 4.0), ("durable", None, 15.0), ("live", 2.5, 2.5), ("durable", 60.0, 60.0)],
)
def test_a_deadline_is_the_delivery_classs_unless_stated(delivery, stated, deadline_s):
    """
    An agent waits four seconds; what is delivered after the call has fifteen.
    """
    webhook = compiled(WebhookType.AJAX_GET, delivery=DeliveryClass(delivery), deadline_s=stated)

    assert deadline_s == webhook.deadline_s


@pytest.mark.parametrize(
    ("when", "reads"),
    [("status == 200", False), ("headers['x'] == 'y'", False), ("rows == 0", True), ("'no' in text", True)],
)
def test_an_outcome_says_whether_it_needs_the_response_read(when, reads):
    """
    A rule about the status alone does not cost the reading of ten megabytes.
    """
    webhook = compiled(
        WebhookType.AJAX_GET, outcomes=(OutcomeDefinition(when=when, outcome=Outcome.REFUSED),)
    )

    [rule] = webhook.rules
    assert reads == rule.reads_response
    assert f"outcome[1]: {when}" == rule.label


def test_an_outcome_is_asked_about_the_response():
    """
    Condition and sentence see the response's own members.
    """
    webhook = compiled(
        WebhookType.AJAX_GET,
        outcomes=(
            OutcomeDefinition(
                when="response.Error is defined", outcome=Outcome.REFUSED, say="No: {{ response.Error }}"
            ),
        ),
    )

    [rule] = webhook.rules
    assert rule.when({"response": {"Error": "late"}})
    assert "No: late" == rule.say({"response": {"Error": "late"}})
    assert not rule.when({"response": {}})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('type = "ajax-get"', True),
        ('type = "ajax-post"', False),
        ('type = "ajax-post"\n[[webhook.view.column]]\npath = "id"', True),
    ],
    ids=["a look-up", "a report", "a search by POST"],
)
def test_who_asked_for_rows_is_told_when_there_are_none(text, expected):
    """
    An empty answer means no match to a look-up, and success to a report.
    """
    definitions = read_text(f'[[webhook]]\nname = "w"\nurl = "{URL}"\n{text}\n')

    assert expected == definitions.compiled("w").expects_rows


def test_paths_begin_at_the_definitions_folder(tmp_path):
    """
    A file moves together with its certificates.
    """
    text = '[[group]]\nname = "g"\nca_file = "ca.pem"\n[[webhook]]\nname = "w"\ntype = "ajax-get"\nurl = "https://x"\ngroup = "g"\n'

    assert str(tmp_path / "ca.pem") == read_text(text, folder=tmp_path).compiled("w").ca_file
    assert "ca.pem" == read_text(text).compiled("w").ca_file


# --- From objects ------------------------------------------------------------


def test_objects_are_checked_as_a_file_is():
    """
    The same problems at the same paths, whoever wrote the definitions down.
    """
    with pytest.raises(DefinitionError) as caught:
        Definitions.build(
            agents=[Agent(extension="100")],
            webhooks=[Webhook(name="w", type=WebhookType.AJAX_GET, url="https://x/{CALER}", group="CRM")],
        )

    assert ["agent[1].extension", "webhook[1].group", "webhook[1].url"] == [
        each.path for each in caught.value.problems
    ]


def test_definitions_that_nobody_checked_cannot_be_made():
    """
    There is one door, and what comes through it is compiled.
    """
    with pytest.raises(TypeError, match=r"made by Definitions\.build"):
        Definitions(webhooks=(Webhook(name="w", type=WebhookType.AJAX_GET, url="nonsense"),))


def test_objects_of_the_wrong_kind_are_refused_by_name():
    """
    Python does not check types; this does.
    """
    with pytest.raises(DefinitionError) as caught:
        Definitions.build(
            webhooks=[Webhook(name="w", type="ajax-gett", url=5, parameters=["phone"], deadline_s="4")],  # type: ignore[arg-type]
            groups=[None],  # type: ignore[list-item]
            silence=["nonsense"],
        )

    assert {
        "webhook[1].type",
        "webhook[1].url",
        "webhook[1].parameter[1]",
        "webhook[1].deadline_s",
        "group[1]",
        "tenant.silence",
    } == {each.path for each in caught.value.problems}


MANY = """
[[group]]
name = "CRM"
max_in_flight = 3

""" + "".join(
    f"""
[[webhook]]
name = "Hook {n}"
group = "CRM"
type = "ajax-get"
url = "https://crm.example.com/{n}/{{CALLERID_NUMBER}}"

[[rule]]
name = "Rule {n}"
on = ["ended"]
when = "CALL_DURATION > {n}"
webhooks = ["Hook {n}"]
"""
    for n in range(5)
)

EDITS = {
    "nothing": (lambda text: text, 5, 5),
    "a webhook": (lambda text: text.replace("/3/", "/three/"), 4, 5),
    "a rule": (lambda text: text.replace("> 3", "> 33"), 5, 4),
    "the order": (
        lambda text: text + '[[webhook]]\nname = "More"\ntype = "ajax-get"\nurl = "https://a.example"\n',
        5,
        5,
    ),
    "the group": (lambda text: text.replace("max_in_flight = 3", "max_in_flight = 4"), 0, 5),
    "a custom variable": (lambda text: text + '[[variable]]\nname = "MINE"\nknown_from = "ringing"\n', 0, 0),
    "the country": (lambda text: '[tenant]\ncountry = "ZA"\n' + text, 0, 0),
    "the time zone": (lambda text: '[tenant]\ntime_zone = "Africa/Johannesburg"\n' + text, 0, 0),
}


@pytest.mark.parametrize(("edit", "webhooks", "rules"), EDITS.values(), ids=EDITS.keys())
def test_an_edit_compiles_what_it_changes(edit, webhooks, rules):
    """
    What is the same as before, with everything that it is made of, is taken over.
    """
    before = read_text(MANY)

    after = read_text(edit(MANY))

    kept = [each for name, each in before.index.webhooks.items() if after.index.webhooks[name] is each]
    asked = [each for name, each in before.index.rules.items() if after.index.rules[name] is each]
    assert (webhooks, rules) == (len(kept), len(asked))
    assert all(each.definition == after.webhook(each.definition.name) for each in kept)


def test_what_nobody_uses_any_more_is_forgotten():
    """
    A process does not grow with the edits of a day.
    """
    reference = weakref.ref(read_text(MANY).compiled("Hook 1"))
    gc.collect()

    assert reference() is None
