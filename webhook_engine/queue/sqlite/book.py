"""
What the writer has in hand during a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from webhook_engine.queue.sqlite.clock import NEVER, Clock
from webhook_engine.queue.sqlite.settings import QueueSettings
from webhook_engine.queue.sqlite.tally import Tally

if TYPE_CHECKING:
    import apsw

    from webhook_engine.queue.rows import NewRow

_FRESH: Final = 8192
_FRESH_CHARS: Final = 4096
_WAITED_FOR: Final = 8192


class Held(NamedTuple):
    """
    A lease, as far as its end has to know it.
    """

    secret: str
    expires: int
    lock: str | None
    claimed_at: int


@dataclass(slots=True)
class Book:
    """
    The file, and the little that is known about it without looking.
    """

    db: apsw.Connection
    settings: QueueSettings
    clock: Clock

    tally: Tally = field(default_factory=Tally)

    fresh: dict[int, tuple[NewRow, int]] = field(default_factory=dict)
    """Number -> what was put lately and never claimed, and when: of that nothing need be read again."""

    held: dict[int, Held] = field(default_factory=dict)
    """Number -> its lease, of those claimed since the file was opened; of others the file is asked."""

    waited_for: set[str] = field(default_factory=set)
    """Locks that others were lately put behind; of some that are not here it is true as well."""

    last_id: int = 0
    """The number given last, to a delivery or to a place in an order."""

    opened_at_id: int = 0
    """The same when the file was opened."""

    alarm: int = NEVER
    """No open delivery's state ends before this."""

    now: int = 0
    """The time of this transaction."""

    suspects: bool = True
    """Whether there may be any."""

    alone_until: int | None = None
    """Until when suspects are claimed alone; None where that has yet to begin."""

    lost: int = 0
    """Settlements refused."""

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def remember(self, number: int, row: NewRow) -> None:
        """
        Keeps it at hand until it is claimed, or until there are too many.
        """
        if len(row.reference) > _FRESH_CHARS:
            return
        if len(self.fresh) >= _FRESH:
            del self.fresh[next(iter(self.fresh))]
        self.fresh[number] = (row, self.now)

    def note_waiting(self, lock: str) -> None:
        """
        Another one waits for those of that lock.
        """
        if len(self.waited_for) < _WAITED_FOR:
            self.waited_for.add(lock)

    def wake_at(self, at: int) -> None:
        self.alarm = min(self.alarm, at)
