"""
Success is judged by content, and the agent reads one plain sentence.
"""

import pytest

from webhook_engine.errors import RenderError
from webhook_engine.responses import Facts, Outcome, OutcomeRule, Response, ResponseType, interpret, judge
from webhook_engine.responses.complaint import complaint_of
from webhook_engine.responses.defaults import DEFAULTS, SENTENCES

REFUSAL = Response(
    status=200,
    headers=(("Content-Type", "text/xml"), ("X-Trace", "a"), ("x-trace", "b")),
    body=b"<XML><Error code='7'>Account suspended</Error></XML>",
)

FOUND = Response(status=200, headers=(), body=b'[{"id": 1}]')


def rule(when, outcome=Outcome.REFUSED, say=None, **more) -> OutcomeRule:
    return OutcomeRule(when=when, outcome=outcome, say=say, **more)


def test_the_first_rule_that_holds_decides():
    """
    Rules come before the defaults, in their order.
    """
    rules = (
        rule(lambda names: names["status"] == 500),
        rule(lambda names: "Error" in names["response"], Outcome.CREDENTIALS_EXPIRED, label="suspended"),
        rule(lambda _: True, Outcome.OK),
    )

    seen = interpret(REFUSAL, rules=rules)

    assert (Outcome.CREDENTIALS_EXPIRED, "suspended") == (seen.outcome, seen.decided_by)
    assert SENTENCES[Outcome.CREDENTIALS_EXPIRED] == seen.sentence


def test_what_a_rule_may_ask_for():
    """
    The tree, the status, headers in lower case, how many records, the text, and the call's variables.
    """
    asked: dict[str, object] = {}

    interpret(REFUSAL, rules=(rule(lambda names: asked.update(names)),), values={"CALLERID_NUMBER": "082"})

    assert {
        "response": {"Error": {"code": "7", "#text": "Account suspended"}},
        "status": 200,
        "headers": {"content-type": "text/xml", "x-trace": "a, b"},
        "rows": 1,
        "text": "<XML><Error code='7'>Account suspended</Error></XML>",
        "CALLERID_NUMBER": "082",
    } == asked


def test_a_call_cannot_pretend_to_be_the_response():
    """
    A custom variable of that name does not hide what came back.
    """
    seen = interpret(REFUSAL, rules=(rule(lambda names: names["status"] == 200),), values={"status": 500})

    assert Outcome.REFUSED is seen.outcome


def test_a_rule_that_fails_does_not_hold():
    """
    A condition on a member that is not there is a finding, and the next rule is asked.
    """

    def fails(_):
        raise RenderError("response has no member data")

    seen = interpret(REFUSAL, rules=(rule(fails, Outcome.OK, label="first"),))

    assert (Outcome.REFUSED, "default: error in the content") == (seen.outcome, seen.decided_by)
    assert ("the rule first could not be asked: response has no member data",) == seen.findings


@pytest.mark.parametrize(
    "others", [(), (rule(lambda _: True, Outcome.OK, label="second"),)], ids=["alone", "before ok"]
)
def test_what_cannot_be_judged_is_no_success(others):
    """
    A rule that was to find a failure and cannot be asked must not let one pass; no agent sees its rows.
    """

    def fails(_):
        raise RenderError("response has no member code")

    seen = interpret(FOUND, rules=(rule(fails, Outcome.TARGET_FAILED, label="first"), *others))

    assert (Outcome.REFUSED, "first", ()) == (seen.outcome, seen.decided_by, seen.rows)
    assert "cannot be judged" in seen.sentence
    assert ("the rule first could not be asked: response has no member code",) == seen.findings


def test_a_failure_that_shows_anyway_is_told_as_what_it_is():
    """
    The sentence of the target system is better than ours.
    """

    def fails(_):
        raise RenderError("response has no member code")

    seen = interpret(REFUSAL, rules=(rule(fails, label="first"),))

    assert (Outcome.REFUSED, "default: error in the content") == (seen.outcome, seen.decided_by)


def test_a_sentence_that_fails_leaves_the_outcome():
    """
    The outcome stands; the agent reads the outcome's own sentence.
    """

    def fails(_):
        raise RenderError("no such member")

    seen = interpret(REFUSAL, rules=(rule(lambda _: True, Outcome.NO_MATCH, say=fails, label="r"),))

    assert (Outcome.NO_MATCH, SENTENCES[Outcome.NO_MATCH]) == (seen.outcome, seen.sentence)
    assert ("the sentence of r could not be made: no such member",) == seen.findings


def test_a_sentence_is_one_line():
    """
    Line breaks, control characters and length of a foreign text do not reach the agent.
    """
    said = "Refused:\r\n\x1b[31m" + "x" * 1_000

    seen = interpret(REFUSAL, rules=(rule(lambda _: True, say=lambda _: said),))

    assert 300 == len(seen.sentence)
    assert seen.sentence.startswith("Refused: [31mxxx")
    assert seen.sentence.isprintable()


def test_a_response_never_becomes_markup_or_a_template():
    """
    What the target system says is shown as it is.
    """
    body = b'{"error": "<script>alert(1)</script> {{ 7 * 7 }} {CALLERID}"}'

    assert interpret(Response(status=200, body=body)).sentence.endswith(
        ": <script>alert(1)</script> {{ 7 * 7 }} {CALLERID}"
    )


