"""
A file is read whole, or refused with everything that is wrong in it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from webhook_engine.definitions import (
    Authentication,
    Definitions,
    KeyIn,
    Level,
    Outcome,
    SecretRef,
    WebhookType,
    WhenEmpty,
    read,
    read_file,
    read_folder,
    read_text,
)
from webhook_engine.errors import DefinitionError, NotFound

# The file format's first example, to the letter: what was promised must read as it stands.
PROMISED = """
[tenant]
name = "Euphoria"
time_zone = "Africa/Johannesburg"
country = "ZA"
pbx_server = "pbx0.euphoria.co.za"
datetime_tokens = "documented"            # or "by-name"
allowed_networks = ["10.20.0.0/16"]       # on-premise targets; everything private is refused otherwise

[[agent]]
extension = "100-Euphoria"

[[group]]
name = "CRM"
authentication = "api-key"                # none | api-key | credentials | oauth2
level = "user"                            # global | user
key_in = "header"                         # header | query | body
key_name = "X-Api-Key"
max_in_flight = 10
max_per_second = 50

[[group.member]]
extension = "100-Euphoria"
key = { env = "CRM_KEY_100" }             # or { file = … }, { vault = … }; a literal is accepted and linted

[[webhook]]
name = "Contact lookup"
group = "CRM"
type = "ajax-get"                         # browser-window | ajax-get | ajax-post | ajax-put | ajax-delete
url = "https://crm.example.com/api/{CALL_QUEUE}/contacts"
content_type = "url"                      # url | json | xml | text
response_type = "auto"                    # auto | json | xml | form | text
delivery = "live"                         # live | durable
deadline_s = 4.0

  [[webhook.parameter]]
  name = "phone"
  value = "{{ CALLERID_NUMBER | e164 }}"
  when_empty = "skip"
  test_value = "0821234567"

  [[webhook.outcome]]                     # first that matches; defaults cover status and empty answers
  when = "response.Error is defined"
  is = "refused"                          # ok | no-match | refused | target-failed | credentials-expired
  say = "The CRM refused: {{ response.Error }}"

  [webhook.view]
  records = "results"                     # left out: found by itself
  [[webhook.view.column]]
  path = "properties.name"
  label = "Customer"
  [[webhook.view.column]]
  path = "id"
  link = "Open contact"                   # the cell becomes that webhook's DYNAMIC_PARAMETER

[[rule]]
name = "Look up a sales call"
on = ["ringing"]
when = "CALL_DIR == 'incoming' and CALL_QUEUE in ['Sales', 'Support']"
webhooks = ["Contact lookup"]

[[test]]
name = "a sales call is looked up in international form"
event = "ringing"
given = { CALLERID_NUMBER = "0821234567", CALL_DIR = "incoming", CALL_QUEUE = "Sales", EXTENSION = "100-Euphoria" }
  [[test.expect]]
  webhook = "Contact lookup"
  method = "GET"
  url = "https://crm.example.com/api/Sales/contacts?phone=%2B27821234567"
