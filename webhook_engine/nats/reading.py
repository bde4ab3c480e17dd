"""
From a message to the call event in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from webhook_engine.errors import VariableError
from webhook_engine.service.diagnosis import problems_of
from webhook_engine.service.reading import parse
from webhook_engine.variables import CallEvent

if TYPE_CHECKING:
    from nats.aio.msg import Msg

EVENT_BYTES: Final = 256 * 2**10
"""Of one event, as over HTTP."""


class NoEvent(Exception):
    """
    What a message is instead.
    """

    def __init__(self, why: str, *, where: str = "") -> None:
        super().__init__(why)
        self.why = why
        """In full: it may repeat what callers said."""

        self.where = where
        """The parts that are wrong, without what they hold."""


@dataclass(frozen=True, slots=True)
class Told:
    """
    An event, and the message that it came in.
    """

    event: CallEvent
    message: Msg


def read(message: Msg) -> Told:
    """
    Raises:
        NoEvent: Why it is none.
    """
    if len(message.data) > EVENT_BYTES:
        raise NoEvent(f"takes {len(message.data):,} bytes, more than {EVENT_BYTES:,}", where="size")
    try:
        document = parse(message.data)
    except ValueError as error:
        raise NoEvent(f"is no JSON: {error}", where="JSON") from error
    if isinstance(document, dict) and "id" not in document:
        document = {"id": _id_of(message), **document}
    try:
        if isinstance(document, dict):
            return Told(CallEvent.from_json(document), message)
    except (VariableError, RecursionError):
        pass  # all of what is wrong is found below
    found = problems_of(document)
    why = "; ".join(f"{each.path}: {each.message}" if each.path else each.message for each in found)
    raise NoEvent(why or "is nested too deeply", where=", ".join(each.path for each in found if each.path))


def _id_of(message: Msg) -> str:
    """
    For an event that names none: the same each time the message is given out.
    """
    stated = (message.headers or {}).get("Nats-Msg-Id")
    if stated:
        return f"nats-{stated}"
    of = message.metadata
    # A stream that was made anew counts from the beginning.
    return f"nats-{of.sequence.stream}-{of.timestamp.timestamp():.6f}"
