"""
A webhook's keys fit its type, its content type and its group.
"""

from __future__ import annotations

import pytest

GET = '[[webhook]]\nname = "W"\ntype = "ajax-get"\nurl = "https://crm.example.com/"\n'
POST = '[[webhook]]\nname = "W"\ntype = "ajax-post"\nurl = "https://crm.example.com/"\n'
WINDOW = '[[webhook]]\nname = "W"\ntype = "browser-window"\nurl = "https://crm.example.com/"\n'
PARAMETER = '[[webhook.parameter]]\nname = "p"\nvalue = "{CALLERID}"\n'
KEY = '[[group]]\nname = "G"\nauthentication = "api-key"\nkey = { env = "K" }\nkey_name = "k"\n'
LOGIN = '[[group]]\nname = "G"\nauthentication = "credentials"\nusername = "u"\npassword = { env = "P" }\n'
TOKENS = (
    '[[group]]\nname = "G"\nauthentication = "oauth2"\n[group.oauth2]\ntoken_url = "https://id.example/t"\n'
    'client_id = "c"\nclient_secret = { env = "S" }\n'
)


def with_url(url: str, more: str = "") -> str:
    return f'[[webhook]]\nname = "W"\ntype = "ajax-get"\nurl = "{url}"\n{more}'


REFUSED = {
    "an unknown type": (
        '[[webhook]]\nname = "W"\ntype = "ajax-patch"\nurl = "https://x"\n',
        "webhook[1].type: is 'ajax-patch', which is none of browser-window, ajax-get, ajax-post, ajax-put, ajax-delete",
    ),
    "no URL": ('[[webhook]]\nname = "W"\ntype = "ajax-get"\n', "webhook[1].url: is missing"),
    "a relative URL": (with_url("/api"), "webhook[1].url: must be absolute"),
    "a URL of another scheme": (with_url("file:///etc/passwd"), "webhook[1].url: must be absolute"),
    "a scheme from a variable": (with_url("{CALLERID}://x"), "webhook[1].url: must be absolute"),
    "a host from a variable": (
        with_url("https://{CALL_QUEUE}.example.com/"),
        "webhook[1].url: has a variable in its host",
    ),
    "a host from an expression": (
        with_url("https://{{ CALL_QUEUE | lower }}/"),
        "webhook[1].url: has a variable in its host",
    ),
    "a password in the URL": (with_url("https://u:p@x.example/"), "webhook[1].url: holds a user name"),
    "no host": (with_url("https:///path"), "webhook[1].url: names no host"),
    "a port that is none": (with_url("https://x.example:99999/"), "webhook[1].url: '99999' is no port"),
    "a port of letters": (with_url("https://x.example:http/"), "webhook[1].url: 'http' is no port"),
    "a bare IPv6 address": (
        with_url("https://2001:db8::1/"),
        "webhook[1].url: '2001:db8:' is no host; an IPv6 address stands in brackets",
    ),
    "a host in letters of its own": (
        with_url("https://é.example/"),
        "webhook[1].url: 'é.example' is no host; write 'xn--9ca.example'",
    ),
    "a host that resolvers take for an address": (
        with_url("https://0x7f000001/"),
        "webhook[1].url: '0x7f000001' is no host",
    ),
    "an address of three parts": (with_url("https://127.0.1/"), "webhook[1].url: '127.0.1' is no host"),
    "a host with an empty part": (with_url("https://x..example/"), "webhook[1].url: 'x..example' is no host"),
    "a host of blanks": (with_url("https://x example/"), "webhook[1].url: 'x example' is no host"),
    "a line break": (
        with_url("https://x.example/\\n"),
        "webhook[1].url: holds a blank at its ends or a line break",
    ),
    "a NUL character": (
        f'{POST}content_type = "text"\nbody = "a\\u0000b"\n',
        "webhook[1].body: holds a NUL character",
    ),
    "a key that was nearly right": (
        f'{GET}{PARAMETER}when_emty = "skip"\n',
        "webhook[1].parameter[1].when_emty: is no key of this table; did you mean 'when_empty'?",
    ),
    "a key that is none": (
        f'{GET}[[webhook.view.column]]\npath = "id"\nx = 1\n',
        "webhook[1].view.column[1].x: is no key of this table; it has label, link, path",
    ),
    "a key of Python's": (
        f"{GET}parameters = []\n",
        "webhook[1].parameters: is no key of this table; did you mean 'parameter'?",
    ),
    "hosts for nothing": (
        with_url("https://x.example/", 'hosts = ["x.example"]\n'),
        "webhook[1].url: has no variable in its host",
    ),
    "a host that is a URL": (
        with_url("https://{CALL_QUEUE}/", 'hosts = ["https://x.example"]\n'),
        "webhook[1].hosts[1]: 'https://x.example' is no host; write it alone",
    ),
    "an unknown variable": (
        with_url("https://x.example/{CALLER_ID}"),
        "webhook[1].url: there is no variable CALLER_ID: did you mean CALLERID?",
    ),
    "a template that ends too early": (with_url("https://x.example/{{ CALLERID"), "webhook[1].url: "),
    "a group that is not there": (f'{GET}group = "CRM"\n', "webhook[1].group: there is no group 'CRM'"),
    "a parameter without a name": (
        f'{GET}[[webhook.parameter]]\nname = ""\nvalue = ""\n',
        "webhook[1].parameter[1].name: must not be empty",
    ),
    "a parameter without a value": (
        f'{GET}[[webhook.parameter]]\nname = "p"\n',
        "webhook[1].parameter[1].value: is missing",
    ),
    "a number where a template should be": (
        f'{GET}[[webhook.parameter]]\nname = "p"\nvalue = 5\n',
        "webhook[1].parameter[1].value: must be text, not a number",
    ),
    "a default that is never sent": (
        f'{GET}{PARAMETER}default = "x"\n',
        'webhook[1].parameter[1].default: is never sent: say when_empty = "default"',
    ),
    "a default that is missing": (
        f'{GET}{PARAMETER}when_empty = "default"\n',
        'webhook[1].parameter[1].default: is missing: when_empty = "default" sends it',
    ),
    "a test value that does not read": (
        f'{GET}{PARAMETER}test_value = "{{CALLERI}}"\n',
        "webhook[1].parameter[1].test_value: there is no variable CALLERI",
    ),
    "a body parameter of a GET": (
        f'{GET}{PARAMETER}in = "body"\n',
        'webhook[1].parameter[1].in: type = "ajax-get" sends no body',
    ),
    "a body of a GET": (f'{GET}body = "x"\n', 'webhook[1].body: type = "ajax-get" sends no body'),
    "a body's form of a GET": (
        f'{GET}content_type = "json"\n',
        'webhook[1].content_type: is "json", but type = "ajax-get"',
    ),
    "text without a body": (f'{POST}content_type = "text"\n', "webhook[1].body: is missing"),
    "a body beside parameters in it": (
        f'{POST}content_type = "text"\nbody = "x"\n{PARAMETER}in = "body"\n',
        "webhook[1].parameter[1].in: the webhook has a body template, which is the whole body",
    ),
    "a body beside parameters of no place": (
        f'{POST}content_type = "json"\nbody = "{{}}"\n{PARAMETER}',
        "webhook[1].parameter[1].in: the webhook has a body template, which is the whole body",
    ),
    "a JSON body that is none": (
        f'{POST}content_type = "json"\nbody = "{{"\n',
        "webhook[1].body: ",
    ),
    "an XML body that is none": (
        f'{POST}content_type = "xml"\nbody = "<a>"\n',
        "webhook[1].body: ",
    ),
    "a root of no XML": (
        f'{POST}body_root = "call"\n',
        "webhook[1].body_root: names the root of an XML body",
    ),
    "a root that is no name": (
        f'{POST}content_type = "xml"\nbody_root = "a b"\n',
        "webhook[1].body_root: 'a b' is no name for an XML element",
    ),
    "parameters that nest in a value": (
        f'{POST}content_type = "json"\n{PARAMETER}[[webhook.parameter]]\nname = "p.q"\nvalue = "x"\n',
        "webhook[1].parameter[2].name: ",
    ),
    "redirects of a POST": (f"{POST}max_redirects = 1\n", 'webhook[1].max_redirects: only type = "ajax-get"'),
    "redirects without end": (
        f"{GET}max_redirects = 11\n",
        "webhook[1].max_redirects: is 11; it must be at most 10",
    ),
    "an older answer to a POST": (
        f"{POST}stale_s = 60\n",
        'webhook[1].stale_s: only the answer to an "ajax-get"',
    ),
    "an older answer for nobody": (
        f'{GET}delivery = "durable"\nstale_s = 60\n',
        'webhook[1].stale_s: means nothing with delivery = "durable"',
    ),
    "a GET that is said to be safe": (f"{GET}safe = true\n", "webhook[1].safe: means nothing"),
    "a durable request that is said to be safe": (
        f'{POST}delivery = "durable"\nsafe = true\n',
        'webhook[1].safe: means nothing with delivery = "durable"',
    ),
    "an answer of last week": (
        f"{GET}stale_s = 604800\n",
        "webhook[1].stale_s: is 604800; it must be at most 86,400",
    ),
    "an order for an agent who waits": (
        f'{GET}order = "none"\n',
        'webhook[1].order: means nothing with delivery = "live"',
    ),
    "an order there is not": (
        f'{GET}delivery = "durable"\norder = "fifo"\n',
        "webhook[1].order: is 'fifo', which is none of",
    ),
    "a hold without an order": (
        f'{GET}delivery = "durable"\norder = "none"\nhold_s = 5\n',
        'webhook[1].hold_s: means nothing with order = "none"',
    ),
    "attempts without end": (
        f'{GET}delivery = "durable"\nmax_attempts = 101\n',
        "webhook[1].max_attempts: is 101; it must be at most 100",
    ),
    "no attempt": (
        f'{GET}delivery = "durable"\nmax_attempts = 0\n',
        "webhook[1].max_attempts: is 0; it must be at least 1",
    ),
    "a life of a year": (
        f'{GET}delivery = "durable"\nexpires_s = 31536000\n',
        "webhook[1].expires_s: is 31536000; it must be at most 2,592,000",
    ),
    "a wait of a year": (
        f'{GET}delivery = "durable"\nlongest_wait_s = 31536000\n',
        "webhook[1].longest_wait_s: is 31536000; it must be at most 86,400",
    ),
    "a retry of what is decided": (
        f'{GET}delivery = "durable"\nretry_on = [404, 410]\n',
        "webhook[1].retry_on[2]: is 410, which is none of 401, 403, 404",
    ),
    "a retry said twice": (
        f'{GET}delivery = "durable"\nretry_on = [404, 404]\n',
        "webhook[1].retry_on[2]: 404 stands here twice",
    ),
    "hardly enabled": (f'{GET}enabled = "yes"\n', "webhook[1].enabled: "),
    "no time at all": (f"{GET}deadline_s = 0\n", "webhook[1].deadline_s: is 0; it must be more than 0"),
    "a time that is none": (f"{GET}deadline_s = nan\n", "webhook[1].deadline_s: "),
    "a header that is none": (
        f'{GET}[[webhook.header]]\nname = "A:B"\nvalue = "x"\n',
        "webhook[1].header[1].name: 'A:B' is no header name",
    ),
    "a header of the transport": (
        f'{GET}[[webhook.header]]\nname = "transfer-encoding"\nvalue = "x"\n',
        "webhook[1].header[1].name: transfer-encoding is the transport's own header",
    ),
    "a header of a proxy": (
        f'{GET}[[webhook.header]]\nname = "Proxy-Connection"\nvalue = "x"\n',
        "webhook[1].header[1].name: Proxy-Connection is the transport's own header",
    ),
    "a header twice": (
        f'{GET}[[webhook.header]]\nname = "X-A"\nvalue = "x"\n[[webhook.header]]\nname = "x-a"\nvalue = "y"\n',
        "webhook[1].header[2].name: x-a is set twice",
    ),
    "a form of no body": (
        f'{GET}[[webhook.header]]\nname = "Content-Type"\nvalue = "a/b"\n',
        'webhook[1].header[1].name: type = "ajax-get" sends no body whose form it could name',
    ),
    "a form that a caller chooses": (
        f'{POST}[[webhook.header]]\nname = "Content-Type"\nvalue = "{{CALL_NOTES}}"\n',
        "webhook[1].header[1].value: must be plain text",
    ),
    "a form that is no media type": (
        f'{POST}[[webhook.header]]\nname = "Content-Type"\nvalue = "json"\n',
        "webhook[1].header[1].value: 'json' is no media type",
    ),
    "a form in another charset": (
        f'{POST}[[webhook.header]]\nname = "Content-Type"\nvalue = "text/xml; charset=iso-8859-1"\n',
        "webhook[1].header[1].value: says charset 'iso-8859-1', but a body is sent as UTF-8",
    ),
    "an outcome there is not": (
        f'{GET}[[webhook.outcome]]\nwhen = "true"\nis = "skipped!"\n',
        "webhook[1].outcome[1].is: is 'skipped!', which is none of",
    ),
    "a condition that does not read": (
        f'{GET}[[webhook.outcome]]\nwhen = "status =="\nis = "ok"\n',
        "webhook[1].outcome[1].when: ",
    ),
    "a sentence about what there is not": (
        f'{GET}[[webhook.outcome]]\nwhen = "status == 200"\nis = "ok"\nsay = "{{{{ respons }}}}"\n',
        "webhook[1].outcome[1].say: ",
    ),
    "records at no path": (
        f'{GET}[webhook.view]\nrecords = "a["\n',
        "webhook[1].view.records: 'a[' is no path",
    ),
    "a column at no path": (
        f'{GET}[[webhook.view.column]]\npath = "a..b"\n',
        "webhook[1].view.column[1].path: 'a..b' is no path",
    ),
    "a secret of the group's by name": (
        f'{KEY}{with_url("https://x.example/{CREDENTIAL_KEY}")}group = "G"\n',
        "webhook[1].url: there is no variable CREDENTIAL_KEY",
    ),
    "a secret of the query's group by name": (
        f'{KEY}key_in = "query"\n{GET}group = "G"\n[[webhook.parameter]]\nname = "p"\nvalue = "{{CREDENTIAL_KEY}}"\n',
        "webhook[1].parameter[1].value: there is no variable CREDENTIAL_KEY",
    ),
}


