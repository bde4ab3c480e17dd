"""
Which webhooks an event starts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from webhook_engine.errors import WebhookEngineError
from webhook_engine.rules.asked import Asked, Kind
from webhook_engine.rules.link import links_of
from webhook_engine.rules.start import ChainLimits, Start, shared
from webhook_engine.rules.telling import Told, tell
from webhook_engine.variables import Moment, values_of
from webhook_engine.variables.frozen import FrozenMapping

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions
    from webhook_engine.rules.quick import Holds
    from webhook_engine.rules.trace import Trace
    from webhook_engine.variables import CallEvent, Direction, Disposition, Value

_NONE: Final[FrozenMapping[str]] = FrozenMapping()

_KINDS_REMEMBERED: Final = 256
"""Kinds of events whose candidates are kept; those of one more are found in a fraction of a millisecond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """
    What one event starts.
    """

    starts: tuple[Start, ...]
    """In order: by rule, then as the rule lists them; each webhook once."""

    failed: Mapping[str, str]
    """Rule -> what its condition raised; such a rule does not match, and stops nobody."""

    _tell: Callable[[], Trace] = field(repr=False, compare=False)

    @property
    def trace(self) -> Trace:
        """
        Why each rule matched or did not; worked out whenever it is asked for.
        """
        return self._tell()


class Candidates(NamedTuple):
    """
    The rules that want a kind of event, in order, and what their conditions read.
    """

    asked: tuple[tuple[Holds | None, Asked], ...]
    """Each with its condition's quick form: looking it up a thousand times would take longer than asking."""

    reads: frozenset[str]


class RuleSet:
    """
    The rules of one tenant, ready for events.

    It never changes and does nothing but compute: any thread may ask it.
    """

    def __init__(self, definitions: Definitions, *, limits: ChainLimits | None = None) -> None:
        """
        Args:
            limits: How much one event may set in motion.
        """
        self.definitions = definitions
        self.limits = limits or ChainLimits()
        self.asked = tuple(
            Asked.of(place, compiled) for place, compiled in enumerate(definitions.compiled_rules())
        )
        self.known_from = {each.name: each.known_from for each in definitions.variables}
        self.links = links_of(definitions)
        self._queues = frozenset(queue for each in self.asked for queue in each.rule.call_queues)
        self._at = {moment: tuple(each for each in self.asked if moment in each.rule.on) for moment in Moment}
        self._candidates = lru_cache(_KINDS_REMEMBERED)(self._wanting)
        self._planned = lru_cache(_KINDS_REMEMBERED)(self._plan)

    def match(self, event: CallEvent) -> Match:
        """
        The webhooks that *event* starts, and why.

        What the call does not hold reads as empty text in every condition. A
        condition that fails on the values does not hold; the trace says why,
        and every other rule is asked as if nothing had happened.
        """
        values, matched, stopper, failed = self._asked(event)
        starts = self._started(event, matched)
        by_webhook = {each.webhook: each for each in starts}
        told = Told(event, values, {each.name: each for each in matched}, failed, by_webhook, stopper)
        return Match(
            starts=starts,
            failed=FrozenMapping(failed) if failed else _NONE,
            _tell=lambda: tell(self, told),
        )

    def starts(self, event: CallEvent) -> tuple[Start, ...]:
        """
        The webhooks that *event* starts, for whoever will not ask why.
        """
        _, matched, _, _ = self._asked(event)
        return self._started(event, matched)

    def start_by_hand(self, webhook: str, event: CallEvent) -> Start:
        """
        The start of a webhook that an agent asked for, whether rules start it for this event or not.
        """
        found = next((each for each in self.starts(event) if each.webhook == webhook), None)
        _, room = shared(self.limits.webhooks, 1)
        start = found or Start(webhook=webhook, event_id=event.id, rule="", room=room)
        # What it was asked with tells it from the same webhook asked with something else.
        return replace(start, dynamic_parameter=event.call.dynamic_parameter or None)

    def _wanting(
        self,
        moment: Moment,
        call_queue: str | None,
        direction: Direction | None,
        disposition: Disposition | None,
    ) -> Candidates:
        kind = Kind(moment, call_queue, direction, disposition)
        wanting = [each for each in self._at[moment] if each.wants(kind)]
        asked = tuple((each.condition.quick if each.condition else None, each) for each in wanting)
        return Candidates(asked, frozenset().union(*(each.reads for each in wanting)))

    def _asked(
        self, event: CallEvent
    ) -> tuple[Mapping[str, Value], Sequence[Asked], Asked | None, Mapping[str, str]]:
        """
        Returns:
            What conditions read, the rules that match in order, the one after which no other was asked, and
            what conditions raised, by their rule.
        """
        call = event.call
        queue = call.call_queue if call.call_queue in self._queues else None
        asked, reads = self._candidates(event.moment, queue, call.direction, call.disposition)
        values = values_of(call, self.definitions.tenant, reads)
        matched: list[Asked] = []
        failed: dict[str, str] = {}
        for holds, each in asked:
            try:
                if holds is not None and not holds(values):
                    continue
            except (TypeError, WebhookEngineError):
                if not _asked_again(each, values, failed):
                    continue
            matched.append(each)
            if each.rule.stop:
                return values, matched, each, failed
        return values, matched, None, failed

    def _started(self, event: CallEvent, matched: Sequence[Asked]) -> tuple[Start, ...]:
        """
        None at all where the call is no agent's.
        """
        if not matched or not self.definitions.is_agent(event.call.extension):
            return ()
        webhooks, room = self._planned(tuple([each.place for each in matched]))
        return tuple(
            [
                Start(webhook=webhook, event_id=event.id, rule=first, also=others, room=room)
                for webhook, first, others in webhooks
            ]
        )

    def _plan(self, places: tuple[int, ...]) -> tuple[tuple[tuple[str, str, tuple[str, ...]], ...], int]:
        """
        Each webhook that these rules start together, with the rules that do; and the room of each.
        """
        rules: dict[str, list[str]] = {}
        for place in places:
            for webhook in self.asked[place].rule.webhooks:
                rules.setdefault(webhook, []).append(self.asked[place].name)
        kept, room = shared(self.limits.webhooks, len(rules))
        found = [(webhook, first, tuple(others)) for webhook, (first, *others) in rules.items()]
        return tuple(found[:kept]), room


def _asked_again(asked: Asked, values: Mapping[str, Value], failed: dict[str, str]) -> object:
    """
    Whether a condition holds of which the quick form failed; where it fails itself, *failed* says how.
    """
    assert asked.condition is not None  # noqa: S101  # what is not there does not fail
    try:
        return asked.condition.asked(values)
    except WebhookEngineError as error:
        failed[asked.name] = str(error)
        return False
