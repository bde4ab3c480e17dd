"""
What is known of a call: who has it, who is done with it, whether it is over.

Each fact keeps the latest event that stated it, and every pop the event that
brought it. Comparing the two decides what an agent may see, and so the order in
which events arrive makes no difference to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from webhook_engine.definitions import Withdrawal
from webhook_engine.variables import CallContext, Moment

if TYPE_CHECKING:
    from datetime import datetime

    from webhook_engine.pops.pop import Pop
    from webhook_engine.variables import CallEvent

_RANK = {
    moment: rank
    for rank, moment in enumerate(
        (
            Moment.RINGING,
            Moment.ANSWERED,
            Moment.TRANSFERRED,
            Moment.MANUAL,
            Moment.ENDED,
            Moment.DISPOSED,
        )
    )
}

_FACTS = {
    "CALLERID_NAME": "caller_name",
    "CALLERID_NUMBER": "caller_number",
    "CALL_DIR": "direction",
    "CALL_QUEUE": "call_queue",
    "CALL_SIPID": "sip_id",
}
"""What a screen is told of a call."""

_facts_of = attrgetter(*_FACTS.values())

_BEGINNINGS = frozenset({Moment.RINGING, Moment.ANSWERED, Moment.TRANSFERRED})

KEPT = frozenset({Moment.ENDED, Moment.DISPOSED, Moment.MANUAL})
"""What starts then is the agent's own: it was asked for by hand, or is there for when the call is over."""

DECIDING = frozenset({Moment.ANSWERED, Moment.TRANSFERRED, Moment.ENDED, Moment.DISPOSED})
"""After these, agents may have to lose what they see. A phone that rings takes nothing away, and many may."""


class When(NamedTuple):
    """
    An event's place among those of its call: by time, and at one time by moment.
    """

    at: float
    rank: int


def when_of(event: CallEvent) -> When:
    return When(event.at.timestamp(), _RANK[event.moment])


def call_id(call: CallContext) -> str:
    """
    Which call this is: its CALL_SIPID.

    A call without one can only be told apart at one agent: there it is known by
    the extension and the contact's number, until it has ended and another begins.

    Returns:
        "" where neither is known, so that nothing can be said of the call.
    """
    if call.sip_id:
        return f"sip:{call.sip_id}"
    return f"agent:{call.extension}/{call.caller_number}" if call.extension else ""


@dataclass(slots=True, kw_only=True)
class Call:
    """
    One call, as far as its events have told.
    """

    id: str

    known_as: str
    """From `call_id`; several calls can be, one after the other, where there is no CALL_SIPID."""

    touched_s: float = 0.0
    """When it was last told of, by the board's clock."""

    owner: str = ""
    """The extension that has the call; empty until it was answered."""

    owner_since: When | None = None
    owner_by_transfer: bool = False
    ended: When | None = None

    done: dict[str, When] = field(default_factory=dict)
    """Agents that chose a disposition."""

    told: dict[str, None] = field(default_factory=dict)
    """Event ids, and starts of webhooks by them; the oldest first."""

    facts: dict[str, str] = field(default_factory=dict)
    """What a screen is told of it, by the names of the variables."""

    pops: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """Ids of its open pops by their key."""

    context: CallContext | None = None
    """Everything its latest event told of it; None after a restart, where only the facts are kept."""

    context_at: datetime | None = None
    """When that event happened."""

    def is_news(self, what: str, limit: int) -> bool:
        """
        Whether this was not told before; from now on it was.
        """
        if what in self.told:
            return False
        self.told[what] = None
        if len(self.told) > limit:
            del self.told[next(iter(self.told))]
        return True

    def learn(self, event: CallEvent, limit: int) -> str | None:
        """
        Take an event in.

        Args:
            limit: Agents who are done with it that are remembered.

        Returns:
            Who had the call that this event transferred to somebody else, "" where
            that was not known; None where it did no such thing.
        """
        self._learn_facts(event.call)
        if self.context_at is None or event.at >= self.context_at:
            self.context, self.context_at = event.call, event.at
        if event.moment not in DECIDING:
            return None
        when, agent = when_of(event), event.call.extension
        if event.moment is Moment.ENDED:
            self.ended = max(self.ended or when, when)
        elif event.moment is Moment.DISPOSED:
            self.done[agent] = max(self.done.get(agent, when), when)
            if len(self.done) > limit:
                del self.done[next(iter(self.done))]
        elif agent:
            return self._given(agent, when, event.moment is Moment.TRANSFERRED)
        return None

    def _learn_facts(self, call: CallContext) -> None:
        for name, value in zip(_FACTS, _facts_of(call), strict=True):
            if value:
                self.facts[name] = str(value)

    def _given(self, agent: str, when: When, by_transfer: bool) -> str | None:
        if self.owner_since is not None and when < self.owner_since:
            return None
        before, self.owner, self.owner_since = self.owner, agent, when
        if agent == before:
            return None
        self.owner_by_transfer = by_transfer
        return before if by_transfer else None

    def begins_anew(self, event: CallEvent) -> bool:
        """
        Whether this is another call that only looks the same, for want of a CALL_SIPID.
        """
        return (
            not event.call.sip_id
            and self.ended is not None
            and event.moment in _BEGINNINGS
            and when_of(event) > self.ended
            and event.id not in self.told
        )

    def to_json(self) -> dict[str, str]:
        """
        What a screen is told of it.
        """
        return {"id": self.id, **self.facts}

    def is_at(self, agent: str) -> bool:
        """
        Whether this agent has the call, or something open of it.
        """
        return self.owner == agent or any(key[1] == agent for key in self.pops)

    def as_of(self, agent: str) -> CallContext:
        """
        What is known of it, with *agent* as its agent.
        """
        known = self.context or CallContext.from_tokens(self.facts)
        return known.replace(extension=agent)

    def objection(self, pop: Pop) -> Withdrawal | None:
        """
        Why this agent should not see this pop, as far as is known.
        """
        if pop.kept:
            return None
        if self.ended is not None:
            return Withdrawal.ENDED
        if (done := self.done.get(pop.agent)) is not None and pop.when <= done:
            return Withdrawal.DISPOSED
        if self.owner_since is not None and pop.agent != self.owner and pop.when <= self.owner_since:
            return Withdrawal.TRANSFERRED if self.owner_by_transfer else Withdrawal.ANSWERED
        return None
