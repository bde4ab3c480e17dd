"""
How often an event was handed in, and how often that said something about the event itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from webhook_engine.nats.reading import Told

TRIES: Final = 5
"""How often an event is handed in that fails where others do not."""

LATELY_S: Final = 60.0
"""What was taken so long ago says nothing about the database as it is."""

_MOST: Final = 10_000
"""Events that are remembered; more than that are not in hand."""


@dataclass(slots=True)
class _Tried:
    returned: int = 0
    """For a reason that was none of its own."""

    failed: int = 0
    own: int = 0
    """Of these, where other events were taken between one and the next."""

    failed_at: float = 0.0


class Tries:
    """
    Of the events that this process gave back.
    """

    def __init__(self) -> None:
        self._of: dict[str, _Tried] = {}

    def is_suspect(self, told: Told) -> bool:
        """
        Whether it was given out often and came to no end here: it may be what ends processes.
        """
        tried = self._of.get(told.event.id) or _Tried()
        unexplained = told.message.metadata.num_delivered - tried.returned
        return unexplained > TRIES

    def returned(self, told: Iterable[Told]) -> None:
        """
        They were given back because the database was away, which says nothing about them.
        """
        for each in told:
            self._tried(each).returned += 1

    def failed(self, told: Told, *, taken_at: float, now: float) -> int:
        """
        It failed alone.

        Args:
            taken_at: When another event was taken last.

        Returns:
            How often it has.
        """
        tried = self._tried(told)
        tried.failed += 1
        # What fails while nothing is taken may be an outage of a kind that we do not know.
        since = tried.failed_at if tried.failed > 1 else now - LATELY_S
        tried.own += taken_at > since
        tried.failed_at = now
        return tried.failed

    def is_hopeless(self, told: Told) -> bool:
        """
        Whether it failed so often where others did not that it is its own fault.
        """
        return self._tried(told).own >= TRIES

    def forget(self, told: Iterable[Told]) -> None:
        """
        They came to an end.
        """
        for each in told if self._of else ():
            self._of.pop(each.event.id, None)

    def _tried(self, told: Told) -> _Tried:
        found = self._of.get(told.event.id)
        if found is None:
            if len(self._of) >= _MOST:
                del self._of[next(iter(self._of))]
            found = self._of[told.event.id] = _Tried()
        return found