@pytest.mark.parametrize(("text", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_is_refused(refusals, text, problem):
    """
    One mistake, one problem, at the key that is wrong.
    """
    [found] = refusals(text)

    assert found.startswith(problem)


IN_A_BROWSER = {
    "headers": ('[[webhook.header]]\nname = "A"\nvalue = "b"\n', "header"),
    "a body": ('body = "x"\n', "body"),
    "an outcome": ('[[webhook.outcome]]\nwhen = "true"\nis = "ok"\n', "outcome"),
    "a view": ('[[webhook.view.column]]\npath = "a"\n', "view"),
    "a deadline": ("deadline_s = 2\n", "deadline_s"),
    "a form of response": ('response_type = "json"\n', "response_type"),
    "durable delivery": ('delivery = "durable"\n', "delivery"),
    "redirects": ("max_redirects = 1\n", "max_redirects"),
    "an older answer": ("stale_s = 60\n", "stale_s"),
    "a lookup": ("safe = true\n", "safe"),
    "an order": ('order = "none"\n', "order"),
    "a hold": ("hold_s = 5\n", "hold_s"),
    "a life": ("expires_s = 5\n", "expires_s"),
    "attempts": ("max_attempts = 5\n", "max_attempts"),
    "a wait": ("longest_wait_s = 5\n", "longest_wait_s"),
    "retries": ("retry_on = [404]\n", "retry_on"),
}


@pytest.mark.parametrize(("text", "key"), IN_A_BROWSER.values(), ids=IN_A_BROWSER.keys())
def test_a_browser_window_has_no_use_for(refusals, text, key):
    """
    What the agent's browser does by itself cannot be told it by a webhook.
    """
    [found] = refusals(WINDOW + text)

    assert found.startswith(f'webhook[1].{key}: means nothing with type = "browser-window": ')


@pytest.mark.parametrize(
    "group",
    [
        KEY,
        f'{KEY}key_in = "body"\n',
        LOGIN,
        f'{LOGIN}credentials_in = "query"\n',
        f'{LOGIN}credentials_in = "body"\n',
        TOKENS,
    ],
    ids=[
        "key in a header",
        "key in the body",
        "basic",
        "password in the query",
        "password in the body",
        "oauth2",
    ],
)
def test_a_secret_that_cannot_travel_with_a_browser_window_is_refused(refusals, group):
    """
    The agent's browser sends it, so only a key placed in the query can travel.
    """
    [found] = refusals(f'{group}{WINDOW}group = "G"\n')

    assert found.startswith("webhook[1].group: the group 'G' sends its secret ")


@pytest.mark.parametrize("method", ["ajax-get", "ajax-delete"])
@pytest.mark.parametrize(
    "group", [f'{KEY}key_in = "body"\n', f'{LOGIN}credentials_in = "body"\n'], ids=["key", "credentials"]
)
def test_a_secret_in_the_body_needs_one(refusals, method, group):
    """
    GET and DELETE have no body in which a secret could travel.
    """
    [found] = refusals(f'{group}{GET.replace("ajax-get", method)}group = "G"\n')

    assert "sends its secret in the body" in found


def test_a_key_in_the_query_is_taken_in_a_browser_window_too(refusals):
    """
    The one placement that a browser window has is guarded like the others.
    """
    [found] = refusals(
        f'{KEY}key_in = "query"\n{WINDOW}group = "G"\n[[webhook.parameter]]\nname = "k"\nvalue = "x"\n'
    )

    assert found.startswith("webhook[1].parameter[1].name: is the parameter in which the group")


def test_a_secret_in_the_body_needs_a_body_made_of_parameters(refusals):
    """
    A template is the whole body, so nothing can be put into it.
    """
    [found] = refusals(f'{KEY}key_in = "body"\n{POST}group = "G"\ncontent_type = "json"\nbody = "{{}}"\n')

    assert found.startswith("webhook[1].body: is a template, so the secret")


@pytest.mark.parametrize(
    ("group", "part"),
    [
        (KEY, '[[webhook.header]]\nname = "K"\nvalue = "x"\n'),
        (LOGIN, '[[webhook.header]]\nname = "authorization"\nvalue = "x"\n'),
        (TOKENS, '[[webhook.header]]\nname = "Authorization"\nvalue = "x"\n'),
        (f'{KEY}key_in = "query"\n', '[[webhook.parameter]]\nname = "k"\nvalue = "x"\n'),
        (f'{LOGIN}credentials_in = "query"\n', '[[webhook.parameter]]\nname = "password"\nvalue = "x"\n'),
    ],
    ids=["header", "basic", "bearer", "query", "credentials"],
)
def test_a_webhook_does_not_take_the_place_of_its_groups_secret(refusals, group, part):
    """
    Two values of one header or parameter: nobody knows which of them the target system would take.
    """
    [found] = refusals(f'{group}{GET}group = "G"\n{part}')

    assert "in which the group 'G' sends its secret" in found
