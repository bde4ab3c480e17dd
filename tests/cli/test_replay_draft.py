"""
`replay-draft` says what a draft would do otherwise with calls that happened, and sends nothing.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
[CURRENT] = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
[RECORDED] = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
HANDED = RECORDED.replace(r"{\"id\": 1001}", r"{\"id\": 1001, \"name\": \"Thandi\"}")


@pytest.fixture
def replay(command, tmp_path):
    """
    The page's definitions with one change, and what is told of it.
    """
    (tmp_path / "current.toml").write_text(CURRENT)

    def replay(right, wrong, *options, calls=RECORDED):
        (tmp_path / "draft.toml").write_text(CURRENT.replace(right, wrong))
        (tmp_path / "calls.jsonl").write_text(calls)
        current, draft, recorded = (
            str(tmp_path / name) for name in ("current.toml", "draft.toml", "calls.jsonl")
        )
        return command("replay-draft", draft, "--against", current, "--calls", recorded, *options)

    return replay


def test_the_same_makes_no_difference(replay):
    """
    Not even for what is made anew each time.
    """
    result = replay("x", "x")

    assert (0, "1 event: no difference\n") == (result.code, result.out)


def test_a_request_that_changes_is_told_as_on_the_page(replay):
    """
    Both addresses, one under the other, and a mark.
    """
    [told] = re.findall(r"```text\n(event '1'.*?)```", PAGE, re.DOTALL)

    result = replay("{{ CALLERID_NUMBER | e164 }}", "{CALLERID_NUMBER}")

    assert (1, told) == (result.code, result.out)


CHANGES = {
    "a webhook that starts no longer, and what it led to": (
        "CALL_QUEUE == 'Sales'",
        "CALL_QUEUE == 'Sale'",
        ["'Contact lookup' no longer starts", "'Contact page' no longer starts"],
    ),
    "one that starts": (
        'webhooks = ["Contact lookup"]\n\n  [[rule.then]]\n',
        'webhooks = ["Contact lookup", "Contact page"]\n\n  [[rule.then]]\n  after = "Contact lookup"\n',
        ["'Contact page' starts"],
    ),
    "a header": ('key_name = "X-Api-Key"', 'key_name = "X-Key"', ["'Contact lookup' changes"]),
    "an outcome": (
        'when_empty = "skip"\n',
        'when_empty = "skip"\n[[webhook.outcome]]\nwhen = "response.id == 1001"\nis = "no-match"\n',
        ["'Contact lookup' changes", "'Contact page' no longer starts"],
    ),
    "rows alone": (
        'when_empty = "skip"\n',
        'when_empty = "skip"\n[webhook.view]\ncolumn = [{ path = "name", label = "id" }, { path = "id", label = "name" }]\n',
        ["'Contact lookup' changes"],
    ),
    "columns": (
        'when_empty = "skip"\n',
        'when_empty = "skip"\n[webhook.view]\ncolumn = [{ path = "id" }]\n',
        ["'Contact lookup' changes"],
    ),
}


@pytest.mark.parametrize(("right", "wrong", "told"), CHANGES.values(), ids=CHANGES.keys())
def test_every_kind_of_difference_is_told(replay, right, wrong, told):
    """
    In which webhooks start, in their requests, and in what responses come to.
    """
    calls = RECORDED.replace('\\"id\\": 1001', '\\"id\\": 1001, \\"name\\": \\"Ann\\"')

    result = replay(right, wrong, "--json", calls=calls)

    changes = json.loads(result.out)["changes"]
    assert 1 == result.code
    assert told == [f"{each['webhook']!r} {each['what']}" for each in changes]


def test_a_chain_that_hands_on_something_else_changes(replay):
    """
    It is the same start, told with both values; what one side alone has starts, or no longer does.
    """
    result = replay('value = "response.id"', "value = \"[response.name, 'x']\"", "--json", calls=HANDED)
    changes = json.loads(result.out)["changes"]

    assert [("Contact page", "changes"), ("Contact page", "starts")] == [
        (each["webhook"], each["what"]) for each in changes
    ]
    assert {
        "DYNAMIC_PARAMETER": ("1001", "Thandi"),
        "url": ("https://crm.example.com/contacts/1001", "https://crm.example.com/contacts/Thandi"),
    } == {each["place"]: (each["current"], each["draft"]) for each in changes[0]["differences"]}


def test_only_the_last_calls_count(replay):
    """
    And of many differences only some are shown.
    """
    calls = RECORDED * 30
    calls = "".join(
        line.replace('"id": "1"', f'"id": "{n}"', 1) + "\n" for n, line in enumerate(calls.splitlines())
    )

    result = replay(
        "{{ CALLERID_NUMBER | e164 }}", "{CALLERID_NUMBER}", "--last", "10", "--most", "2", calls=calls
    )

    lines = result.out.splitlines()
    assert [
        "event '20' (ringing): 'Contact lookup' changes",
        "event '21' (ringing): 'Contact lookup' changes",
    ] == [line for line in lines if line.startswith("event")]
    assert [
        "… and 8 more; --most shows them, or --json",
        "'Contact lookup' changes in 10 events",
        "10 events: 10 differences",
    ] == lines[-3:]


def answered(*responses):
    """
    The recorded call, with other responses.
    """
    return json.dumps(json.loads(RECORDED) | {"responses": {"Contact lookup": [*responses]}}) + "\n"


RECORDED_AS = {
    "several attempts": ({"status": 503}, {"status": 200, "body": '{"id": 7}'}),
    "no response": ({"fault": "no-name"},),
    "no text": ({"status": 200, "body_base64": "/9j/4AAQSkZJRg=="},),
}


@pytest.mark.parametrize("responses", RECORDED_AS.values(), ids=RECORDED_AS.keys())
def test_whatever_was_recorded_is_played(replay, responses):
    """
    Its outcome is compared, whatever came of the request.
    """
    outcome = 'when_empty = "skip"\n[[webhook.outcome]]\nwhen = "true"\nis = "no-match"\n'

    same = replay("x", "x", calls=answered(*responses))
    other = replay('when_empty = "skip"\n', outcome, "--json", calls=answered(*responses))

    assert (0, "1 event: no difference\n") == (same.code, same.out)
    places = [each["place"] for change in json.loads(other.out)["changes"] for each in change["differences"]]
    assert ("outcome" in places) is ("fault" not in responses[0])


def test_what_was_left_out_is_not_compared(replay):
    """
    Nor is what came after it: the request alone is.
    """
    left_out = {"status": 200, "left_out": "a body of 300,000 bytes"}
    outcome = 'when_empty = "skip"\n[[webhook.outcome]]\nwhen = "true"\nis = "no-match"\n'

    result = replay('when_empty = "skip"\n', outcome, calls=answered(left_out, {"status": 200}))

    assert (0, "1 event: no difference\n") == (result.code, result.out)


def test_how_a_delivery_ends_is_compared(command, tmp_path):
    """
    A status that a draft tries again.
    """
    text = """