def test_rules_that_ask_only_the_status_decide_over_a_bomb():
    """
    A response that is refused to be read still has a status.
    """
    bomb = Response(status=409, body=b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")

    seen = interpret(bomb, rules=(rule(lambda names: names["status"] == 409, reads_response=False),))

    assert Outcome.REFUSED is seen.outcome
    assert seen.error is not None


def test_rows_are_shown_only_where_the_outcome_is_ok():
    """
    An agent sees rows or a sentence; what was read is kept for the administrator.
    """
    response = Response(status=200, body=b'{"results": [{"id": 1}]}')

    seen = interpret(response, rules=(rule(lambda _: True, Outcome.NO_MATCH),))

    assert ((), ((1,),)) == (seen.rows, seen.table.rows)


def test_a_type_that_was_asked_for_is_expected():
    """
    A post whose webhook says JSON does not take a page for a yes.
    """
    page = Response(status=200, headers=(("Content-Type", "text/html"),), body=b"<html>Thank you</html>")

    assert Outcome.OK is interpret(page, expects_rows=False).outcome
    assert (
        Outcome.TARGET_FAILED is interpret(page, response_type=ResponseType.JSON, expects_rows=False).outcome
    )
    assert Outcome.OK is interpret(page, response_type=ResponseType.TEXT, expects_rows=False).outcome


def test_a_redirect_names_where_it_leads():
    """
    Nothing was followed, and the administrator sees where to.
    """
    response = Response(status=308, headers=(("location", "https://crm.example.com/v2"),))

    assert "https://crm.example.com/v2" in interpret(response).sentence


@pytest.mark.parametrize("expects_rows", [True, False])
def test_every_status_has_an_outcome(expects_rows):
    """
    The table of defaults is total, and only a status of 200 to 299 is a success without records.
    """
    verdicts = {
        status: judge(Facts(status=status, expects_rows=expects_rows), (), {}) for status in range(100, 1000)
    }

    assert all(verdict.sentence.endswith(".") for verdict in verdicts.values())
    ok = [status for status, verdict in verdicts.items() if verdict.outcome is Outcome.OK]
    assert ([] if expects_rows else list(range(200, 300))) == ok


def test_skipped_is_never_judged():
    """
    It means that nothing was sent, so no response can have it.
    """
    assert Outcome.SKIPPED not in {line.outcome for line in DEFAULTS}


def test_every_outcome_has_a_sentence():
    """
    A rule without `say` never leaves the agent without words.
    """
    assert set(Outcome) == set(SENTENCES)


COMPLAINTS = {
    "an element": ({"Error": "No such list"}, "No such list"),
    "with a code beside it": ({"code": 7, "error": "Bad key", "timestamp": 1}, "Bad key"),
    "a flag and a message": ({"success": False, "message": "Bad key"}, "Bad key"),
    "a flag as text": ({"ok": "false", "error": "channel_not_found"}, "channel_not_found"),
    "a state": ({"status": "error", "message": "Bad key", "data": None}, "Bad key"),
    "OAuth": ({"error": "invalid_grant", "error_description": "Expired"}, "invalid_grant: Expired"),
    "true and a message": ({"error": True, "message": "Bad key"}, "Bad key"),
    "an object": ({"error": {"type": "x", "message": "Bad key", "details": {"a": 1}}}, "Bad key"),
    "under an envelope": ({"response": {"error": {"text": "Bad key"}}}, "Bad key"),
    "a list": ({"errors": [{"message": "One"}, {"message": "Two"}], "data": None}, "One; Two"),
    "an array of one": ([{"errorCode": "SESSION", "message": "Session expired", "error": 1}], "Session expired"),
    "a SOAP fault": (
        {"Body": {"Fault": {"faultcode": "soap:Client", "faultstring": "Bad key"}}},
        "Bad key",
    ),
    "a SOAP 1.2 fault": ({"Header": "", "Body": {"Fault": {"Code": {"Value": "s"}, "Reason": {"Text": "Bad key"}}}}, "Bad key"),
    "without words": ({"success": False}, "it gave no reason"),
}  # fmt: skip


@pytest.mark.parametrize(("tree", "words"), COMPLAINTS.values(), ids=COMPLAINTS.keys())
def test_an_error_and_nothing_else(tree, words):
    """
    Whatever the status was, this is a refusal, in its own words.
    """
    assert words == complaint_of(tree)


DATA = {
    "an error beside data": {"error": "stale", "id": 1, "name": "x"},
    "no error": {"error": None, "errors": [], "id": 1},
    "an empty error": {"error": "", "status": "ok"},
    "zero errors": {"errors": 0, "success": True},
    "a message": {"message": "Saved"},
    "a state of a customer": {"status": "failed", "name": "Thandi", "order": 7},
    "a text": "Error: no such list",
    "a list of several": [{"error": "x"}, {"error": "y"}],
    "nothing": None,
}


@pytest.mark.parametrize("tree", DATA.values(), ids=DATA.keys())
def test_no_error_is_invented(tree):
    """
    A response with anything else in it is judged by its rows, or by a rule.
    """
    assert complaint_of(tree) is None
