"""
What a response leads to.
"""

from __future__ import annotations

import pytest

from webhook_engine.responses import Outcome
from webhook_engine.rules import ChainLimits, Fate, LinkReason, asks_for, follow
from webhook_engine.rules.start import chained_id


@pytest.fixture
def chain(rules, rule, event):
    """
    Follows A's response through the links of one rule: (ruleset, event, follow).
    """

    def chain(*links, limits=None, names=None, outcome=Outcome.OK, **facts):
        text = rule() + "".join(f"[[rule.then]]\n{link}\n" for link in links)
        ruleset, happened = rules(text, limits=limits), event(**facts)
        [start] = ruleset.match(happened).starts
        return follow(ruleset, start, happened, outcome=outcome, names=names or {})

    return chain


def test_a_response_that_is_ok_leads_on(chain):
    """
    One webhook deeper, with the webhook that led there, under an id of its own.
    """
    [start] = chain('webhook = "B"', names={"rows": 1}).starts

    assert ("B", "R", 1, ("A",), None) == (
        start.webhook,
        start.rule,
        start.depth,
        start.chain,
        start.dynamic_parameter,
    )
    assert start.event_id.startswith("e-1>")


STAYS = {
    "after another outcome": (
        'webhook = "B"\non = ["no-match"]',
        LinkReason.OUTCOME,
        "the outcome is ok, and it goes on after no-match",
    ),
    "where its condition does not hold": (
        'webhook = "B"\nwhen = "rows == 0"',
        LinkReason.CONDITION,
        "rows == 0 does not hold",
    ),
    "where its condition fails": (
        'webhook = "B"\nwhen = "response.nothing.id"',
        LinkReason.RAISED,
        "'id'",
    ),
    "where its value fails": ('webhook = "B"\nvalue = "response.nothing"', LinkReason.RAISED, "nothing"),
    "where its value is none": (
        'webhook = "B"\nvalue = "response.none"',
        LinkReason.NO_VALUE,
        "None is empty",
    ),
    "where its value is empty": (
        'webhook = "B"\nvalue = "response.empty"',
        LinkReason.NO_VALUE,
        "'' is empty",
    ),
    "where its list is empty": (
        'webhook = "B"\nvalue = "response.list"',
        LinkReason.NO_VALUE,
        "comes to an empty list",
    ),
    "where its value is a table": ('webhook = "B"\nvalue = "response"', LinkReason.NO_VALUE, "is a table"),
    "where its value is too long": (
        'webhook = "B"\nvalue = "response.long"',
        LinkReason.NO_VALUE,
        "longer than the 4,096 characters",
    ),
    "where its value is half a character": (
        'webhook = "B"\nvalue = "response.half"',
        LinkReason.NO_VALUE,
        "half a character",
    ),
    "to where it came from": ('webhook = "A"', LinkReason.LOOP, "A > A"),
}
RESPONSE = {"none": None, "empty": "", "list": [], "long": "x" * 4_097, "half": "\ud800"}


@pytest.mark.parametrize(("link", "reason", "because"), STAYS.values(), ids=STAYS.keys())
def test_a_chain_does_not_go_on(chain, link, reason, because):
    """
    The reason is named; the link after it goes on.
    """
    found = chain(link, 'webhook = "C"', names={"response": RESPONSE, "rows": 1})

    assert ["C"] == [each.webhook for each in found.starts]
    told = found.trace.links[0]
    assert reason is told.reason
    assert because in told.because


def test_without_a_response_the_call_can_still_be_asked(chain):
    """
    A time-out leads on where the rule says so; what would be in a response fails.
    """
    found = chain(
        'webhook = "B"\non = ["target-failed"]\nvalue = "CALL_QUEUE"',
        'webhook = "C"\non = ["target-failed"]\nvalue = "response.id"',
        outcome=Outcome.TARGET_FAILED,
    )

    assert [("B", "Sales")] == [(each.webhook, each.dynamic_parameter) for each in found.starts]
    assert LinkReason.RAISED is found.trace.links[1].reason


class TestValues:
    """
    What is handed on becomes the next call's DYNAMIC_PARAMETER.
    """

    def test_a_value_is_written_as_in_a_template(self, chain, event):
        """
        Numbers as they are, true and false in small letters.
        """
        found = chain('webhook = "B"\nvalue = "response"', names={"response": [4711, 1.5, True, "x"]})

        assert ["4711", "1.5", "true", "x"] == [each.dynamic_parameter for each in found.starts]
        assert "4711" == found.starts[0].call(event()).dynamic_parameter

    def test_without_one_the_calls_own_stays(self, chain, event):
        """
        What the agent typed is still there.
        """
        [start] = chain('webhook = "B"', dynamic_parameter="typed").starts

        assert "typed" == start.call(event(dynamic_parameter="typed")).dynamic_parameter

    def test_a_list_starts_one_each_up_to_its_limit(self, chain):
        """
        A value that stands twice starts once; what cannot be handed on takes nobody's place.
        """
        found = chain(
            'webhook = "B"\nvalue = "response"\nat_most = 3',
            names={"response": [1, None, 2, 1, {"id": 5}, 3, 4, 5]},
        )

        assert ["1", "2", "3"] == [each.dynamic_parameter for each in found.starts]
        assert [
            "None is empty, and would name nothing",
            "{'id': 5} is a table, and one value is handed on",
            "the last 2 of 8 are left out: at_most is 3",
        ] == [each.because for each in found.trace.links[0].starts if each.fate is Fate.REFUSED]

    def test_a_list_of_a_million_is_not_looked_through(self, chain):
        """
        The first thousand items are.
        """
        found = chain('webhook = "B"\nvalue = "response"', names={"response": [None] * 999_999 + [5]})

        assert () == found.starts
        assert "the last 999,000 of 1,000,000 are left out: 1,000 are looked at" == (
            found.trace.links[0].starts[-1].because
        )

    def test_a_link_reads_what_was_handed_on_to_it(self, rules, rule, event):
        """
        So that a value can be carried further.
        """
        ruleset = rules(
            rule()
            + '[[rule.then]]\nwebhook = "B"\nvalue = "status"\n'
            + '[[rule.then]]\nafter = "B"\nwebhook = "C"\nvalue = "DYNAMIC_PARAMETER ~ \'!\'"\n'
        )
        [first] = ruleset.match(event()).starts
        [second] = follow(ruleset, first, event(), outcome=Outcome.OK, names={"status": 200}).starts

        [third] = follow(ruleset, second, event(), outcome=Outcome.OK).starts

        assert ("200!", ("A", "B"), 2) == (third.dynamic_parameter, third.chain, third.depth)


