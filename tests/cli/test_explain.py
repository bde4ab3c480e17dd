"""
`explain` answers why, and sends nothing.
"""

import json

import pytest

CALL = [
    part
    for token in ("EXTENSION=100-Euphoria", "CALL_DIR=incoming", "CALL_QUEUE=Sales", "CALL_CRMTAG=1001")
    for part in ("--set", token)
]
NUMBER = ("--set", "CALLERID_NUMBER=0821234567")

RULES = """
[[agent]]
extension = "100-Euphoria"

[[group]]
name = "CRM"
authentication = "api-key"
key_name = "X-Api-Key"
key = { env = "EXPLAINED_KEY" }

[[webhook]]
name = "Find"
group = "CRM"
type = "ajax-get"
url = "https://crm.example.com/find"

[[webhook]]
name = "Note"
type = "ajax-get"
url = "https://crm.example.com/notes/{DYNAMIC_PARAMETER}"

[[rule]]
name = "Long calls"
on = ["ringing", "ended"]
when = "CALL_DURATION > 60"
webhooks = ["Note"]

[[rule]]
name = "Every call"
on = ["ringing", "ended"]
webhooks = ["Find"]

  [[rule.then]]
  webhook = "Note"
  value = "response.id"
"""


@pytest.fixture
def file(tmp_path):
    """
    Two rules, one of which compares a duration.
    """
    path = tmp_path / "rules.toml"
    path.write_text(RULES)
    return str(path)


def test_every_rule_and_webhook_has_an_answer(command, example):
    """
    With the values that decided, the request, and why the others stay.
    """
    result = command("explain", example, "--event", "ringing", *CALL, *NUMBER)

    lines = result.out.splitlines()
    assert 0 == result.code, result
    assert "rule 'Look up a caller': it matches" in lines
    assert "    CALL_QUEUE is 'Sales'" in lines
    assert "  GET http://127.0.0.1:8765/api/Sales/contacts?phone=%2B27821234567" in lines
    assert "  'Call outcome': rule 'Report what came of a call': it waits for disposed" in lines
    assert "  'Credit check': no rule starts it" in lines


def test_a_request_that_its_author_wants_skipped_is_no_fault(command, example):
    """
    A withheld number is nothing to look up.
    """
    result = command("explain", example, "--event", "ringing", *CALL)

    assert 0 == result.code, result
    assert "Contact lookup would send:\n  nothing: " in result.out


def test_a_condition_that_fails_is_found(command, file, monkeypatch):
    """
    The other rule starts its webhook all the same.
    """
    monkeypatch.setenv("EXPLAINED_KEY", "canary-4711")
    result = command("explain", file, "--event", "ringing", "--set", "EXTENSION=100-Euphoria")

    assert 1 == result.code, result
    assert "rule 'Long calls': its condition could not be asked: CALL_DURATION > 60" in result.out
    assert "CALL_DURATION is '', which a call need not know at ringing" in result.out
    assert "  X-Api-Key: ***" in result.out
    assert "canary" not in result.out


def test_a_request_that_cannot_be_made_says_why(command, file, monkeypatch):
    """
    With the exit code that `render` would have.
    """
    monkeypatch.delenv("EXPLAINED_KEY", raising=False)
    result = command(
        "explain", file, "--event", "ended", "--set", "EXTENSION=100-Euphoria", "--set", "CALL_DURATION=5"
    )

    assert 3 == result.code, result
    assert "Find would send:\n  nothing: " in result.out
    assert "EXPLAINED_KEY is not set" in result.out


def test_who_is_no_agent_starts_nothing(command, example):
    """
    The rule matches; the refusal says what is missing.
    """
    result = command("explain", example, "--event", "disposed", "--set", "EXTENSION=999-Euphoria")

    assert 3 == result.code, result
    assert "does not start 'Call outcome': the extension 999-Euphoria may not use" in result.out


def test_json(command, file, monkeypatch):
    """
    One document: the trace, each start with its request or its error, each webhook.
    """
    monkeypatch.setenv("EXPLAINED_KEY", "canary-4711")
    result = command(
        "explain",
        file,
        "--event",
        "ended",
        "--set",
        "EXTENSION=100-Euphoria",
        "--set",
        "CALL_DURATION=5",
        "--json",
    )

    shown = json.loads(result.out)
    assert {
        "event",
        "moment",
        "values",
        "rules",
        "starts",
        "webhooks",
        "delivery",
        "recorded",
        "notes",
    } == set(shown)
    assert {"CALL_DURATION": 5} == shown["values"]
    assert [("Long calls", "condition"), ("Every call", "matched")] == [
        (each["rule"], each["reason"]) for each in shown["rules"]
    ]
    [start] = shown["starts"]
    assert ("Find", "Every call", "***", None) == (
        start["webhook"],
        start["rule"],
        start["request"]["headers"]["X-Api-Key"],
        start["error"],
    )
    assert {
        "webhook": "Note",
        "starts": False,
        "because": [
            "rule 'Long calls': CALL_DURATION > 60 does not hold: CALL_DURATION is 5",
            "rule 'Every call': after 'Find'",
        ],
    } == shown["webhooks"][1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--event", "rings"], "disposed"),
        ([], "--event"),
        (["--event", "ringing", "--set", "CALL_QEUE=x"], "did you mean CALL_QUEUE"),
    ],
    ids=["a moment there is not", "no moment", "a token misspelt"],
)
def test_wrong_input_is_answered_with_a_sentence(command, file, words, says):
    """
    Nothing is on standard output.
    """
    result = command("explain", file, *words)

    assert (2, "") == (result.code, result.out)
    assert says in result.err


def test_a_disabled_webhook_is_told(command, tmp_path):
    """
    The rule starts it, and nothing is sent: both are said, to people and to programs.
    """
    path = tmp_path / "rules.toml"
    path.write_text(RULES.replace('name = "Find"\n', 'name = "Find"\nenabled = false\n'))
    asked = ("explain", str(path), "--event", "ringing", *CALL, *NUMBER)

    result = command(*asked)
    document = json.loads(command(*asked, "--json").out)

    assert "  starts 'Find', and nothing is sent: it is disabled" in result.out.splitlines()
    assert "nothing: the webhook 'Find' is disabled" in result.out
    assert [False] == [each["enabled"] for rule in document["rules"] for each in rule["starts"]]
    assert "is disabled" in document["starts"][0]["error"]
