"""
Matching is exact, whatever the rules and the call.
"""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from webhook_engine.definitions import Agent, CustomVariable, Definitions, Rule, Webhook, WebhookType
from webhook_engine.errors import WebhookEngineError
from webhook_engine.rules import ChainLimits, Reason, RuleSet, follow
from webhook_engine.rules.quick import conjuncts, quick
from webhook_engine.rules.start import shared
from webhook_engine.templating import compile_expression
from webhook_engine.variables import CallContext, CallEvent, Direction, Disposition, Moment, values_of

QUEUES = ("Sales", "Support", 'it\'s "HR"', "")
NAMES = ("CALL_QUEUE", "CALL_DIR", "CALL_DURATION", "CALL_NOTES", "ACCOUNT")
WEBHOOKS = [Webhook(name=name, type=WebhookType.AJAX_GET, url="https://x.example/") for name in "ABC"]

constants = st.one_of(
    st.sampled_from(QUEUES).map(lambda text: "'" + text.replace("'", "\\'") + "'"),
    st.integers(-2, 100).map(str),
    st.sampled_from(["true", "none", "1.5"]),
)
plain = st.recursive(
    st.one_of(st.sampled_from(NAMES), constants),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["==", "!=", "<", ">=", "in", "not in"]), inner).map(
            lambda each: f"({' '.join(each)})"
        ),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda each: f"({' '.join(each)})"),
        st.tuples(inner, inner).map(lambda each: f"({' and '.join(each)})"),
        inner.map(lambda each: f"(not {each})"),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: f"[{', '.join(each)}]"),
    ),
    max_leaves=6,
)
expressions = st.one_of(plain, plain.map(lambda each: f"{each} and CALL_NOTES | upper == 'X'"))
calls = st.builds(
    CallContext,
    extension=st.sampled_from(["100-E", "999-E", ""]),
    call_queue=st.sampled_from([*QUEUES, "another"]),
    direction=st.sampled_from([None, *Direction]),
    disposition=st.sampled_from([None, *Disposition]),
    duration_s=st.sampled_from([None, 0, 31]),
    notes=st.sampled_from(["", "x"]),
    extra=st.sampled_from([{}, {"ACCOUNT": 5}, {"ACCOUNT": "x"}, {"ACCOUNT": 0.0}, {"ACCOUNT": True}]),
)
events = st.builds(CallEvent, st.sampled_from(Moment), calls, id=st.just("e"))


def some(of):
    return st.lists(st.sampled_from(of), max_size=2, unique=True).map(tuple)


rules = st.lists(
    st.builds(
        Rule,
        name=st.uuids().map(str),
        on=st.lists(st.sampled_from(Moment), min_size=1, max_size=3, unique=True).map(tuple),
        webhooks=st.lists(st.sampled_from("ABC"), min_size=1, max_size=2, unique=True).map(tuple),
        when=st.one_of(st.none(), expressions),
        priority=st.integers(-1, 1),
        stop=st.sampled_from([False, False, False, True]),
        call_queues=some(QUEUES[:3]),
        directions=some(list(Direction)),
        dispositions=some(list(Disposition)),
    ),
    max_size=8,
    unique_by=lambda rule: rule.name,
)


def built(found):
    return Definitions.build(
        agents=[Agent(extension="100-E")],
        webhooks=WEBHOOKS,
        rules=found,
        variables=[CustomVariable(name="ACCOUNT")],
    )


def one_by_one(definitions, event):
    """
    The names of the rules that match and of those that fail, asked without index and shortcuts.
    """
    matched, failed = [], []
    values = values_of(event.call, definitions.tenant) | {"ACCOUNT": event.call.extra.get("ACCOUNT", "")}
    for compiled in definitions.compiled_rules():
        rule, call = compiled.definition, event.call
        if (
            event.moment not in rule.on
            or (rule.call_queues and call.call_queue not in rule.call_queues)
            or (rule.directions and call.direction not in rule.directions)
            or (rule.dispositions and call.disposition not in rule.dispositions)
        ):
            continue
        try:
            holds = compiled.when is None or compiled.when.evaluate(values)
        except WebhookEngineError:
            failed.append(rule.name)
            continue
        if holds:
            matched.append(rule.name)
            if rule.stop:
                break
    return matched, failed


