"""
Those who wait for a place, each for one at its target.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import count

Turn = asyncio.Future[None]


class Standing:
    """
    A row for each target; over all of them, who came first is first.
    """

    def __init__(self) -> None:
        self.rows: dict[str, deque[tuple[int, Turn]]] = {}
        """Target -> those who wait for it; empty where nobody waits."""
        self._numbers = count()

    def add(self, target: str, turn: Turn) -> None:
        """
        Puts it behind all others.
        """
        self.rows.setdefault(target, deque()).append((next(self._numbers), turn))

    def first(self, may: Callable[[str], bool]) -> str | None:
        """
        The target of whoever came first among those whose target *may*.
        """
        heads = [(row[0][0], target) for target, row in self.rows.items() if may(target)]
        return min(heads)[1] if heads else None

    def take(self, target: str) -> tuple[str, Turn]:
        """
        The first of that target, who waits no more.
        """
        row = self.rows[target]
        _, turn = row.popleft()
        if not row:
            del self.rows[target]
        return target, turn

    def remove(self, target: str, turn: Turn) -> bool:
        """
        Whether it stood there.
        """
        row = self.rows.get(target, deque())
        for place in row:
            if place[1] is turn:
                row.remove(place)
                if not row:
                    del self.rows[target]
                return True
        return False

    def clear(self) -> list[Turn]:
        """
        All of them, who wait no more.
        """
        turns = [turn for row in self.rows.values() for _, turn in row]
        self.rows.clear()
        return turns
