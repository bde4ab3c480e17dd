"""
When in a call's life something happens, and the words a call's facts are made of.
"""

from enum import StrEnum


class Moment(StrEnum):
    """
    A point in the life of a call at which rules may act.
    """

    RINGING = "ringing"
    ANSWERED = "answered"
    TRANSFERRED = "transferred"
    ENDED = "ended"
    DISPOSED = "disposed"
    """The agent chose a disposition and an outcome."""

    MANUAL = "manual"
    """The agent asked, by hand, while on a call or after it."""

    @property
    def follows(self) -> "tuple[Moment, ...]":
        """
        The moments by which everything known at them is known here too, itself included.
        """
        # An agent may press a button as soon as the call is theirs, so only what
        # an answered call knows can be counted on.
        if self is Moment.MANUAL:
            return (Moment.RINGING, Moment.ANSWERED, Moment.MANUAL)
        return _IN_ORDER[: _IN_ORDER.index(self) + 1]


_IN_ORDER = (Moment.RINGING, Moment.ANSWERED, Moment.TRANSFERRED, Moment.ENDED, Moment.DISPOSED)


class Direction(StrEnum):
    """
    Which side dialled.
    """

    INCOMING = "incoming"
    OUTGOING = "outgoing"


class Disposition(StrEnum):
    """
    What the agent made of the call.
    """

    SUCCESS = "Success"
    UNSURE = "Unsure"
    FAILED = "Failed"
    """The number failed."""

    FAILED_CONTACT = "Failed Contact"
