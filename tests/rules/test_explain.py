"""
A trace reads as an answer to "why".
"""

from __future__ import annotations

import json

import orjson

from webhook_engine.responses import Outcome
from webhook_engine.rules import Tone, explain, follow, why

THEN = '[[rule.then]]\nwebhook = "B"\nwhen = "rows == 1"\nvalue = "response.id"\n'


def test_every_rule_has_its_line_and_its_facts(rules, rule, event):
    """
    What decided stands first, the values that were read under it.
    """
    text = (
        rule("first", when="CALL_DURATION > 5", priority=1)
        + rule("second", when="CALL_QUEUE == 'Sales'")
        + rule("third", on=["ended"])
    )

    lines = explain(rules(text).match(event()).trace)

    failure = "CALL_DURATION > 5: '>' not supported between instances of 'str' and 'int'"
    assert [
        "ringing: 1 of 3 rules matches",
        f"rule 'first': its condition could not be asked: {failure}",
        "  when CALL_DURATION > 5",
        "    CALL_DURATION is '', which a call need not know at ringing",
        "rule 'second': it matches",
        "  when CALL_QUEUE == 'Sales'",
        "    CALL_QUEUE is 'Sales'",
        "  starts 'A'",
        "rule 'third': it waits for ended",
    ] == [str(each) for each in lines]
    assert [Tone.WRONG, Tone.YES, Tone.NO] == [each.tone for each in lines if each.text.startswith("rule ")]


def test_a_followed_response_has_a_line_for_each_link(rules, rule, event):
    """
    With what the response said, where that is short.
    """
    ruleset = rules(rule() + THEN)
    [start] = ruleset.match(event()).starts

    found = follow(
        ruleset, start, event(), outcome=Outcome.OK, names={"rows": 1, "response": {"id": 7}, "text": "…"}
    )

    assert [
        "'A' ended ok: 1 link of its chain",
        "rule 'R', then[1] 'B': it goes on",
        "  when rows == 1",
        "  value response.id",
        "    rows is 1",
        "  starts 'B' with DYNAMIC_PARAMETER '7'",
    ] == [str(each) for each in explain(found.trace)]


def test_a_long_value_is_shortened(rules, rule, event):
    """
    A line stays a line.
    """
    lines = explain(rules(rule(when="CALL_NOTES")).match(event(notes="a\nb" * 1_000)).trace)

    assert all(len(str(each)) < 150 and "\n" not in str(each) for each in lines)


class TestWhy:
    """
    The same from the side of one webhook.
    """

    def test_it_starts(self, rules, rule, event):
        """
        By a rule that matches.
        """
        told = why(rules(rule()).match(event()).trace, "A")

        assert (True, ("rule 'R': it matches",)) == (told.starts, told.because)

    def test_every_rule_that_could_start_it_is_named(self, rules, rule, event):
        """
        Each with its reason; one of a chain with the webhook it waits for.
        """
        text = rule("one", on=["ended"], webhooks=["B"]) + rule("two") + THEN

        told = why(rules(text).match(event()).trace, "B")

        assert (False, ("rule 'one': it waits for ended", "rule 'two': after 'A'")) == (
            told.starts,
            told.because,
        )

    def test_no_rule_starts_it(self, rules, rule, event):
        """
        That is an answer too.
        """
        assert ("no rule starts it",) == why(rules(rule()).match(event()).trace, "H").because


def test_traces_are_json(rules, rule, event):
    """
    Both kinds, whole, with every reason and every start.
    """
    ruleset = rules(rule(when="CALL_QUEUE") + THEN + rule("other", on=["ended"]))
    match = ruleset.match(event())
    found = follow(
        ruleset, match.starts[0], event(), outcome=Outcome.OK, names={"rows": 1, "response": {"id": 7}}
    )

    matched = json.loads(orjson.dumps(match.trace.to_json()))
    followed = json.loads(orjson.dumps(found.trace.to_json()))

    assert ("e-1", "ringing", {"CALL_QUEUE": "Sales"}) == (
        matched["event"],
        matched["moment"],
        matched["values"],
    )
    assert ["matched", "moment"] == [each["reason"] for each in matched["rules"]]
    assert match.starts[0].to_json() == matched["rules"][0]["starts"][0]["start"]
    assert ("A", "ok", {"rows": 1}) == (followed["webhook"], followed["outcome"], followed["values"])
    assert ["7"] == [each["start"]["dynamic_parameter"] for each in followed["then"][0]["starts"]]
