"""
The places of a group, dealt to its targets so that one that hangs does not take them all.
"""

from __future__ import annotations

from typing import Final

KNOWN_S: Final = 600.0
"""A target that was asked within this time has a place kept for it."""


class Places:
    """
    How many requests of a group are under way to each of its targets, and who may have one more.

    As many places as the group has other targets with nothing under way are kept for those, half of all at most: a
    target that holds one already leaves them free. A group with one target, or one place, keeps none.
    """

    def __init__(self, most: int | None) -> None:
        """
        Args:
            most: Places in all; None for no end of them.
        """
        self.most = most
        self._taken = 0
        self._held: dict[str, int] = {}
        self._asked: dict[str, float] = {}

    @property
    def are_taken(self) -> bool:
        """
        Whether there is none for anybody.
        """
        return self.most is not None and self._taken >= self.most

    def held_by(self, target: str) -> int:
        """
        How many requests are under way to it.
        """
        return self._held.get(target, 0)

    def are_open_to(self, target: str, now: float) -> bool:
        """
        Whether the target may have one more; from now on it is known.
        """
        held = self._held.setdefault(target, 0)
        self._asked[target] = now
        if self.most is None:
            return True
        free = self.most - self._taken
        if free <= 0:
            return False
        # With half of all free, or one for each target, nobody need be counted.
        if held == 0 or free > self.most // 2 or free >= len(self._held):
            return True
        return free > self._idle(target, now)

    def take(self, target: str, now: float) -> None:
        """
        One more is under way; paid back by `give_back`.
        """
        self._taken += 1
        self._asked[target] = now
        self._held[target] = self._held.get(target, 0) + 1

    def give_back(self, target: str) -> None:
        """
        One of its requests has ended.
        """
        self._taken -= 1
        self._held[target] -= 1

    def _idle(self, target: str, now: float) -> int:
        """
        Others that hold nothing; those that nobody has asked for long are forgotten.
        """
        count = 0
        for other, held in tuple(self._held.items()):
            if held or other == target:
                continue
            if now - self._asked[other] > KNOWN_S:
                del self._held[other], self._asked[other]
            else:
                count += 1
        return count
