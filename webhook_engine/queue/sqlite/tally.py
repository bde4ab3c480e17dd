"""
How many deliveries of each target are in which state, and whose turn it is.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from webhook_engine.queue.delivery import State
from webhook_engine.queue.sharing import LONG_ROW, RETRIES_EVERY, Share, share_out
from webhook_engine.queue.sqlite.statements import COUNT

if TYPE_CHECKING:
    from collections.abc import Mapping

    import apsw


class Tally:
    """
    Kept in the file too, in the transaction that moves the deliveries: a million of them count in no time.
    """

    def __init__(self) -> None:
        self._counts: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._changes: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._turns: dict[str, int] = {}
        """Targets with something to claim, the one that waited longest first; how often each was served."""

    def load(self, db: apsw.Connection) -> None:
        db.execute("DELETE FROM tally WHERE n = 0")
        for target, state, n in db.execute("SELECT target, state, n FROM tally").fetchall():
            self._counts[str(target)][str(state)] = int(str(n))
            self._offer(str(target))

    def move(self, target: str, before: str | None, after: str | None, n: int = 1) -> None:
        """
        So many deliveries of the target went from one state to another; None is outside.
        """
        for state, change in ((before, -n), (after, n)):
            if state is not None:
                self._counts[target][state] += change
                self._changes[target, state] += change
        if after is State.READY or after is State.AGAIN:
            self._offer(target)

    def total(self, state: str) -> int:
        """
        How many deliveries of all targets are in that state.
        """
        return sum(counts[state] for counts in self._counts.values())

    def write(self, db: apsw.Connection) -> None:
        """
        Brings the file's counts up to date, inside the transaction.
        """
        COUNT.run(db, [(*place, change) for place, change in self._changes.items() if change])

    def commit(self) -> None:
        self._changes.clear()

    def rollback(self) -> None:
        for (target, state), change in self._changes.items():
            self._counts[target][state] -= change
        for target, _ in self._changes:
            self._offer(target)
        self._changes.clear()

    def plan(self, limit: int, room: Mapping[str, int], per_target: int | None) -> list[Share]:
        """
        What to claim of each target, *limit* in all, shared out evenly.
        """
        wants = self._wants(limit, room, limit if per_target is None else per_target)
        return [self._split(target, share) for target, share in share_out(limit, wants).items()]

    def _wants(self, limit: int, room: Mapping[str, int], per_target: int) -> dict[str, int]:
        wants: dict[str, int] = {}
        for target in tuple(self._turns):
            counts = self._counts[target]
            there = counts[State.READY] + counts[State.AGAIN]
            if not there:
                del self._turns[target]
            elif (want := min(limit, there, room.get(target, per_target))) > 0:
                wants[target] = want
        return wants

    def _split(self, target: str, share: int) -> Share:
        """
        The share in fresh ones and retries; the target goes to the end of the row.
        """
        counts = self._counts[target]
        turn = self._turns.pop(target)
        self._turns[target] = turn + share
        retries = (turn + share) // RETRIES_EVERY - turn // RETRIES_EVERY
        fresh = min(counts[State.READY], share - min(retries, counts[State.AGAIN]))
        newest = 0
        if counts[State.READY] >= max(LONG_ROW, 4 * share):
            newest = min(fresh, (turn + share + 1) // 2 - (turn + 1) // 2)
        return Share(target, fresh, min(counts[State.AGAIN], share - fresh), newest)

    def _offer(self, target: str) -> None:
        counts = self._counts[target]
        if counts[State.READY] + counts[State.AGAIN] > 0:
            self._turns.setdefault(target, 0)
