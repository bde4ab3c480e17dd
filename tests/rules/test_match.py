"""
Which webhooks an event starts, and why.
"""

from __future__ import annotations

import pytest

from webhook_engine.rules import ChainLimits, Fate, Reason, Start

SHORTHANDS = {
    "its moment": ({"on": ["ended", "disposed"]}, Reason.MOMENT, "it waits for ended or disposed"),
    "its call queue": (
        {"call_queue": ["Support"]},
        Reason.CALL_QUEUE,
        "the call queue is 'Sales', and it wants 'Support'",
    ),
    "its direction": (
        {"direction": ["outgoing"]},
        Reason.DIRECTION,
        "the direction is 'incoming', and it wants 'outgoing'",
    ),
    "its disposition": (
        {"disposition": ["Failed", "Failed Contact"]},
        Reason.DISPOSITION,
        "the call has no disposition, and it wants 'Failed' or 'Failed Contact'",
    ),
    "its condition": ({"when": "CALL_QUEUE == 'HR'"}, Reason.CONDITION, "CALL_QUEUE == 'HR' does not hold"),
    "one part of its condition": (
        {"when": "CALL_DIR == 'incoming' and CALL_QUEUE in ['HR', 'IT'] and CALL_NOTES"},
        Reason.CONDITION,
        "CALL_QUEUE in ['HR', 'IT'] does not hold",
    ),
    "a part after which comes more than plain Python": (
        {"when": "CALL_QUEUE == 'HR' and CALLERID_NUMBER | digits == '1'"},
        Reason.CONDITION,
        "CALL_QUEUE == 'HR' does not hold",
    ),
    "a condition that is not plain": (
        {"when": "CALLERID_NUMBER | digits == '1'"},
        Reason.CONDITION,
        "CALLERID_NUMBER | digits == '1' does not hold",
    ),
}


@pytest.mark.parametrize(("keys", "reason", "because"), SHORTHANDS.values(), ids=SHORTHANDS.keys())
def test_a_rule_does_not_match_and_says_why(rules, rule, event, keys, reason, because):
    """
    The reason is named, with the value that decided.
    """
    match = rules(rule(**keys)).match(event())

    [told] = match.trace.rules
    assert ((), reason, because) == (match.starts, told.reason, told.because)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"on": ["ended", "ringing"]},
        {"call_queue": ["HR", "Sales"]},
        {"direction": ["incoming"]},
        {"when": "CALLERID_NUMBER"},
        {"when": "CALLERID_NUMBER | digits"},
        {"when": "CALL_QUEUE in ['Sales'] and not CALL_NOTES"},
    ],
    ids=str,
)
def test_a_rule_matches(rules, rule, event, keys):
    """
    Everything it asks is so, and its webhook starts under the event's own id.
    """
    match = rules(rule(**keys)).match(event())

    [told] = match.trace.rules
    assert (Start(webhook="A", event_id="e-1", rule="R", room=999),) == match.starts
    assert (Reason.MATCHED, Fate.STARTED) == (told.reason, told.starts[0].fate)


class TestOrder:
    """
    Priority, then the file; and rules that stop others.
    """

    def test_a_higher_priority_starts_first(self, rules, rule, event):
        """
        Starts stand in the order in which rules are asked.
        """
        text = rule("low", webhooks=["A", "B"]) + rule("high", webhooks=["C"], priority=5)

        assert ["C", "A", "B"] == [each.webhook for each in rules(text).match(event()).starts]

    def test_stop_leaves_out_every_later_rule(self, rules, rule, event):
        """
        Those before it have started; those after it are not asked at all.
        """
        text = (
            rule("after", webhooks=["B"], when="CALL_QUEUE < 5", priority=-1)
            + rule("before", priority=1)
            + rule("it", webhooks=[], stop=True)
        )

        match = rules(text).match(event())

        assert ["A"] == [each.webhook for each in match.starts]
        assert {} == match.failed
        assert "'it' matched before it and stops the others" == match.trace.rule("after").because

    def test_a_rule_that_does_not_match_stops_nobody(self, rules, rule, event):
        """
        It stops once it matched, and so does not where it failed.
        """
        text = rule("no", webhooks=[], stop=True, when="CALL_NOTES") + rule(
            "bad", webhooks=[], stop=True, when="CALL_NOTES > 5"
        )

        match = rules(text + rule("last")).match(event())

        assert ["A"] == [each.webhook for each in match.starts]

    def test_a_webhook_that_two_rules_start_is_performed_once(self, rules, rule, event):
        """
        For both: the chains of both go on from it.
        """
        match = rules(rule("first") + rule("second", webhooks=["B", "A"])).match(event())

        assert [("A", ("first", "second")), ("B", ("second",))] == [
            (each.webhook, each.rules) for each in match.starts
        ]
        told = match.trace.rule("second").starts[1]
        assert (Fate.SHARED, "'first' starts it for this event already; it is performed once") == (
            told.fate,
            told.because,
        )


