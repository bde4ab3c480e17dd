"""
A rule, ready for events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from webhook_engine.rules.condition import Condition

if TYPE_CHECKING:
    from webhook_engine.definitions import CompiledRule
    from webhook_engine.definitions.rules import Rule
    from webhook_engine.variables import Direction, Disposition, Moment


class Kind(NamedTuple):
    """
    All that a rule can ask of an event beside its condition.
    """

    moment: Moment

    call_queue: str | None
    """None for every telephone queue that no rule names."""

    direction: Direction | None
    disposition: Disposition | None


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """
    A rule as it is asked.
    """

    place: int
    """Among all rules, in the order in which they are asked."""

    rule: Rule
    condition: Condition | None
    """None where it always holds."""

    @classmethod
    def of(cls, place: int, compiled: CompiledRule) -> Asked:
        """
        A compiled rule, ready to be asked.
        """
        when = compiled.when
        return cls(place, compiled.definition, None if when is None else Condition.of(when))

    @property
    def name(self) -> str:
        """
        What it is called.
        """
        return self.rule.name

    @property
    def reads(self) -> frozenset[str]:
        """
        The variables of its condition.
        """
        return self.condition.expression.variables if self.condition is not None else frozenset()

    def wants(self, kind: Kind) -> bool:
        """
        Whether it is about this kind of event.
        """
        rule = self.rule
        return (
            kind.moment in rule.on
            and (not rule.call_queues or kind.call_queue in rule.call_queues)
            and (not rule.directions or kind.direction in rule.directions)
            and (not rule.dispositions or kind.disposition in rule.dispositions)
        )
