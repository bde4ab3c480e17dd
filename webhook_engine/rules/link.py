"""
The links of rules' chains: what may follow a response.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from webhook_engine.rules.condition import Condition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook_engine.definitions import CompiledRule, CompiledThen, Definitions
    from webhook_engine.definitions.rules import Then


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """
    One `then`, ready for responses.
    """

    rule: str

    place: int
    """Among its rule's, from 1."""

    compiled: CompiledThen
    condition: Condition | None

    @property
    def then(self) -> Then:
        """
        Its definition.
        """
        return self.compiled.definition

    @property
    def reads(self) -> frozenset[str]:
        """
        The names that its condition and its value ask for, of the call and of the response.
        """
        found: frozenset[str] = frozenset()
        return found.union(
            *(each.variables for each in (self.compiled.when, self.compiled.value) if each is not None)
        )


Links = Mapping[str, tuple[Link, ...]]
"""Rule -> its links, in the file's order."""


def links_of(definitions: Definitions) -> Links:
    """
    Those of every rule, also of one that has none.
    """
    return {rule.definition.name: tuple(_links(rule)) for rule in definitions.compiled_rules()}


def _links(rule: CompiledRule) -> Iterator[Link]:
    for place, then in enumerate(rule.then, start=1):
        condition = None if then.when is None else Condition.of(then.when)
        yield Link(rule.definition.name, place, then, condition)
