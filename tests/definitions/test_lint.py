"""
Lint finds what reads well and goes wrong, and its page says why.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from webhook_engine.definitions import lint, read_file, read_text
from webhook_engine.definitions.linting import Finding, Spot
from webhook_engine.definitions.linting.codes import CODES

PAGE = Path(__file__).parents[2] / "docs" / "lint.md"


def sections() -> dict[str, str]:
    """
    The page's sections by their code.
    """
    parts = re.split(r"^## `(.+)`$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def example(code: str) -> str:
    return re.search(r"```toml\n(.*?)```", sections()[code], re.DOTALL)[1]


def findings(text: str) -> list[Finding]:
    """
    Those of the text; where the page's example is of responses, what they would say.
    """
    column = re.search(r'path = "(.+?)" +# ', text)
    code = next((code for code in OF_RESPONSES if column and example(code) in _unsilenced(text)), None)
    spots = []
    if code is not None:
        inside = ("view", "column", 0, "path")
        spots = [Spot(code=code, kind="webhook", name="Contact lookup", inside=inside, message="is another")]
    return list(lint(read_text(text), spots))


def _unsilenced(text: str) -> str:
    return re.sub(r"(\[tenant\]\n)?silence = .*\n", "", text)


def codes_of(text: str) -> list[str]:
    return [finding.code for finding in findings(text)]


def test_every_code_has_its_section():
    """
    In the table's order, which is the alphabet's.
    """
    assert sorted(CODES) == list(CODES) == list(sections())


@pytest.mark.parametrize("code", CODES.values(), ids=CODES.keys())
def test_the_page_says_what_the_table_says(code):
    """
    One place decides what a code is called and why it is there.
    """
    text = " ".join(sections()[code.name].split())

    assert f"{code.title}. {code.why}" in text


@pytest.mark.parametrize("code", CODES)
def test_the_example_is_found(code):
    """
    Each example has the one finding it is there for.
    """
    assert {code} == set(codes_of(example(code)))


OF_RESPONSES = sorted(code for code, row in CODES.items() if row.of_responses)


@pytest.mark.parametrize("code", OF_RESPONSES)
def test_what_is_found_in_responses_is_silenced_also_where_none_are_looked_at(code):
    """
    A check without recorded responses cannot tell whether the silence has its reason.
    """
    silenced = example(code).replace("[[webhook]]\n", f'[[webhook]]\nsilence = ["{code}"]\n')

    assert () == lint(read_text(silenced))
    assert ["silences-nothing"] == [each.code for each in lint(read_text(silenced), [])]


SILENCEABLE = sorted(CODES.keys() - {"silences-nothing"})
OF_THE_TENANT = {"foreign-agent", "unused-variable", "wide-network"}


@pytest.mark.parametrize("code", SILENCEABLE)
def test_it_can_be_silenced_for_the_whole_document(code):
    """
    `silence` in `[tenant]` hides the finding, and is no finding itself.
    """
    text = example(code)
    silence = f'[tenant]\nsilence = ["{code}"]\n'
    text = text.replace("[tenant]\n", silence) if "[tenant]" in text else f"{silence}{text}"

    assert [] == codes_of(text)


@pytest.mark.parametrize("code", [each for each in SILENCEABLE if each not in OF_THE_TENANT])
def test_it_can_be_silenced_in_its_place(code):
    """
    `silence` in the definition hides the finding there.
    """
    [finding, *_] = findings(example(code))
    kind, index = re.match(r"(\w+)\[(\d+)\]", finding.path).groups()

    headers = list(re.finditer(rf"^\[\[{kind}\]\]\n", example(code), re.MULTILINE))
    place = headers[int(index) - 1].end()
    silenced = f'{example(code)[:place]}silence = ["{code}"]\n{example(code)[place:]}'

    assert [] == codes_of(silenced)


@pytest.mark.parametrize("code", SILENCEABLE)
def test_its_section_says_where_it_is_silenced(code):
    """
    In the definition that it is found in; where that has no such key, in the tenant.
    """
    kind = re.match(r"\w+", next(each for each in findings(example(code)) if each.code == code).path)[0]
    place = "`[tenant]`" if code in OF_THE_TENANT else f"the `[[{kind}]]`"

    assert f'`silence = ["{code}"]` in {place}.' in sections()[code]


# --- Nothing is found where nothing is wrong ---------------------------------


def webhook(url: str) -> str:
    return f'[[webhook]]\nname = "W"\ntype = "ajax-get"\nurl = "{url}"\n'


def post(value: str, name: str = "p") -> str:
    return (
        '[[webhook]]\nname = "P"\ntype = "ajax-put"\nurl = "https://x.example/"\n'
        f'[[webhook.parameter]]\nname = "{name}"\nvalue = "{value}"\n'
    )


KEY = '[[group]]\nname = "G"\nauthentication = "api-key"\nkey = { env = "K" }\nkey_name = "X-Key"\n'
ZA = '[tenant]\ncountry = "ZA"\n'
ALLOWED = '[tenant]\nallowed_networks = ["10.0.0.0/8", "127.0.0.0/8", "::1"]\n'


def ruled(when: str, more: str = "") -> str:
    return f'{post("x")}[[rule]]\nname = "a"\non = ["ended"]\nwebhooks = ["P"]\nwhen = "{when}"\n{more}'


FINE = {
    "a direction or another": ruled("CALL_DIR == 'incoming' or CALL_DIR == 'outgoing'"),
    "a direction that is not known": ruled("CALL_DIR == ''"),
    "the same twice": ruled(
        "CALL_QUEUE in ['Sales', 'Support'] and CALL_QUEUE == 'Sales'", 'call_queue = "Sales"\n'
    ),
    "what is not a text": ruled("CALL_QUEUE == 7 and CALL_QUEUE == CALLERID_NAME"),
    "a direction that it is not": ruled("CALL_DIR != 'inbound' and CALL_DIR not in ['x']"),
    "a number in a form": ZA + webhook("https://x.example/{{ CALLERID_NUMBER | e164 }}"),
    "a number's last digits need no country": webhook("https://x.example/{{ CALL_NUMBER | last(9) }}"),
    "a value every call has": post("{EXTENSION}"),
    "a value among text": post("queue: {CALL_QUEUE}"),
    "a value with a default": post("{{ CALL_QUEUE | default('none') }}"),
    "an empty value that is meant": f'{post("{CALL_QUEUE}")}when_empty = "send"\n',
    "a key over http on this machine": f'{ALLOWED}{KEY}{webhook("http://127.0.0.1:8080/")}group = "G"\n',
    "no secret over http": webhook("http://x.example/"),
    "a private host that is allowed": ALLOWED + webhook("https://10.1.2.3/"),
    "this machine by name, allowed": ALLOWED + webhook("https://localhost/"),
    "a public address": webhook("https://[2606:4700::1111]:8443/"),
    "a durable webhook that takes its time": (
        f'{webhook("https://x.example/")}delivery = "durable"\ndeadline_s = 60\n'
    ),
    "a token from a variable": post("{CALL_SIPID}", "token"),
    "a parameter whose name only sounds secret": post("bearer", "token_type"),
    "a rule that stops some": (
        f'{post("x")}[[rule]]\nname = "a"\non = ["ringing"]\ncall_queue = "VIP"\nstop = true\n'
        '[[rule]]\nname = "b"\non = ["ringing"]\nwebhooks = ["P"]\n'
    ),
    "two rules that never meet": (
        f'{post("x")}[[rule]]\nname = "a"\non = ["ringing"]\nwebhooks = ["P"]\n'
        '[[rule]]\nname = "b"\non = ["ended"]\nwebhooks = ["P"]\n'
    ),
    "a chain that ends": (
        f'{webhook("https://x.example/")}{post("{DYNAMIC_PARAMETER}")}when_empty = "fail"\n'
        '[[rule]]\nname = "a"\non = ["ended"]\nwebhooks = ["W"]\n[[rule.then]]\nwebhook = "P"\n'
    ),
    "a column that leads nowhere": f'{webhook("https://x.example/")}[[webhook.view.column]]\npath = "id"\n',
    "a sentence that names the number": (
        f'{webhook("https://x.example/")}[[webhook.outcome]]\nwhen = "rows == 0"\nis = "no-match"\n'
        'say = "Nobody has {CALLERID_NUMBER}"\n'
    ),
    "a header of the signature's where nothing is signed": (
        f'{webhook("https://x.example/")}[[webhook.header]]\nname = "webhook-id"\nvalue = "{{CALL_SIPID}}"\n'
    ),
    "a test of nothing": '[[test]]\nname = "t"\nevent = "ended"\nnothing = true\n',
}


@pytest.mark.parametrize("text", FINE.values(), ids=FINE.keys())
def test_what_is_fine_is_left_alone(text):
    """
    A finding too many teaches people to look away.
    """
    assert [] == codes_of(text)


def tokens(url: str, secret: str, more: str = "") -> str:
    return (
        f'[[group]]\nname = "G"\nauthentication = "oauth2"\n{more}[group.oauth2]\ntoken_url = "{url}"\n'
        f'client_id = "c"\nclient_secret = {secret}\n{webhook("https://x.example/")}group = "G"\n'
    )


def then(after: str, name: str) -> str:
    return f'[[rule.then]]\nafter = "{after}"\nwebhook = "{name}"\n'


MORE = {
    "a private host in brackets": (
        webhook("https://[fd00::1]/"),
        "webhook[1].url: fd00::1 is a private address",
    ),
    "this machine by its name": (
        webhook("http://crm.localhost/"),
        "webhook[1].url: crm.localhost is a private address",
    ),
    "a client's secret": (
        tokens("https://id.example/t", '"hunter2"'),
        "group[1].oauth2.client_secret: is a secret in the file",
    ),
    "a secret to sign with": (
        tokens("https://id.example/t", '{ env = "S" }', 'signing_secrets = [{ env = "A" }, "hunter2"]\n'),
        "group[1].signing_secrets[2]: is a secret in the file",
    ),
    "a key where the signature stands": (
        (
            f'{KEY.replace("X-Key", "Webhook-Signature")}signing_secrets = [{{ env = "A" }}]\n'
            f'{webhook("https://x.example/")}group = "G"\n'
        ),
        "group[1].key_name: Webhook-Signature would carry the key",
    ),
    "a member's secret": (
        (
            '[[agent]]\nextension = "100-Euphoria"\n[[group]]\nname = "G"\nauthentication = "credentials"\n'
            'level = "user"\n[[group.member]]\nextension = "100-Euphoria"\nusername = "u"\npassword = "hunter2"\n'
            f'{webhook("https://x.example/")}group = "G"\n'
        ),
        "group[1].member[1].password: is a secret in the file",
    ),
    "tokens from a private host": (
        tokens("https://192.168.7.7/t", '{ env = "S" }'),
        "group[1].oauth2.token_url: 192.168.7.7 is a private address",
    ),
    "a rule behind one that stops everything": (
        (
            f'{post("x")}[[rule]]\nname = "b"\non = ["ringing"]\nwebhooks = ["P"]\n'
            '[[rule]]\nname = "a"\non = ["ringing", "ended"]\nstop = true\npriority = 1\n'
        ),
        "rule[1]: 'a' stops every event before it gets here [never-matches]",
    ),
    "a condition about what is not known yet": (
        f'{post("x")}[[rule]]\nname = "a"\non = ["ringing", "disposed"]\nwhen = "CALL_OUTCOME"\nwebhooks = ["P"]\n',
        "rule[1].when: CALL_OUTCOME is not known before the call is disposed, but this asks at ringing",
    ),
    "a cell's value in a rule": (
        (
            f'{post("{DYNAMIC_PARAMETER}")}when_empty = "skip"\n'
            '[[rule]]\nname = "a"\non = ["ended"]\nwebhooks = ["P"]\n'
        ),
        "rule[1].webhooks[1]: DYNAMIC_PARAMETER is known only when an agent asks, but 'P' is started at ended",
    ),
    "a word that there is not": (
        ruled("CALL_DIR == 'incomming'"),
        "rule[1].when: CALL_DIR is never 'incomming'; did you mean incoming? [never-matches]",
    ),
    "words far from any": (
        ruled("CALL_QUEUE and CALL_DIR in ['x', 'y']"),
        "rule[1].when: CALL_DIR is never 'x' or 'y'; there is incoming, outgoing [never-matches]",
    ),
    "one thing and another": (
        ruled("CALL_QUEUE == 'Sales' and CALL_QUEUE in ['Support', 'Renewals']"),
        "CALL_QUEUE cannot be 'Renewals' or 'Support' and 'Sales' (the condition before it) [never-matches]",
    ),
    "against the rule's own words": (
        ruled("CALL_DIR == 'outgoing'", 'direction = "incoming"\n'),
        "CALL_DIR cannot be 'outgoing' and 'incoming' (the rule's direction) [never-matches]",
    ),
    "one of nothing": (
        ruled("CALL_QUEUE in []"),
        "rule[1].when: nothing is in an empty list, so neither is CALL_QUEUE [never-matches]",
    ),
    "a custom variable that comes late": (
        (
            f'[[variable]]\nname = "SCORE"\nknown_from = "ended"\n{webhook("https://x.example/{SCORE}")}'
            '[[rule]]\nname = "a"\non = ["answered"]\nwebhooks = ["W"]\n'
        ),
        "rule[1].webhooks[1]: SCORE is not known before the call is ended, but 'W' is started at answered",
    ),
    "a token URL in the clear": (
        (
            '[[group]]\nname = "G"\nauthentication = "oauth2"\n[group.oauth2]\ntoken_url = "http://id.example/t"\n'
            f'client_id = "c"\nclient_secret = {{ env = "S" }}\n{webhook("https://x.example/")}group = "G"\n'
        ),
        "group[1].oauth2.token_url: sends the client's secret without encryption; use https [plain-http]",
    ),
    "a raw value on a line of its own": (
        (
            '[[webhook]]\nname = "P"\ntype = "ajax-put"\nurl = "https://x.example/"\ncontent_type = "text"\n'
            'body = """\nfirst\n{{ CALL_NOTES | raw }}"""\n'
        ),
        "8: webhook[1].body, column 1: CALL_NOTES",
    ),
    "a host among those listed": (
        '[[webhook]]\nname = "W"\ntype = "ajax-get"\nurl = "https://{CALL_QUEUE}/"\nhosts = ["x.example", "10.0.0.1"]\n',
        "webhook[1].url: 10.0.0.1 is a private address",
    ),
    "a link that was nearly right": (
        f'{webhook("https://x.example/")}[[webhook.view.column]]\npath = "id"\nlink = "w"\n',
        "webhook[1].view.column[1].link: there is no webhook 'w'; did you mean 'W'? [dead-link]",
    ),
    "a secret in a header": (
        f'{webhook("https://x.example/")}[[webhook.header]]\nname = "X-Api-Key"\nvalue = "5f3a"\n',
        "webhook[1].header[1].value: X-Api-Key looks like a secret",
    ),
}


@pytest.mark.parametrize(("text", "expected"), MORE.values(), ids=MORE.keys())
def test_is_found_at_its_place(text, expected):
    """
    The finding names what, where and why in one line.
    """
    [finding] = lint(read_text(text))

    assert expected in str(finding)


def test_a_chain_that_comes_back_after_three_steps_is_found_at_each():
    """
    The way round is told from wherever one stands on it, and not beside it.
    """
    webhooks = "".join(
        webhook("https://x.example/{DYNAMIC_PARAMETER}").replace('"W"', f'"{name}"') for name in "ABCD"
    )
    chain = then("A", "B") + then("B", "C") + then("C", "A") + then("C", "D")

    found = lint(read_text(f'{webhooks}[[rule]]\nname = "r"\non = ["manual"]\nwebhooks = ["A"]\n{chain}'))

    assert [("chain-loops", f"rule[1].then[{position}]") for position in (1, 2, 3)] == [
        (finding.code, finding.path) for finding in found
    ]


def test_findings_come_in_the_order_of_the_file(tmp_path):
    """
    With file and line, as errors do.
    """
    file = tmp_path / "a.toml"
    file.write_text(post("{CALL_QUEUE}") + KEY.replace('{ env = "K" }', '"secret"'))

    findings = lint(read_file(file))

    assert ["may-be-empty", "unused-group", "literal-secret"] == [finding.code for finding in findings]
    assert f"{file}:7: webhook[1].parameter[1].value: " in str(findings[0])


def test_a_file_of_certificates_is_looked_for_beside_the_definitions(tmp_path):
    """
    A relative path begins where the definitions are.
    """
    file = tmp_path / "a.toml"
    file.write_text(
        f'[[group]]\nname = "G"\nca_file = "ca.pem"\n{webhook("https://x.example/")}group = "G"\n'
    )

    assert ["missing-ca-file"] == [finding.code for finding in lint(read_file(file))]

    (tmp_path / "ca.pem").touch()
    assert () == lint(read_file(file))


def test_words_in_quotes_are_no_variables():
    """
    A form of a time holds capitals, and what it formats is there all the same.
    """
    text = """