"""


@pytest.fixture
def promised() -> Definitions:
    return read_text(PROMISED)


def test_the_promised_file_reads(promised):
    """
    Every key of the format's first example means what its comment says.
    """
    group, webhook = promised.group("CRM"), promised.webhook("Contact lookup")

    assert (Authentication.API_KEY, Level.USER, KeyIn.HEADER) == (
        group.authentication,
        group.level,
        group.key_in,
    )
    assert {"key": SecretRef.env("CRM_KEY_100")} == group.secrets_of("100-Euphoria")
    assert (WebhookType.AJAX_GET, 4.0) == (webhook.type, webhook.deadline_s)
    assert WhenEmpty.SKIP == webhook.parameters[0].when_empty
    assert Outcome.REFUSED == webhook.outcomes[0].outcome
    assert ("results", "Open contact") == (webhook.view.records, webhook.view.columns[1].link)
    assert ("10.20.0.0/16",) == promised.allowed_networks
    assert promised.is_agent("100-Euphoria")
    assert not promised.is_agent("999-Euphoria")


def test_the_promised_file_renders_what_its_test_expects(promised):
    """
    The webhook makes the very URL that the file's own test names.
    """
    values = {"CALLERID_NUMBER": "0821234567", "CALL_QUEUE": "Sales"}

    url = promised.compiled("Contact lookup").url.render(values)

    assert promised.tests[0].expect[0].url == url


def test_the_examples_of_the_project_read():
    """
    Whatever is shown as an example works.
    """
    for file in (Path(__file__).parents[2] / "examples").glob("*.toml"):
        assert read_file(file).webhooks


def test_everything_wrong_is_told_at_once():
    """
    Nine mistakes of every sort, in one webhook and around it: nine problems, each on its line.
    """
    text = (
        PROMISED.replace('"Africa/Johannesburg"', '"Africa/Johanesburg"')
        .replace('"api-key"  ', '"api-kee"')
        .replace("key = {", "kee = {")
        .replace('group = "CRM"', 'group = "CRN"')
        .replace("{CALL_QUEUE}/contacts", "{CALL_QUEU}/contacts")
        .replace('when_empty = "skip"', 'when_empty = "skp"')
        .replace("response.Error is defined", "respons.Error is defined")
        .replace("webhooks = [", 'priority = "high"\nwebhooks = ["Nothing like it", ')
        .replace('CALL_DIR = "incoming"', 'CALL_DIR = "inbound"')
    )

    with pytest.raises(DefinitionError) as caught:
        read_text(text, "integration.toml")

    problems = caught.value.problems
    found = [(each.path, each.column) for each in problems]
    assert [
        ("tenant.time_zone", None),
        ("group[1].authentication", None),
        ("group[1].member[1].kee", None),
        ("webhook[1].group", None),
        ("webhook[1].url", 29),
        ("webhook[1].parameter[1].when_empty", None),
        ("webhook[1].outcome[1].when", 1),
        ("rule[1].priority", None),
        ("rule[1].webhooks[1]", None),
        ("test[1].given.CALL_DIR", None),
    ] == found
    lines = text.splitlines()
    for problem in problems:
        key = re.findall(r"[A-Za-z_]+", problem.path)[-1]
        assert key in lines[problem.line - 1]
        assert "integration.toml" == problem.source


@pytest.mark.parametrize(
    ("wrong", "right", "meant"),
    [
        ("time_zone", "Africa/Johanesburg", "'Africa/Johannesburg'"),
        ("country", "za", "'ZA'"),
        ("country", "South Africa", 'such as "ZA"'),
        ("datetime_tokens", "by_name", "'by-name'"),
        ("pbx_server", "https://pbx0", "write it alone"),
        ("allowed_networks", "10.20.0.1/16", "'10.20.0.0/16'"),
    ],
)
def test_a_tenants_mistakes_come_with_what_was_meant(wrong, right, meant):
    """
    The message names the nearest thing that would be right.
    """
    value = f'["{right}"]' if wrong == "allowed_networks" else f'"{right}"'

    with pytest.raises(DefinitionError, match=re.escape(meant)):
        read_text(f"[tenant]\n{wrong} = {value}\n")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('[tenant\nname = "x"', 1, "is no TOML"),
        ('[tenant]\nname = "x', 2, "is no TOML"),
        ('[tenant]\nname = "x"\nname = "y"\n', 3, "is no TOML"),
        ("[[agent]]\nextension = 1 2", 2, "is no TOML"),
        ('tenants = "x"', 1, "is no key of a definitions file; did you mean 'tenant'?"),
        ("tenant = 1", 1, "must be a table"),
        ('[tenant]\n[webhook]\nname = "x"', 2, "must be a list of tables: write [[webhook]]"),
        ("agent = [1]", 1, "must be a table"),
        ("[tenant]\ntime_zone = 2", 2, "must be the name of a time zone"),
    ],
)
def test_a_document_that_is_none_is_refused_with_its_line(text, line, message):
    """
    Where the TOML itself is wrong there is one problem, and it says where.
    """
    with pytest.raises(DefinitionError) as caught:
        read_text(text)

    problem = caught.value.problems[0]
    assert line == problem.line
    assert message in problem.message


def test_depth_is_no_way_to_break_in():
    """
    Ten thousand brackets are a problem, not a traceback.
    """
    with pytest.raises(DefinitionError, match="nested too deeply"):
        read_text("a = " + "[" * 10_000 + "]" * 10_000)


def test_a_column_counts_inside_the_template_and_a_line_in_the_file():
    """
    A mistake in the third line of a body is found there, with its column in that line.
    """
    text = '[[webhook]]\nname="n"\ntype="ajax-post"\ncontent_type="json"\nurl="https://x.example"\nbody = """\n{\n  "who": "{CALERID}"\n}\n"""'

    with pytest.raises(DefinitionError) as caught:
        read_text(text)

    problem = caught.value.problems[0]
    assert ("webhook[1].body", 8, 11) == (problem.path, problem.line, problem.column)
    assert "CALLERID" in problem.message


def test_all_unknown_names_of_one_template_are_told():
    """
    Two slips of the pen in one URL are two problems.
    """
    with pytest.raises(DefinitionError) as caught:
        read_text('[[webhook]]\nname="n"\ntype="ajax-get"\nurl="https://x.example/{CALLD}/{CALLF}"')

    assert ["webhook[1].url"] * 2 == [each.path for each in caught.value.problems]


def test_what_is_missing_hides_no_other_mistake():
    """
    A webhook without a URL and of no known type is still searched for what else is wrong in it.
    """
    with pytest.raises(DefinitionError) as caught:
        read_text(
            '[[webhook]]\nname = "n"\ntype = "ajax"\ngroup = "CRM"\n'
            '[[webhook.parameter]]\nname = "a"\n[[webhook.parameter]]\nname = "b"\nvalue = "{CALLER}"\n'
            '[[webhook.outcome]]\nwhen = "status =="\n'
        )

    assert [
        "webhook[1].url",
        "webhook[1].type",
        "webhook[1].group",
        "webhook[1].parameter[1].value",
        "webhook[1].parameter[2].value",
        "webhook[1].outcome[1].is",
        "webhook[1].outcome[1].when",
    ] == [each.path for each in caught.value.problems]


def test_a_wrong_key_hides_no_header_that_is_wrong_too():
    """
    A header's name is right or wrong whatever else its webhook says.
    """
    with pytest.raises(DefinitionError) as caught:
        read_text(
            '[[webhook]]\nname = "x"\ntype = "ajax-gte"\nurl = "https://h/"\n'
            'header = [{ name = "Host", value = "x" }]\n'
        )

    assert ["webhook[1].type", "webhook[1].header[1].name"] == [each.path for each in caught.value.problems]


def test_a_wrong_number_does_not_hide_what_does_not_fit_together():
    """
    Nothing else of a webhook depends on how long it waits, so the rest is checked all the same.
    """
    text = """
        [[webhook]]
        name = "Report"
        type = "ajax-post"
        delivery = "durable"
        url = "https://{CALL_QUEUE}/report"
        retry_on = [500]
        max_attempts = 0
    """

    with pytest.raises(DefinitionError) as caught:
        read_text(text)

    assert ["webhook[1].max_attempts", "webhook[1].retry_on[1]", "webhook[1].url"] == sorted(
        each.path for each in caught.value.problems
    )


def test_a_number_beyond_all_bounds_is_a_problem_of_the_file():
    """
    Python refuses to read it, and not as a mistake of TOML.
    """
    with pytest.raises(DefinitionError, match="the document: holds a number too long to read"):
        read_text(f"[tenant]\nname = 1{'0' * 5000}\n")


def test_what_follows_from_a_refusal_is_not_told():
    """
    A group whose name cannot be read makes no webhook's group unknown.
    """
    with pytest.raises(DefinitionError) as caught:
        read_text('[[group]]\nname = 5\n[[webhook]]\nname="n"\ntype="ajax-get"\nurl="https://x"\ngroup="CRM"')

    assert ["group[1].name"] == [each.path for each in caught.value.problems]


# --- Files and folders -------------------------------------------------------


def test_a_file_tells_its_name_in_every_problem(tmp_path):
    """
    `file:line: path: message`, as a compiler would.
    """
    file = tmp_path / "crm.toml"
    file.write_text('\n[[agent]]\nextension = "100"\n')

    with pytest.raises(DefinitionError, match=re.escape(f"{file}:3: agent[1].extension: ")):
        read_file(file)


def test_a_byte_order_mark_and_windows_line_ends_are_welcome(tmp_path):
    """
    What an editor on Windows saves is read.
    """
    file = tmp_path / "crm.toml"
    file.write_bytes(b'\xef\xbb\xbf[[agent]]\r\nextension = "100-Euphoria"\r\n')

    assert read_file(file).is_agent("100-Euphoria")


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    """
    Missing, a folder, not text: an error with the file's name.
    """
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'# one\nname = "caf\xe9"\n')

    with pytest.raises(DefinitionError, match=r"missing\.toml: .*cannot be read: No such file"):
        read_file(tmp_path / "missing.toml")
    with pytest.raises(DefinitionError, match="cannot be read: Is a directory"):
        read_file(tmp_path)
    with pytest.raises(DefinitionError, match=r"latin\.toml:2: .*is not UTF-8: byte 0xe9"):
        read_file(latin)


def test_a_file_of_another_sort_is_not_read_to_its_end():
    """
    An endless file is a mistake, found before memory is gone.
    """
    with pytest.raises(DefinitionError, match="is larger than"):
        read_file("/dev/zero")


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "a-tenant.toml").write_text(
        '[tenant]\nname = "Euphoria"\n[[agent]]\nextension = "100-Euphoria"\n'
    )
    (tmp_path / "sales").mkdir()
    (tmp_path / "sales" / "crm.toml").write_text(
        '[[webhook]]\nname = "Look"\ntype = "ajax-get"\nurl = "https://x.example"\n'
    )
    (tmp_path / "sales" / "rules.toml").write_text(
        '[[rule]]\nname = "r"\non = ["ringing"]\nwebhooks = ["Look"]\n'
    )
    (tmp_path / ".hidden.toml").write_text("no TOML at all")
    (tmp_path / "notes.txt").write_text("no TOML at all")
    return tmp_path


def test_a_folder_reads_as_one_document(folder):
    """
    A rule in one file starts a webhook of another.
    """
    definitions = read_folder(folder)

    assert ("Look",) == definitions.rules[0].webhooks
    assert "Euphoria" == definitions.tenant.name
    assert read(folder) == definitions


def test_a_folder_counts_in_each_file_by_itself(folder):
    """
    `webhook[1]` of the third file is the first that stands in it.
    """
    (folder / "sales" / "z.toml").write_text('\n[[webhook]]\nname = "Look"\ntype = "ajax-get"\nurl = "x"\n')

    with pytest.raises(DefinitionError) as caught:
        read_folder(folder)

    name, url = caught.value.problems
    assert str(folder / "sales" / "z.toml") == name.source == url.source
    assert ("webhook[1].name", 3) == (name.path, name.line)
    assert "sales/crm.toml" in name.message


def test_a_folder_has_one_tenant(folder):
    """
    Two tables of a tenant would contradict each other.
    """
    (folder / "z.toml").write_text("[tenant]\n")

    with pytest.raises(DefinitionError, match=r"tenant: stands in .*a-tenant\.toml too"):
        read_folder(folder)


def test_a_folder_without_definitions_is_refused(tmp_path):
    """
    A wrong path must not read as a tenant without webhooks.
    """
    with pytest.raises(DefinitionError, match=r"holds no \*\.toml file"):
        read_folder(tmp_path)
    with pytest.raises(DefinitionError, match="is no folder"):
        read_folder(tmp_path / "missing")


# --- Names -------------------------------------------------------------------


def test_a_name_nobody_has_comes_with_the_nearest(promised):
    """
    `webhook` and `group` say what was probably meant.
    """
    with pytest.raises(NotFound, match="there is no webhook 'Contact lockup': did you mean 'Contact lookup'"):
        promised.webhook("Contact lockup")
    with pytest.raises(NotFound, match="there is no group 'crm'"):
        promised.group("crm")
    with pytest.raises(NotFound, match="there is no agent '10-Euphoria'"):
        promised.agent("10-Euphoria")


def test_an_empty_text_defines_nothing_and_is_right():
    """
    Definitions without anything in them are the beginning of all others.
    """
    assert Definitions.build() == read_text("")
