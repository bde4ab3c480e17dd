"""
What a response leads to: the `then` of the rules that started its webhook.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from webhook_engine.definitions.compiling.tools import RESPONSE_NAMES
from webhook_engine.dispatch import admit
from webhook_engine.errors import AgentRefused, WebhookEngineError
from webhook_engine.rules.handing import Handed, handed
from webhook_engine.rules.start import Start, chained_id, shared
from webhook_engine.rules.trace import Fate, FollowTrace, LinkReason, LinkTrace, StartTrace
from webhook_engine.rules.words import either
from webhook_engine.variables import values_of
from webhook_engine.variables.frozen import FrozenMapping

if TYPE_CHECKING:
    from webhook_engine.responses import Outcome
    from webhook_engine.rules.link import Link
    from webhook_engine.rules.ruleset import RuleSet
    from webhook_engine.variables import CallEvent, Value

_NOTHING: Final[Mapping[str, object]] = FrozenMapping()


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """
    What one response leads to.
    """

    starts: tuple[Start, ...]
    """In order: by rule, then by link, then by value; the same webhook with the same value once."""

    trace: FollowTrace


def asks_for(rules: RuleSet, start: Start) -> frozenset[str]:
    """
    Which of `RESPONSE_NAMES` the links of *start* read, so that nothing is made for nobody.
    """
    return frozenset().union(*(each.reads for each in _links(rules, start))) & RESPONSE_NAMES


def follow(
    rules: RuleSet,
    start: Start,
    event: CallEvent,
    *,
    outcome: Outcome,
    names: Mapping[str, object] = _NOTHING,
) -> Follow:
    """
    The webhooks that the response to *start* leads to, and why.

    The same response leads to the same starts with the same event ids, however
    often it is read. A webhook that is on the way already, one too deep, one
    too many and one of a call that is no agent's are refused, and the trace
    says so; so it does of an expression that fails, which stops no other.

    Args:
        event: The one that began it all.

        outcome: What became of *start*.

        names: What there is of the response, under `RESPONSE_NAMES`; where
            there was no response, nothing.
    """
    chain = _Chain(rules, start, event, outcome, names)
    decided = [chain.decided(each) for each in _links(rules, start)]
    starts = chain.starts([each for each in decided if each.items])
    gone = [name for name in start.rules if name not in rules.links]
    links = (*(_gone(name, start) for name in gone), *(chain.told(each, starts) for each in decided))
    trace = FollowTrace(
        event_id=start.event_id,
        webhook=start.webhook,
        outcome=str(outcome),
        values=FrozenMapping(chain.plain_values()),
        links=links,
    )
    return Follow(starts=tuple(starts.values()), trace=trace)


def _links(rules: RuleSet, start: Start) -> Iterator[Link]:
    for name in start.rules:
        for link in rules.links.get(name, ()):
            if link.compiled.after == start.webhook:
                yield link


def _gone(name: str, start: Start) -> LinkTrace:
    because = f"there is no rule {name!r} any more"
    return LinkTrace(rule=name, webhook=start.webhook, place=0, reason=LinkReason.GONE, because=because)


@dataclass(frozen=True, slots=True)
class _Decided:
    """
    One link, and what it would hand on.
    """

    link: Link
    reason: LinkReason
    because: str
    items: tuple[Handed, ...] = ()


_Key = tuple[str, str | None]
"""Webhook, and what is handed on to it."""


class _Chain:
    """
    One response, while it is followed.
    """

    def __init__(
        self,
        rules: RuleSet,
        start: Start,
        event: CallEvent,
        outcome: Outcome,
        names: Mapping[str, object],
    ) -> None:
        self._rules, self._start, self._event, self._outcome = rules, start, event, outcome
        reads = frozenset().union(*(each.reads for each in _links(rules, start))) - RESPONSE_NAMES
        call = values_of(start.call(event), rules.definitions.tenant, reads)
        self._values: Mapping[str, object] = {**call, **names}

    def plain_values(self) -> dict[str, Value]:
        """
        What the links may read, without the response itself.
        """
        return {
            name: value
            for name, value in sorted(self._values.items())
            if isinstance(value, str | int | float) and name != "text"
        }

    def decided(self, link: Link) -> _Decided:
        """
        Whether a link goes on, and with what.
        """
        refused = next(self._refusals(link), None)
        if refused is not None:
            return _Decided(link, *refused)
        try:
            if link.condition is not None and not link.condition.asked(self._values):
                return _Decided(link, LinkReason.CONDITION, f"{link.then.when} does not hold")
            return self._handing(link)
        except WebhookEngineError as error:
            return _Decided(link, LinkReason.RAISED, str(error))

    def _refusals(self, link: Link) -> Iterator[tuple[LinkReason, str]]:
        then, start = link.then, self._start
        if self._outcome not in then.on:
            yield (
                LinkReason.OUTCOME,
                f"the outcome is {self._outcome}, and it goes on after {either(then.on)}",
            )
        way = (*start.chain, start.webhook)
        if then.webhook in way:
            yield LinkReason.LOOP, f"it would come back to where it was: {' > '.join((*way, then.webhook))}"
        if start.depth >= self._rules.limits.depth:
            yield (
                LinkReason.DEPTH,
                f"a chain goes at most {self._rules.limits.depth} webhooks deep: {' > '.join(way)}",
            )

    def _handing(self, link: Link) -> _Decided:
        value = link.compiled.value
        if value is None:
            return _Decided(link, LinkReason.FOLLOWED, "it goes on", (Handed(None),))
        found = value.evaluate(self._values)
        items = handed(found, at_most=link.then.at_most, longest=self._rules.limits.value_chars)
        if not items:
            return _Decided(link, LinkReason.NO_VALUE, f"{link.then.value} comes to an empty list")
        if all(each.refusal is not None for each in items):
            return _Decided(link, LinkReason.NO_VALUE, f"{link.then.value}: {items[0].refusal}", items)
        return _Decided(link, LinkReason.FOLLOWED, "it goes on", items)

    def starts(self, decided: list[_Decided]) -> dict[_Key, Start]:
        """
        Every webhook with every value once, within what the event may still start.
        """
        start, rules = self._start, self._rules
        if not rules.definitions.is_agent(self._event.call.extension):
            return {}
        wanted: dict[_Key, list[str]] = {}
        for each in decided:
            for item in each.items:
                if item.refusal is None:
                    names = wanted.setdefault((each.link.then.webhook, item.text), [])
                    names += [each.link.rule] if each.link.rule not in names else []
        kept, room = shared(start.room, len(wanted))
        return {
            (webhook, value): Start(
                webhook=webhook,
                event_id=chained_id(self._event.id, start, value),
                rule=first,
                also=tuple(others),
                dynamic_parameter=value,
                depth=start.depth + 1,
                chain=(*start.chain, start.webhook),
                room=room,
            )
            for (webhook, value), (first, *others) in list(wanted.items())[:kept]
        }

    def told(self, decided: _Decided, starts: Mapping[_Key, Start]) -> LinkTrace:
        """
        The trace of one link.
        """
        link = decided.link
        return LinkTrace(
            rule=link.rule,
            webhook=link.then.webhook,
            place=link.place,
            reason=decided.reason,
            because=decided.because,
            when=link.then.when,
            value=link.then.value,
            reads=tuple(sorted(link.reads)),
            starts=tuple(self._told_starts(decided, starts)),
        )

    def _told_starts(self, decided: _Decided, starts: Mapping[_Key, Start]) -> Iterator[StartTrace]:
        webhook = decided.link.then.webhook
        enabled = self._rules.definitions.webhook(webhook).enabled
        for item in decided.items:
            start = starts.get((webhook, item.text))
            if item.refusal is not None:
                yield StartTrace(webhook=webhook, fate=Fate.REFUSED, because=item.refusal)
            elif start is None:
                yield StartTrace(webhook=webhook, fate=Fate.REFUSED, because=self._refusal(webhook))
            elif start.rule == decided.link.rule:
                yield StartTrace(webhook=webhook, fate=Fate.STARTED, start=start, enabled=enabled)
            else:
                because = f"{start.rule!r} starts the same; it is performed once"
                yield StartTrace(
                    webhook=webhook, fate=Fate.SHARED, because=because, start=start, enabled=enabled
                )

    def _refusal(self, webhook: str) -> str:
        try:
            admit(self._event.call.extension, self._rules.definitions.index.agents, webhook=webhook)
        except AgentRefused as error:
            return str(error)
        return f"one event starts at most {self._rules.limits.webhooks:,} webhooks with all its chains"