[[webhook]]
name = "Record"
type = "ajax-put"
url = "https://crm.example.com/records/{CALL_SIPID}"

  [[webhook.parameter]]
  name = "at"
  value = "{{ DATETIME_DATE | format_datetime('%Y-%m-%dT%H:%M') }}"
"""

    assert [] == codes_of(text)


def test_a_post_that_only_looks_something_up_is_repeated():
    """
    So nothing is to be said of it.
    """
    text = example("live-post")

    assert ["live-post"] == codes_of(text)
    assert [] == codes_of(text.replace('type = "ajax-post"', 'type = "ajax-post"\nsafe = true'))


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("when = \"CALL_QUEUE == 'S'\"", 'call_queue = ["S"]', True),
        ("when = \"CALL_QUEUE in ['S', 'T']\"", 'call_queue = ["T", "S"]', True),
        (
            "when = \"CALL_QUEUE == 'S' and CALLERID_NUMBER != ''\"",
            "when = \"CALLERID_NUMBER != '' and CALL_QUEUE == 'S'\"",
            True,
        ),
        ("when = \"CALL_QUEUE == 'S'\"", 'call_queue = ["S", "T"]', False),
        ("when = \"CALLERID_NUMBER != ''\"", "when = \"CALLERID_NAME != ''\"", False),
        ("when = \"CALL_QUEUE == 'S' or CALL_QUEUE == 'T'\"", "when = \"CALL_QUEUE == 'S'\"", False),
    ],
)
def test_rules_that_say_the_same_otherwise_start_a_webhook_twice(one, other, is_same):
    """
    By a key or in the condition, and in any order.
    """
    webhooks = webhook("https://x.example/")
    rules = "".join(
        f'[[rule]]\nname = "{number}"\non = ["ended"]\nwebhooks = ["W"]\n{each}\n'
        for number, each in enumerate((one, other))
    )

    assert is_same == ("fires-twice" in codes_of(webhooks + rules))
