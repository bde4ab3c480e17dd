"""
What was put into the delivery queue a moment ago, so that it need not be read again when it is performed.
"""

from __future__ import annotations

from operator import attrgetter
from sys import getsizeof
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from webhook_engine.rules import Start
    from webhook_engine.variables import CallEvent

MOST: Final = 2048
"""Deliveries whose event is still at hand when they are made; another one's is read again."""

MOST_BYTES: Final = 16 * 1024 * 1024
"""What all of them may take, about."""

_STAYS_S: Final = 60.0
"""What was put before has its place no longer, where there is none left: it may never be made here."""

_BESIDES: Final = 2048
"""Bytes of an entry beside the texts of its call, about."""

_VARIABLE: Final = 150
"""Bytes of a custom variable beside its value, about: its name, and its places in the document and in the call."""

_texts_of = attrgetter(
    "caller_name",
    "caller_number",
    "call_number",
    "crm_tag",
    "outcome",
    "notes",
    "call_queue",
    "sip_id",
    "dynamic_parameter",
    "extension",
)


class Recent(NamedTuple):
    """
    A delivery as it was put.
    """

    start: Start
    event: CallEvent
    reference: Mapping[str, object]
    at: float
    """On a clock that does not go back."""


class RecentDeliveries:
    """
    Those that were put last, as many as there is room for.
    """

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._kept: dict[tuple[str, str], tuple[Recent, int]] = {}
        self._bytes = 0

    def keep(self, recent: Recent) -> bool:
        """
        Whether there was room; what was put first is made first, so it is not what gives way.
        """
        size = size_of(recent)
        if size > self._most_bytes:
            return False
        while len(self._kept) >= self._most or self._bytes + size > self._most_bytes:
            oldest = next(iter(self._kept))
            if recent.at - self._kept[oldest][0].at < _STAYS_S:
                return False
            self.take(*oldest)
        start = recent.start
        self.take(start.event_id, start.webhook)
        self._kept[start.event_id, start.webhook] = recent, size
        self._bytes += size
        return True

    def take(self, event_id: str, webhook: str) -> Recent | None:
        """
        One of them, which is kept no more.
        """
        found = self._kept.pop((event_id, webhook), None)
        if found is None:
            return None
        recent, size = found
        self._bytes -= size
        return recent


def size_of(recent: Recent) -> int:
    """
    The bytes that *recent* takes, about: the texts of its call, and the request where it is made already.
    """
    call = recent.event.call
    size = _BESIDES + getsizeof("".join(_texts_of(call)))
    if call.extra:
        size += sum(map(getsizeof, call.extra.values())) + _VARIABLE * len(call.extra)
    frozen = recent.reference.get("frozen")
    return size if frozen is None else size + getsizeof(repr(frozen))
