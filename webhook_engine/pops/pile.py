"""
The pops that are open, by id, by agent and by age.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook_engine.pops.pop import Pop


class Pile:
    """
    Open pops, the oldest first.
    """

    def __init__(self) -> None:
        self.size = 0
        """Bytes of all of them."""
        self._pops: dict[str, Pop] = {}
        self._sizes: dict[str, int] = {}
        self._of_agent: dict[str, dict[str, None]] = {}

    def __iter__(self) -> Iterator[Pop]:
        return iter(self._pops.values())

    def get(self, pop_id: str) -> Pop | None:
        return self._pops.get(pop_id)

    def put(self, pop: Pop, size: int | None = None) -> None:
        """
        Add it, or take it in the place of what has its id.

        Args:
            size: Bytes of its message; what they were where left out.
        """
        if size is not None:
            self.size += size - self._sizes.get(pop.id, 0)
            self._sizes[pop.id] = size
        self._pops[pop.id] = pop
        self._of_agent.setdefault(pop.agent, {})[pop.id] = None

    def remove(self, pop: Pop) -> None:
        del self._pops[pop.id]
        self.size -= self._sizes.pop(pop.id)
        theirs = self._of_agent[pop.agent]
        del theirs[pop.id]
        if not theirs:
            del self._of_agent[pop.agent]

    def size_of(self, pop: Pop) -> int:
        return self._sizes[pop.id]

    def of_agent(self, agent: str) -> tuple[Pop, ...]:
        return tuple(self._pops[each] for each in self._of_agent.get(agent, ()))

    def count(self, agent: str) -> int:
        return len(self._of_agent.get(agent, ()))
