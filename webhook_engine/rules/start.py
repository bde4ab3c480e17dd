"""
A webhook that an event starts, and how far its chain may still go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, Self

from webhook_engine.quick import quick

if TYPE_CHECKING:
    from webhook_engine.variables import CallContext, CallEvent

_ROOT_CHARS: Final = 150
"""How much of an event's id the ids made from it begin with: with the rest they stay below 200."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLimits:
    """
    How much one event may set in motion.
    """

    depth: int = 5
    """Webhooks one after the other, each started by a response; the first is not counted."""

    webhooks: int = 1_000
    """Webhooks altogether, those of its chains included."""

    value_chars: int = 4_096
    """Length of a value that is handed on."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """
    One webhook to perform for one event.
    """

    webhook: str

    event_id: str
    """The event's own, or one made of it for what a response led to; with the webhook it is unique."""

    rule: str
    """The rule that starts it, and whose chain goes on from it; empty where an agent did, whatever the rules say."""

    also: tuple[str, ...] = ()
    """Other rules that start the same: it is performed once, and their chains go on from it too."""

    dynamic_parameter: str | None = None
    """What a response handed on; None where nothing did, and the call's own holds."""

    depth: int = 0
    """How many webhooks led here."""

    chain: tuple[str, ...] = ()
    """Those webhooks, the first one first."""

    room: int = 0
    """How many webhooks its chain may still start, all together."""

    @property
    def rules(self) -> tuple[str, ...]:
        """
        Every rule that starts it.
        """
        return (self.rule, *self.also) if self.rule else self.also

    def call(self, event: CallEvent) -> CallContext:
        """
        The event's call, with what was handed on as its DYNAMIC_PARAMETER.
        """
        if self.dynamic_parameter is None:
            return event.call
        return event.call.replace(dynamic_parameter=self.dynamic_parameter)

    def to_json(self) -> dict[str, object]:
        """
        Every fact, JSON-ready.
        """
        # Written out: `dataclasses.asdict` copies every value, at ten times the cost.
        return {
            "webhook": self.webhook,
            "event_id": self.event_id,
            "rule": self.rule,
            "also": list(self.also),
            "dynamic_parameter": self.dynamic_parameter,
            "depth": self.depth,
            "chain": list(self.chain),
            "room": self.room,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """
        A start as `to_json` wrote it.
        """
        facts: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in document.items()
        }
        return cls(**facts)


def shared(room: int, wanted: int) -> tuple[int, int]:
    """
    How many of the *wanted* may start, and the room that each of these has for its own chain.

    The sum of it all never exceeds *room*, so that a bound on the whole holds
    although each chain goes on by itself, in any order and in any process.
    """
    kept = min(room, wanted)
    return kept, (room - kept) // kept if kept else 0


def chained_id(event_id: str, start: Start, value: str | None) -> str:
    """
    The event id of what a response led to: the same whenever the same response is read again.

    It is made of what was handed on and not of its place in the response, so
    that a delivery which is repeated and gets another order starts nothing twice.

    Args:
        event_id: The event's own.
        start: Whose response it was.
        value: What is handed on.
    """
    parts = (event_id, start.event_id, start.webhook, *(() if value is None else (value,)))
    # The length first: ("ab", "c") and ("a", "bc") are not the same.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{event_id[:_ROOT_CHARS]}>{digest}"
