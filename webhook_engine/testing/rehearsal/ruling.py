"""
What of the rules no test reaches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from webhook_engine.rules import Reason, RuleSet
from webhook_engine.rules.quick import conjuncts
from webhook_engine.rules.words import either
from webhook_engine.testing.rehearsal.calls import events_of
from webhook_engine.testing.rehearsal.gap import Gap
from webhook_engine.testing.rehearsal.linking import Followed

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions, TestCase
    from webhook_engine.definitions.rules import Rule
    from webhook_engine.testing.rehearsal.performance import Performance
    from webhook_engine.variables import CallEvent


class _Word(NamedTuple):
    """
    What a rule asks of a call without an expression.
    """

    key: str
    """As in the file."""

    field: str
    """Of a rule."""

    fact: str
    """Of a call."""

    keeps_out: Reason


_WORDS: Final = (
    _Word("call_queue", "call_queues", "call_queue", Reason.CALL_QUEUE),
    _Word("direction", "directions", "direction", Reason.DIRECTION),
    _Word("disposition", "dispositions", "disposition", Reason.DISPOSITION),
)


@dataclass(slots=True)
class _Seen:
    """
    What the tests asked of one rule.
    """

    matched: set[tuple[str, str]] = field(default_factory=set)
    """(key, value): the moments, call queues, directions and dispositions with which it matched."""

    kept_out: set[str] = field(default_factory=set)
    """Keys that kept a call out which the others would have let in, and the parts of its condition that did."""

    stopped: bool = False
    """Whether it left another rule out that wants such a call."""


def of_rules(
    definitions: Definitions, cases: Sequence[TestCase], performances: Sequence[Performance]
) -> Iterator[Gap]:
    """
    Rules that never match, or not for all that they name; conditions that never decide; links nobody follows.
    """
    rules = RuleSet(definitions)
    seen, followed = _seen(rules, cases), Followed(rules, performances)
    for compiled in definitions.compiled_rules():
        rule = compiled.definition
        if not seen[rule.name].matched:
            yield Gap(kind="rule", where=f"rule {rule.name!r}", what="matches in no test")
            continue
        yield from _of_words(rule, seen[rule.name])
        yield from _of_condition(rule, seen[rule.name])
        yield from followed.gaps(rule.name)


def _seen(rules: RuleSet, cases: Sequence[TestCase]) -> defaultdict[str, _Seen]:
    seen: defaultdict[str, _Seen] = defaultdict(_Seen)
    for case in cases:
        for event in events_of(case, rules.definitions):
            _note(rules, event, seen)
    return seen


def _note(rules: RuleSet, event: CallEvent, seen: defaultdict[str, _Seen]) -> None:
    stopper = None
    for asked, told in zip(rules.asked, rules.match(event).trace.rules, strict=True):
        rule, found = asked.rule, seen[told.rule]
        match told.reason:
            case Reason.MATCHED:
                found.matched |= {("on", event.moment), *_facts(rule, event)}
                stopper = told.rule if rule.stop else stopper
            case Reason.STOPPED:
                assert stopper is not None  # rules are told in the order in which they are asked
                seen[stopper].stopped = True
            case Reason.CONDITION:
                found.kept_out |= {"when"} if told.failing is None else {"when", told.failing}
            case Reason.CALL_QUEUE | Reason.DIRECTION | Reason.DISPOSITION:
                found.kept_out |= _alone(rule, event)


def _facts(rule: Rule, event: CallEvent) -> Iterator[tuple[str, str]]:
    for word in _WORDS:
        if getattr(rule, word.field):
            yield word.key, str(getattr(event.call, word.fact))


def _alone(rule: Rule, event: CallEvent) -> set[str]:
    """
    The one key that keeps a call out; none where several do, as any of them might be missing then.
    """
    unfit = {
        word.key
        for word in _WORDS
        if (wanted := getattr(rule, word.field)) and getattr(event.call, word.fact) not in wanted
    }
    return unfit if len(unfit) == 1 else set()


def _of_words(rule: Rule, seen: _Seen) -> Iterator[Gap]:
    where = f"rule {rule.name!r}"
    if unmet := [str(each) for each in rule.on if ("on", each) not in seen.matched]:
        yield Gap(kind="moment", where=where, what=f"matches in no test with on = {either(map(repr, unmet))}")
    for word in _WORDS:
        wanted = [str(each) for each in getattr(rule, word.field)]
        if unmet := [each for each in wanted if (word.key, each) not in seen.matched]:
            what = f"matches in no test with {word.key} = {either(map(repr, unmet))}"
            yield Gap(kind="condition", where=where, what=what)
        if wanted and word.key not in seen.kept_out:
            yield Gap(kind="condition", where=where, what=f"its {word.key} alone keeps no call of a test out")
    if rule.stop and not seen.stopped:
        yield Gap(kind="stop", where=where, what="stops no other rule in any test")


def _of_condition(rule: Rule, seen: _Seen) -> Iterator[Gap]:
    if rule.when is None:
        return
    where = f"rule {rule.name!r}"
    if "when" not in seen.kept_out:
        yield Gap(kind="condition", where=where, what="its condition holds in every test that asks it")
        return
    parts = [each.text for each in conjuncts(rule.when)]
    for part in parts if len(parts) > 1 else ():
        if part not in seen.kept_out:
            what = f"its condition's {part!r} holds in every test that comes there"
            yield Gap(kind="condition", where=where, what=what)