class TestValues:
    """
    One behaviour for every variable that is not there: it reads as empty text.
    """

    @pytest.mark.parametrize("name", ["CALL_NOTES", "CALL_DURATION", "ACCOUNT", "SCORE", "DYNAMIC_PARAMETER"])
    def test_what_the_call_does_not_hold_is_empty(self, rules, rule, event, name):
        """
        Not stated, not known yet, or a custom variable of other calls: it is all the same.
        """
        match = rules(rule(when=f"{name} == ''") + rule("not", when=name, webhooks=["B"])).match(event())

        assert ["A"] == [each.webhook for each in match.starts]
        assert {name: ""} == match.trace.values

    @pytest.mark.parametrize("name", ["CALL_DURATION", "ACCOUNT", "SCORE"])
    def test_comparing_it_with_a_number_fails(self, rules, rule, event, name):
        """
        The rule does not match, the trace says so, and no other rule notices.
        """
        match = rules(rule("bad", when=f"{name} > 30") + rule("good")).match(event())

        told = match.trace.rule("bad")
        assert ["good"] == [each.rule for each in match.starts]
        assert Reason.RAISED is told.reason
        assert f"{name} > 30: '>' not supported between instances of 'str' and 'int'" == told.error
        assert {"bad": told.error} == match.failed

    def test_what_is_stated_before_its_moment_counts(self, rules, rule, event):
        """
        The call's own word is taken; the trace remarks which values need not be there.
        """
        match = rules(rule(when="CALL_DURATION > 30 and CALL_QUEUE")).match(event(duration_s=31))

        assert 1 == len(match.starts)
        assert ("CALL_DURATION",) == match.trace.rules[0].early

    def test_a_custom_variable_is_early_before_its_moment(self, rules, rule, event):
        """
        As its definition says.
        """
        told = rules(rule(on=["ringing", "disposed"], when="ACCOUNT or SCORE"))

        assert ("SCORE",) == told.match(event(extra={"SCORE": 1})).trace.rules[0].early
        assert () == told.match(event("disposed")).trace.rules[0].early

    @pytest.mark.parametrize(
        ("value", "holds"), [(0, False), (0.0, False), (False, False), ("0", True), (" ", True), (True, True)]
    )
    def test_empty_zero_and_false_do_not_hold(self, rules, rule, event, value, holds):
        """
        Every other value does.
        """
        match = rules(rule(when="ACCOUNT")).match(event(extra={"ACCOUNT": value}))

        assert holds is bool(match.starts)

    def test_not_a_number_is_neither_true_nor_false(self, rules, rule, event):
        """
        A condition that comes to NaN is one that failed.
        """
        match = rules(rule(when="ACCOUNT * 10 - ACCOUNT * 10")).match(event(extra={"ACCOUNT": 1e308}))

        assert () == match.starts
        assert "comes to NaN" in match.failed["R"]

    def test_what_is_below_nothing_fails(self, rules, rule, event):
        """
        An item that is not there is undefined, and no condition.
        """
        match = rules(rule(when="CALL_NOTES[3]")).match(event())

        assert ["R"] == list(match.failed)


class TestAgents:
    """
    Only agents may use webhooks.
    """

    @pytest.mark.parametrize(
        ("extension", "says"),
        [("", "the call names no EXTENSION"), ("999-Euphoria", "the extension 999-Euphoria may not use")],
    )
    def test_nobody_else_starts_one(self, rules, rule, event, extension, says):
        """
        Rules match all the same; each start is refused with its reason.
        """
        match = rules(rule()).match(event(extension=extension))

        [told] = match.trace.rules
        assert ((), Reason.MATCHED) == (match.starts, told.reason)
        assert Fate.REFUSED is told.starts[0].fate
        assert says in told.starts[0].because


def test_one_event_starts_so_many_and_no_more(rules, rule, event):
    """
    The first by the rules' order; the rest is refused, and nothing is left for chains.
    """
    match = rules(rule(webhooks=list("ABCD")), limits=ChainLimits(webhooks=3)).match(event())

    assert [("A", 0), ("B", 0), ("C", 0)] == [(each.webhook, each.room) for each in match.starts]
    assert "one event starts at most 3 webhooks" == match.trace.rules[0].starts[3].because


def test_a_start_survives_its_way_through_json(rules, rule, event):
    """
    What a delivery keeps of it is all of it.
    """
    [start] = rules(rule("first") + rule("second")).match(event()).starts

    assert start == Start.from_json(start.to_json())


def test_what_an_agent_starts_has_its_rules_or_none(rules, rule, event):
    """
    Where rules start it by hand, their chains go on from it; where none does, nothing follows.
    """
    found = rules(rule(name="By hand", on=["manual"]))
    wanted = found.start_by_hand("A", event("manual", dynamic_parameter="4711"))
    other = found.start_by_hand("B", event("manual"))

    assert (("By hand",), "4711") == (wanted.rules, wanted.dynamic_parameter)
    assert ((), None) == (other.rules, other.dynamic_parameter)
