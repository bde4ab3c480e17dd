"""
Changes of the counts that one transaction makes.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from webhook_engine.queue.postgresql.statements import COUNT

if TYPE_CHECKING:
    from webhook_engine.queue.delivery import State
    from webhook_engine.queue.postgresql.connecting import Connection


class Moves:
    """
    How many deliveries of which target went from which state to which.
    """

    def __init__(self) -> None:
        self._changes: Counter[tuple[str, str]] = Counter()

    def move(self, target: str, before: State | None, after: State | None, n: int = 1) -> None:
        """
        None is outside.
        """
        if before is not None:
            self._changes[target, before.value] -= n
        if after is not None:
            self._changes[target, after.value] += n

    async def write(self, db: Connection, slot: int) -> None:
        """
        The last that a transaction does: whoever counts has what it counts.
        """
        changes = [(*place, n) for place, n in self._changes.items() if n]
        if changes:
            await db.execute(COUNT, *map(list, zip(*changes, strict=True)), slot)
