"""
From a match to its trace: every rule, and what decided about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from webhook_engine.dispatch import admit
from webhook_engine.errors import AgentRefused
from webhook_engine.quick import quick
from webhook_engine.rules.trace import ASKED, Fate, Reason, RuleTrace, StartTrace, Trace
from webhook_engine.rules.words import either
from webhook_engine.variables import VARIABLES
from webhook_engine.variables.frozen import FrozenMapping

if TYPE_CHECKING:
    from webhook_engine.rules.asked import Asked
    from webhook_engine.rules.ruleset import RuleSet
    from webhook_engine.rules.start import Start
    from webhook_engine.variables import CallEvent, Moment, Value


@quick
@dataclass(frozen=True, slots=True)
class Told:
    """
    What a match found out.
    """

    event: CallEvent
    values: Mapping[str, Value]

    matched: Mapping[str, Asked]
    """By name, in order."""

    failed: Mapping[str, str]
    """Rule -> what its condition raised."""

    starts: Mapping[str, Start]
    """By webhook, in order."""

    stopper: Asked | None
    """The rule after which no other was asked."""


def tell(rules: RuleSet, told: Told) -> Trace:
    """
    The trace of a match.
    """
    return Trace(
        event_id=told.event.id,
        moment=told.event.moment,
        values=FrozenMapping(dict(sorted(told.values.items()))),
        rules=tuple(_rule(each, rules, told) for each in rules.asked),
    )


def _rule(asked: Asked, rules: RuleSet, told: Told) -> RuleTrace:
    reason, because = next(_reasons(asked, told))
    rule = asked.rule
    reads = tuple(sorted(asked.reads))
    return RuleTrace(
        rule=asked.name,
        reason=reason,
        because=because,
        webhooks=rule.webhooks,
        chained=tuple((each.compiled.after, each.then.webhook) for each in rules.links[asked.name]),
        when=rule.when,
        reads=reads,
        early=tuple(_early(reads, rules.known_from, told.event.moment)) if reason in ASKED else (),
        failing=_failing(asked, told) if reason is Reason.CONDITION else None,
        error=told.failed.get(asked.name),
        starts=tuple(_starts(asked, rules, told)) if reason is Reason.MATCHED else (),
    )


def _reasons(asked: Asked, told: Told) -> Iterator[tuple[Reason, str]]:
    """
    Everything that keeps a rule from matching, then that it matched.
    """
    rule, call, moment = asked.rule, told.event.call, told.event.moment
    if moment not in rule.on:
        yield Reason.MOMENT, f"it waits for {either(rule.on)}"
    if rule.call_queues and call.call_queue not in rule.call_queues:
        yield Reason.CALL_QUEUE, _none_of("call queue", call.call_queue, rule.call_queues)
    if rule.directions and call.direction not in rule.directions:
        yield Reason.DIRECTION, _none_of("direction", call.direction or "", rule.directions)
    if rule.dispositions and call.disposition not in rule.dispositions:
        yield Reason.DISPOSITION, _none_of("disposition", call.disposition or "", rule.dispositions)
    if (stopper := told.stopper) is not None and stopper.place < asked.place:
        yield Reason.STOPPED, f"{stopper.name!r} matched before it and stops the others"
    if (error := told.failed.get(asked.name)) is not None:
        yield Reason.RAISED, f"its condition could not be asked: {error}"
    if asked.name not in told.matched:
        yield Reason.CONDITION, f"{_failing(asked, told) or rule.when} does not hold"
    yield Reason.MATCHED, "it matches"


def _failing(asked: Asked, told: Told) -> str | None:
    return asked.condition.failing(told.values) if asked.condition is not None else None


def _none_of(what: str, value: str, wanted: tuple[str, ...]) -> str:
    has = f"the {what} is {str(value)!r}" if value else f"the call has no {what}"
    return f"{has}, and it wants {either(repr(str(each)) for each in wanted)}"


def _early(names: tuple[str, ...], custom: Mapping[str, Moment], moment: Moment) -> Iterator[str]:
    for name in names:
        known_from = VARIABLES[name].known_from if name in VARIABLES else custom[name]
        if known_from not in moment.follows:
            yield name


def _starts(asked: Asked, rules: RuleSet, told: Told) -> Iterator[StartTrace]:
    for webhook in asked.rule.webhooks:
        start = told.starts.get(webhook)
        enabled = rules.definitions.webhook(webhook).enabled
        if start is None:
            yield StartTrace(webhook=webhook, fate=Fate.REFUSED, because=_refusal(webhook, rules, told))
        elif start.rule == asked.name:
            yield StartTrace(webhook=webhook, fate=Fate.STARTED, start=start, enabled=enabled)
        else:
            because = f"{start.rule!r} starts it for this event already; it is performed once"
            yield StartTrace(webhook=webhook, fate=Fate.SHARED, because=because, start=start, enabled=enabled)


def _refusal(webhook: str, rules: RuleSet, told: Told) -> str:
    try:
        admit(told.event.call.extension, rules.definitions.index.agents, webhook=webhook)
    except AgentRefused as error:
        return str(error)
    return f"one event starts at most {rules.limits.webhooks:,} webhooks"
