"""
What was considered, and why it came out as it did: plain values, without the definitions they came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webhook_engine.rules.start import Start
    from webhook_engine.variables import Moment, Value


class Reason(StrEnum):
    """
    What decided about a rule; the first that applies.
    """

    MATCHED = "matched"

    MOMENT = "moment"
    """The event is none of those it waits for."""

    CALL_QUEUE = "call-queue"
    DIRECTION = "direction"
    DISPOSITION = "disposition"

    STOPPED = "stopped"
    """A rule before it matched and stops the others."""

    CONDITION = "condition"
    """Its `when` does not hold."""

    RAISED = "raised"
    """Its `when` failed on this call's values."""


ASKED = frozenset({Reason.MATCHED, Reason.CONDITION, Reason.RAISED})
"""Reasons of rules whose condition was asked."""


class LinkReason(StrEnum):
    """
    What decided about one `then` of a rule; the first that applies.
    """

    FOLLOWED = "followed"

    GONE = "gone"
    """The rule is no longer among the definitions."""

    OUTCOME = "outcome"
    """The response's outcome is none of those after which it goes on."""

    LOOP = "loop"
    """Its webhook led here itself."""

    DEPTH = "depth"
    """Too many webhooks led here already."""

    CONDITION = "condition"
    RAISED = "raised"
    """Its `when` or its `value` failed on this response."""

    NO_VALUE = "no-value"
    """Its `value` came to nothing that could be handed on."""


class Fate(StrEnum):
    """
    What became of a webhook that a rule would start.
    """

    STARTED = "started"

    SHARED = "shared"
    """Another rule started the same: it is performed once, for both."""

    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTrace:
    """
    One webhook that a rule would start.
    """

    webhook: str
    fate: Fate

    because: str = ""
    """Why, where it did not start by itself."""

    start: Start | None = None
    """Where it started."""

    enabled: bool = True
    """False where nothing of it is sent although it starts: its definition says so."""

    def to_json(self) -> dict[str, object]:
        """
        `{"webhook", "fate", "because", "start", "enabled"}`.
        """
        return {
            "webhook": self.webhook,
            "fate": str(self.fate),
            "because": self.because,
            "start": self.start.to_json() if self.start is not None else None,
            "enabled": self.enabled,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTrace:
    """
    One rule, beside one event.
    """

    rule: str
    reason: Reason

    because: str
    """The reason as half a sentence, with the values that decided."""

    webhooks: tuple[str, ...] = ()
    """What it starts where it matches."""

    chained: tuple[tuple[str, str], ...] = ()
    """(after, webhook) of each `then`."""

    when: str | None = None
    """Its condition as written."""

    reads: tuple[str, ...] = ()
    """The variables of its condition, whether it was asked or not."""

    early: tuple[str, ...] = ()
    """Those of them that a call is not sure to have at this moment."""

    failing: str | None = None
    """The part of the condition that does not hold, where `and` joins several and one can be named."""

    error: str | None = None
    """What its condition raised."""

    starts: tuple[StartTrace, ...] = ()

    def to_json(self) -> dict[str, object]:
        """
        Every fact under its name, JSON-ready.
        """
        return {
            "rule": self.rule,
            "reason": str(self.reason),
            "because": self.because,
            "webhooks": list(self.webhooks),
            "chained": [{"after": after, "webhook": webhook} for after, webhook in self.chained],
            "when": self.when,
            "reads": list(self.reads),
            "early": list(self.early),
            "failing": self.failing,
            "error": self.error,
            "starts": [each.to_json() for each in self.starts],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """
    Every rule once, in the order in which they are asked.
    """

    event_id: str
    moment: Moment

    values: Mapping[str, Value]
    """What the conditions read, by variable; "" for what the call does not hold."""

    rules: tuple[RuleTrace, ...]

    def rule(self, name: str) -> RuleTrace | None:
        """
        What came of the rule of that name.
        """
        return next((each for each in self.rules if each.rule == name), None)

    def to_json(self) -> dict[str, object]:
        """
        `{"event", "moment", "values", "rules"}`, JSON-ready.
        """
        return {
            "event": self.event_id,
            "moment": str(self.moment),
            "values": dict(self.values),
            "rules": [each.to_json() for each in self.rules],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTrace:
    """
    One `then` of a rule, beside one response.
    """

    rule: str
    webhook: str

    place: int
    """Among the rule's, from 1; 0 where the rule is gone."""

    reason: LinkReason

    because: str
    """The reason as half a sentence, with the values that decided."""

    when: str | None = None
    value: str | None = None
    """Both as written."""

    reads: tuple[str, ...] = ()
    """What both ask for, of the call and of the response."""

    starts: tuple[StartTrace, ...] = ()

    def to_json(self) -> dict[str, object]:
        """
        Every fact under its name, JSON-ready.
        """
        return {
            "rule": self.rule,
            "webhook": self.webhook,
            "then": self.place,
            "reason": str(self.reason),
            "because": self.because,
            "when": self.when,
            "value": self.value,
            "reads": list(self.reads),
            "starts": [each.to_json() for each in self.starts],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowTrace:
    """
    Every `then` that waits for this webhook once, rule by rule.
    """

    event_id: str
    """That of the start whose response it was."""

    webhook: str
    outcome: str

    values: Mapping[str, Value]
    """What the links may read, without the response itself: that belongs to the attempt's record."""

    links: tuple[LinkTrace, ...]

    def to_json(self) -> dict[str, object]:
        """
        `{"event", "webhook", "outcome", "values", "then"}`, JSON-ready.
        """
        return {
            "event": self.event_id,
            "webhook": self.webhook,
            "outcome": self.outcome,
            "values": dict(self.values),
            "then": [each.to_json() for each in self.links],
        }