[[agent]]
extension = "100-Euphoria"

[[webhook]]
name = "Report"
type = "ajax-post"
url = "https://crm.example.com/calls"
delivery = "durable"
content_type = "json"

[[rule]]
name = "Report"
on = ["ringing"]
webhooks = ["Report"]
"""
    (tmp_path / "current.toml").write_text(text)
    (tmp_path / "draft.toml").write_text(text.replace('"durable"\n', '"durable"\nretry_on = [404]\n'))
    call = json.loads(RECORDED) | {"responses": {"Report": {"status": 404}}}
    (tmp_path / "calls.jsonl").write_text(json.dumps(call))
    draft, current, calls = (str(tmp_path / name) for name in ("draft.toml", "current.toml", "calls.jsonl"))

    result = command("replay-draft", draft, "--against", current, "--calls", calls, "--json")

    [change] = json.loads(result.out)["changes"]
    assert {"place": "ends", "current": "dead", "draft": "retried"} in change["differences"]
    assert 1 == result.code


WRONG = {
    "no JSON": ("{", "calls.jsonl:2: event is no JSON"),
    "no event": ("[]", "calls.jsonl:2: event must be an object"),
    "no such variable": (
        '{"id": "2", "moment": "ringing", "call": {"CALL_QUEU": "x"}}',
        "calls.jsonl:2: there is no variable CALL_QUEU",
    ),
    "a fault that is none": (
        '{"id": "2", "moment": "ringing", "call": {}, "responses": {"Contact lookup": {"fault": "tired"}}}',
        "calls.jsonl:2: responses['Contact lookup'] its fault must be one of time-out",
    ),
    "a body that is no base64": (
        '{"id": "2", "moment": "ringing", "call": {}, "responses": {"Contact lookup": {"body_base64": "?"}}}',
        "calls.jsonl:2: responses['Contact lookup'] its body_base64 is no base64",
    ),
    "a response that is none": (
        '{"id": "2", "moment": "ringing", "call": {}, "responses": {"Contact lookup": {"status": 9}}}',
        "calls.jsonl:2: responses['Contact lookup'] its status must be",
    ),
}


@pytest.mark.parametrize(("line", "told"), WRONG.values(), ids=WRONG.keys())
def test_a_line_that_cannot_be_read_is_refused(replay, line, told):
    """
    With its number, and nothing is compared.
    """
    result = replay("x", "x", calls=f"{RECORDED}{line}\n")

    assert (2, "") == (result.code, result.out)
    assert told in result.err