@given(rules, st.lists(events, min_size=1, max_size=4))
def test_the_index_finds_what_asking_one_by_one_finds(found, happening):
    """
    In the same order, with the same failures; for an agent, the same webhooks.
    """
    definitions = built(found)
    ruleset = RuleSet(definitions)

    for event in happening:
        match = ruleset.match(event)
        matched, failed = one_by_one(definitions, event)
        by_name = {rule.name: rule for rule in found}
        webhooks = dict.fromkeys(each for name in matched for each in by_name[name].webhooks)
        assert matched == [each.rule for each in match.trace.rules if each.reason is Reason.MATCHED]
        assert failed == list(match.failed)
        assert (list(webhooks) if event.call.extension == "100-E" else []) == [
            each.webhook for each in match.starts
        ]


@given(rules, events)
def test_the_trace_names_every_rule_once(found, event):
    """
    In the order in which they are asked, also those that nobody came to.
    """
    definitions = built(found)

    trace = RuleSet(definitions).match(event).trace

    assert [each.definition.name for each in definitions.compiled_rules()] == [
        each.rule for each in trace.rules
    ]


@given(rules, events, events)
def test_matching_is_pure(found, event, another):
    """
    The same event gives the same, whatever was asked between; another set of the same rules does too.
    """
    definitions = built(found)
    ruleset = RuleSet(definitions)
    first = ruleset.match(event)
    told = first.trace
    ruleset.match(another)

    assert (first, told) == (ruleset.match(event), ruleset.match(event).trace)
    assert (first, told) == (RuleSet(definitions).match(event), first.trace)
    assert told == pickle.loads(pickle.dumps(told))


@given(plain, calls)
def test_a_plain_condition_means_the_same_in_python(source, call):
    """
    What the shortcut says, the expression says; where it raises, so does the expression.
    """
    expression = compile_expression(source, names=NAMES)
    values = values_of(call, built([]).tenant, NAMES)
    try:
        expected = bool(expression.evaluate(values))
    except WebhookEngineError:
        expected = "raises"
    try:
        actual = bool(quick(source)(values))
    except TypeError:
        actual = "raises"

    assert expected == actual


@given(plain, calls)
def test_a_condition_holds_where_all_its_parts_do(source, call):
    """
    The part that is named as failing is one that fails.
    """
    values = values_of(call, built([]).tenant, NAMES)
    try:
        whole = bool(quick(source)(values))
    except TypeError:
        return

    parts = []
    for each in conjuncts(source):
        parts.append(bool(each.holds(values)))
        if not parts[-1]:
            break
    assert whole is all(parts)


@given(st.integers(0, 200), st.lists(st.integers(0, 20), max_size=4))
def test_what_all_chains_start_never_exceeds_the_room(room, wanted):
    """
    However each start of one step goes on by itself.
    """
    total, starts, each = 0, 1, room
    for want in wanted:
        kept, each = shared(each, want)
        starts *= kept
        total += starts

    assert total <= room


LADDER = "".join(
    f'[[rule.then]]\nafter = "{a}"\nwebhook = "{b}"\nvalue = "response"\nat_most = 100\n'
    for a, b in ("AB", "BC", "CA", "AC", "CB")
)


@given(st.lists(st.integers(0, 300), max_size=40), st.integers(1, 120), st.integers(0, 6))
def test_a_chain_ends(response, webhooks, depth):
    """
    Whatever responses hold, depth and number stay below their limits, and no webhook comes back.
    """
    from webhook_engine.definitions import read_text

    head = '[[agent]]\nextension = "100-E"\n' + "".join(
        f'[[webhook]]\nname = "{name}"\ntype = "ajax-get"\nurl = "https://x.example/"\n' for name in "ABC"
    )
    text = head + '[[rule]]\nname = "R"\non = "ringing"\nwebhooks = "A"\n' + LADDER
    ruleset = RuleSet(read_text(text), limits=ChainLimits(webhooks=webhooks, depth=depth))
    event = CallEvent("ringing", CallContext(extension="100-E"), id="e")
    waiting, performed = list(ruleset.match(event).starts), []
    while waiting:
        start = waiting.pop()
        performed.append(start)
        waiting += follow(ruleset, start, event, outcome="ok", names={"response": response}).starts

    assert len(performed) <= webhooks
    assert all(each.depth <= depth and each.webhook not in each.chain for each in performed)
    assert len(performed) == len({(each.event_id, each.webhook) for each in performed})