class TestLimits:
    """
    No chain runs away.
    """

    def test_depth(self, chain):
        """
        Nothing is started beyond it.
        """
        found = chain('webhook = "B"', limits=ChainLimits(depth=0))

        assert () == found.starts
        assert (LinkReason.DEPTH, "a chain goes at most 0 webhooks deep: A") == (
            found.trace.links[0].reason,
            found.trace.links[0].because,
        )

    def test_fan_out_of_an_event(self, chain):
        """
        All chains of one event share what it may start.
        """
        found = chain(
            'webhook = "B"\nvalue = "response"',
            'webhook = "C"',
            names={"response": [1, 2, 3]},
            limits=ChainLimits(webhooks=4),
        )

        assert [("B", "1", 0), ("B", "2", 0), ("B", "3", 0)] == [
            (each.webhook, each.dynamic_parameter, each.room) for each in found.starts
        ]
        [told] = found.trace.links[1].starts
        assert "one event starts at most 4 webhooks with all its chains" == told.because

    def test_an_agent_who_is_none_any_more_starts_nothing(self, rules, rule, event):
        """
        Definitions may change while a response is waited for.
        """
        ruleset = rules(rule() + '[[rule.then]]\nwebhook = "B"\n')
        [start] = ruleset.match(event()).starts

        found = follow(ruleset, start, event(extension="999-Euphoria"), outcome=Outcome.OK)

        assert () == found.starts
        assert "only agents may" in found.trace.links[0].starts[0].because

    def test_a_rule_that_is_gone_leads_nowhere(self, rules, rule, event):
        """
        And the trace says so.
        """
        [start] = rules(rule("old")).match(event()).starts

        found = follow(rules(rule("new")), start, event(), outcome=Outcome.OK)

        assert [("old", LinkReason.GONE)] == [(each.rule, each.reason) for each in found.trace.links]


class TestSeveralRules:
    """
    A webhook that several rules started is followed by all of them.
    """

    def test_each_goes_on_with_its_own_links(self, rules, rule, event):
        """
        The same webhook with the same value is still performed once.
        """
        then = '[[rule.then]]\nwebhook = "B"\nvalue = "status"\n'
        ruleset = rules(rule("one") + then + rule("two") + then + '[[rule.then]]\nwebhook = "C"\n')
        [start] = ruleset.match(event()).starts

        found = follow(ruleset, start, event(), outcome=Outcome.OK, names={"status": 200})

        assert [("B", ("one", "two")), ("C", ("two",))] == [
            (each.webhook, each.rules) for each in found.starts
        ]
        assert [Fate.STARTED, Fate.SHARED, Fate.STARTED] == [
            each.fate for link in found.trace.links for each in link.starts
        ]


class TestIds:
    """
    A delivery that is repeated starts nothing twice.
    """

    def test_the_order_of_a_response_does_not_matter(self, chain):
        """
        An id is made of the value, not of its place.
        """
        link = 'webhook = "B"\nvalue = "response"'
        once = chain(link, names={"response": [1, 2]}).starts
        again = chain(link, names={"response": [3, 2, 1]}).starts

        ids = {each.dynamic_parameter: each.event_id for each in again}
        assert {each.dynamic_parameter: each.event_id for each in once}.items() <= ids.items()
        assert 3 == len(set(ids.values()))

    def test_an_id_is_known_for_good(self, chain):
        """
        It is on disks: a new version makes the same of the same.
        """
        [start] = chain('webhook = "B"\nvalue = "status"', names={"status": 200}).starts

        assert "e-1>b5cf02fc2b596b521fde72da558f7040" == start.event_id

    def test_nothing_handed_on_is_not_an_empty_value(self, rules, rule, event):
        """
        And where one name ends and the next begins makes a difference.
        """
        [start] = rules(rule()).match(event()).starts

        assert 3 == len({chained_id("e", start, value) for value in (None, "", "A")})

    def test_an_id_is_never_longer_than_an_events(self, rules, rule, event):
        """
        200 characters is the bound of both.
        """
        happened = event(event_id="x" * 200)
        [start] = rules(rule()).match(happened).starts

        assert 200 >= len(chained_id(happened.id, start, "v"))


def test_what_links_read_of_a_response_is_known_beforehand(rules, rule, event):
    """
    Nobody makes a tree for links that ask for none.
    """
    ruleset = rules(
        rule() + '[[rule.then]]\nwebhook = "B"\nwhen = "rows == 1 and CALL_QUEUE"\nvalue = "status"\n'
    )
    [start] = ruleset.match(event()).starts

    assert {"rows", "status"} == asks_for(ruleset, start)
