"""
Rules that cannot do what they say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from webhook_engine.definitions.compiled import CompiledRule
from webhook_engine.definitions.definitions import Definitions
from webhook_engine.definitions.linting.conditions import Meaning, contradiction, meaning
from webhook_engine.definitions.linting.finding import Spot, Spots
from webhook_engine.definitions.places import Path
from webhook_engine.definitions.rules import Rule
from webhook_engine.definitions.words import WebhookType
from webhook_engine.variables import VARIABLES, Moment

Found = Iterator[tuple[str, Path, str]]
Earlier = dict[tuple[Meaning, str], list[Rule]]
"""What a rule asks of a call, and a webhook that it starts -> the rules before that do the same, and go on."""


def lint_rules(definitions: Definitions) -> Spots:
    """
    All rules, each by itself and beside the others.
    """
    known_from = {name: variable.known_from for name, variable in VARIABLES.items()}
    known_from |= {variable.name: variable.known_from for variable in definitions.variables}
    stops: list[Rule] = []
    earlier: Earlier = {}
    for compiled in definitions.compiled_rules():
        rule = compiled.definition
        for code, inside, message in (
            *_reached(rule, stops),
            *_known(definitions, compiled, known_from),
            *_twice(rule, earlier),
            *_loops(rule),
            *_live_posts(definitions, rule),
        ):
            yield Spot(code=code, kind="rule", name=rule.name, inside=inside, message=message)
        if rule.stop and _takes_every_call(rule):
            stops.append(rule)
        if not rule.stop:
            for name in set(rule.webhooks):
                earlier.setdefault((meaning(rule), name), []).append(rule)


def lint_tests(definitions: Definitions) -> Spots:
    """
    Tests that pass whatever happens.
    """
    for test in definitions.tests:
        if not test.expect and not test.nothing:
            message = "expects no webhook; say which it expects, or nothing = true"
            yield Spot(code="asserts-nothing", kind="test", name=test.name, message=message)


def _reached(rule: Rule, stops: list[Rule]) -> Found:
    if rule.dispositions and not any(_is_known("CALL_DISPOSITION", each) for each in rule.on):
        message = f"no call has a disposition when it is {_listed(rule.on)}"
        yield "never-matches", ("disposition",), message
    if (why := contradiction(rule)) is not None:
        yield "never-matches", ("when",), why
    left = [moment for moment in rule.on if not any(moment in each.on for each in stops)]
    if not left:
        names = ", ".join(repr(each.name) for each in stops if set(each.on) & set(rule.on))
        yield "never-matches", (), f"{names} stops every event before it gets here"


def _takes_every_call(rule: Rule) -> bool:
    return rule.when is None and not (rule.call_queues or rule.directions or rule.dispositions)


def _is_known(name: str, moment: Moment) -> bool:
    return VARIABLES[name].known_from in moment.follows


def _known(definitions: Definitions, compiled: CompiledRule, known_from: Mapping[str, Moment]) -> Found:
    rule = compiled.definition
    if compiled.when is not None:
        for name, moments in _unknown(compiled.when.variables, rule.on, known_from):
            yield "not-known-yet", ("when",), f"{_sooner(name, known_from)} but this asks {_listed(moments)}"
    for index, name in enumerate(rule.webhooks):
        read = definitions.compiled(name).variables
        for variable, moments in _unknown(read, rule.on, known_from):
            message = f"{_sooner(variable, known_from)} but {name!r} is started {_listed(moments)}"
            yield "not-known-yet", ("webhooks", index), message
    for index, then in enumerate(rule.then):
        # What led there gives it its DYNAMIC_PARAMETER.
        read = definitions.compiled(then.webhook).variables - {"DYNAMIC_PARAMETER"}
        for variable, moments in _unknown(read, rule.on, known_from):
            message = f"{_sooner(variable, known_from)} but {then.webhook!r} is reached {_listed(moments)}"
            yield "not-known-yet", ("then", index, "webhook"), message


def _unknown(
    names: frozenset[str], moments: tuple[Moment, ...], known_from: Mapping[str, Moment]
) -> Iterator[tuple[str, tuple[Moment, ...]]]:
    for name in sorted(names & known_from.keys()):
        early = tuple(moment for moment in moments if known_from[name] not in moment.follows)
        if early:
            yield name, early


def _sooner(name: str, known_from: Mapping[str, Moment]) -> str:
    first = known_from[name]
    if first is Moment.MANUAL:
        return f"{name} is known only when an agent asks,"
    return f"{name} is not known before the call is {first},"


def _listed(moments: tuple[Moment, ...]) -> str:
    return f"at {' and '.join(moments)}"


def _twice(rule: Rule, earlier: Earlier) -> Found:
    condition = meaning(rule)
    for index, name in enumerate(rule.webhooks):
        for other in earlier.get((condition, name), ()):
            if set(other.on) & set(rule.on):
                yield "fires-twice", ("webhooks", index), f"{other.name!r} starts {name!r} for the same calls"


def _live_posts(definitions: Definitions, rule: Rule) -> Found:
    if set(rule.on) == {Moment.MANUAL}:
        # Whoever asked by hand sees that it failed, and can ask again.
        return
    for index, name in enumerate(rule.webhooks):
        webhook = definitions.webhook(name)
        if webhook.type is WebhookType.AJAX_POST and not (webhook.is_durable or webhook.safe):
            message = f"{name!r} is a live POST, which is not sent again when its connection breaks"
            yield "live-post", ("webhooks", index), message


def _loops(rule: Rule) -> Found:
    first = next(iter(rule.webhooks), "")
    leads_to: dict[str, set[str]] = {}
    for then in rule.then:
        leads_to.setdefault(then.after or first, set()).add(then.webhook)
    for index, then in enumerate(rule.then):
        start = then.after or first
        if start in _reachable(then.webhook, leads_to):
            yield "chain-loops", ("then", index), f"{then.webhook!r} leads back to {start!r}"


def _reachable(start: str, leads_to: Mapping[str, set[str]]) -> set[str]:
    seen, waiting = {start}, [start]
    while waiting:
        for name in leads_to.get(waiting.pop(), ()):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return seen
