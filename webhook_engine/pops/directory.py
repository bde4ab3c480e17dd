"""
The calls a board knows, found by what their events say of them.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from webhook_engine.pops.calls import Call, call_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook_engine.pops.bounds import PopBounds
    from webhook_engine.variables import CallEvent


class Directory:
    """
    Calls by id; whichever was told of last is last.
    """

    def __init__(self, bounds: PopBounds) -> None:
        self._bounds = bounds
        self._calls: OrderedDict[str, Call] = OrderedDict()
        self._known: dict[str, str] = {}
        """Ids by what events say; the latest call where several said the same."""
        self._over: dict[str, None] = {}
        """Calls that have ended, the first to end first."""

    def __getitem__(self, call: str) -> Call:
        return self._calls[call]

    def get(self, call: str) -> Call | None:
        return self._calls.get(call)

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[Call]:
        return iter(self._calls.values())

    def of(self, event: CallEvent, now_s: float) -> Call | None:
        """
        The call of an event, known or new; None where the event does not tell which call it is of.
        """
        known_as = call_id(event.call)
        if not known_as:
            return None
        call = self._calls.get(self._known.get(known_as, ""))
        if call is None or call.begins_anew(event):
            call = self._new(known_as, call)
        call.touched_s = now_s
        self._calls.move_to_end(call.id)
        return call

    def _new(self, known_as: str, before: Call | None) -> Call:
        life, new_id = 1, known_as
        while new_id in self._calls:
            life, new_id = life + 1, f"{known_as}#{life + 1}"
        # What the one before was told must not count again for this one.
        call = Call(id=new_id, known_as=known_as, told=dict(before.told) if before else {})
        self.add(call)
        return call

    def add(self, call: Call) -> None:
        self._calls[call.id] = call
        self._known[call.known_as] = call.id
        self.learnt(call)

    def learnt(self, call: Call) -> None:
        """
        Something new is known of this call.
        """
        if call.ended is not None:
            self._over.setdefault(call.id)

    def is_crowded(self, now_s: float) -> bool:
        """
        Whether there are calls to be forgotten.
        """
        oldest = self._calls[next(iter(self._calls))]
        return len(self._calls) > self._bounds.calls or oldest.touched_s < now_s - self._bounds.call_age_s

    def too_many(self, now_s: float, *, spared: Call) -> Iterator[Call]:
        """
        The calls to be forgotten, never *spared*; each must be, before the next is asked for.
        """
        while (oldest := next(iter(self))).touched_s < now_s - self._bounds.call_age_s:
            yield oldest
        while len(self._calls) > max(self._bounds.calls, 1):
            over = next((each for each in self._over if each != spared.id), None)
            yield self._calls[over or next(iter(self._calls))]

    def forget(self, call: Call) -> None:
        del self._calls[call.id]
        self._over.pop(call.id, None)
        if self._known.get(call.known_as) == call.id:
            del self._known[call.known_as]
