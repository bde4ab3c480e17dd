"""
Whether a failed live request may be tried once more, and whether an older answer may stand in for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from webhook_engine.dispatch.faults import Fault
from webhook_engine.errors import (
    ConnectFailed,
    ConnectionLost,
    LimitExceeded,
    ResponseError,
    TargetPaused,
    TimedOut,
    TokenRefused,
    TransportError,
)

if TYPE_CHECKING:
    from webhook_engine.dispatch.attempt import Attempt

_BUSY: Final = frozenset({502, 503, 504})
"""What a proxy says while the system behind it is just being restarted."""


def is_worth_a_second(attempt: Attempt) -> bool:
    """
    Whether to try once more, at once: it may help, and the target cannot act twice.

    A GET asks for nothing to be done, nor does what its webhook calls `safe`, so it may be sent again
    when its connection broke or a proxy had nobody behind it. Everything else only where the request never left: nobody
    took the connection.
    """
    if attempt.response is not None:
        if attempt.response.status not in _BUSY or not attempt.prepared.route.is_safe:
            return False
        # Who names a time wants it kept.
        return attempt.response.header("retry-after") is None
    error = attempt.error
    if isinstance(error, ConnectFailed):
        return not attempt.sent and attempt.fault is Fault.TARGET
    if isinstance(error, ConnectionLost):
        return attempt.prepared.route.is_safe or not attempt.maybe_delivered
    return False


def is_failure(attempt: Attempt) -> bool:
    """
    Whether the target could not answer, rather than having answered something unwelcome.
    """
    if attempt.response is not None:
        return attempt.response.status >= 500 or attempt.response.status in {408, 425, 429}
    if isinstance(attempt.error, TokenRefused):
        return attempt.error.status >= 500
    kinds = (TransportError, ResponseError, TargetPaused, LimitExceeded)
    return isinstance(attempt.error, kinds)


def ran_out(attempt: Attempt) -> bool:
    """
    Whether it was the time that ended it: who has more of it may still get an answer.
    """
    return isinstance(attempt.error, TimedOut | LimitExceeded)
