"""
Something that happened to a call.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from uuid import uuid4

from . import quick
from .call import CallContext, check_time
from .errors import InvalidCall
from .moments import Moment


@dataclass(frozen=True, slots=True)
class CallEvent:
    """
    A moment of one call; its id makes it idempotent.

    Raises:
        InvalidCall: An unknown moment, an id that is no short line of text, a
            time without a zone.
    """

    moment: Moment
    call: CallContext

    id: str = field(default_factory=lambda: uuid4().hex, kw_only=True)
    """Unique among a tenant's events; the same id twice is one event. At most 200 characters."""

    at: datetime = field(default=None, kw_only=True)  # type: ignore[assignment]  # filled from the call below
    """When it happened; the call's own time where left out."""

    _source: Mapping[str, object] | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "moment", Moment(self.moment))
        except ValueError:
            raise InvalidCall(
                "moment", f"is {self.moment!r}, which is none of: {', '.join(Moment)}"
            ) from None
        if not isinstance(self.call, CallContext):
            raise InvalidCall("call", f"must be a CallContext, not {type(self.call).__name__}")
        if not isinstance(self.id, str) or not 0 < len(self.id) <= 200 or not self.id.isprintable():
            raise InvalidCall("id", f"must be one line of at most 200 characters, not {self.id!r:.80}")
        if self.at is None:
            object.__setattr__(self, "at", self.call.at)
        check_time("at", self.at)

    @classmethod
    def from_json(cls, document: str | bytes | Mapping[str, object], *, owned: bool = False) -> Self:
        """
        An event as `to_json` wrote it, or as a dialer sends it.

        Args:
            owned: Whether nobody else writes in the document, so that it need not be copied.

        Raises:
            UnknownVariable: The call names a variable that there is not.
            InvalidCall: A part that is missing, unknown or wrong, by its name.
        """
        if type(document) is dict and cls is CallEvent:
            event = quick.read(cls, document, owned=owned)
            if event is not None:
                return event
        from .wire import event_from_json

        return cls(**event_from_json(document))

    def source(self) -> Mapping[str, object]:
        """
        A document from which `from_json` makes this event again: as it came, or else as `to_json` writes it.

        It is not to be changed.
        """
        return self.to_json() if self._source is None else self._source

    def to_json(self) -> dict[str, object]:
        """
        `{"id", "moment", "at", "call"}`, JSON-ready.
        """
        from .wire import event_to_json

        return event_to_json(self)
