"""
What is recorded of requests, so that an edit can be tried on calls that happened.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from webhook_engine.definitions.words import CannedFault
from webhook_engine.errors import (
    ConnectFailed,
    ConnectionLost,
    NameNotFound,
    TimedOut,
    TlsFailed,
    TokenRefused,
)
from webhook_engine.performing.record import headers_of

if TYPE_CHECKING:
    from webhook_engine.dispatch.attempt import Attempt
    from webhook_engine.errors import WebhookEngineError
    from webhook_engine.queue import Lease
    from webhook_engine.responses import Response
    from webhook_engine.variables import CallEvent

BODY_BYTES: Final = 256 * 1024
"""A longer body is left out: the beginning of one would be read as something else."""

Hide: TypeAlias = Callable[[bytes], bytes]
"""Takes the secrets out of a text."""

_FAULTS: Final[tuple[tuple[type[WebhookEngineError], CannedFault], ...]] = (
    (TimedOut, CannedFault.TIME_OUT),
    (ConnectionLost, CannedFault.RESET),
    (ConnectFailed, CannedFault.NO_CONNECTION),
    (NameNotFound, CannedFault.NO_NAME),
    (TlsFailed, CannedFault.NO_TLS),
    (TokenRefused, CannedFault.NO_TOKEN),
)


class Recorder(Protocol):
    """
    Told of what happens, at once; it keeps nobody waiting.
    """

    def note_events(self, events: Sequence[CallEvent]) -> None:
        """
        These were accepted.
        """

    def note_attempt(self, event_id: str, webhook: str, attempt: Attempt) -> None:
        """
        This came of a request for that event.
        """


def event_id_of(lease: Lease) -> str:
    """
    The id of the event that a delivery goes back to, by however many responses.
    """
    event = lease.reference.get("event")
    return str(event.get("id", lease.event_id)) if isinstance(event, Mapping) else lease.event_id


def answer_of(attempt: Attempt, hide: Hide) -> dict[str, object] | None:
    """
    What a target system answered, as a replay and a test are given it; None where it was not asked.

    Returns:
        `{"status", "headers", "body"}`, JSON-able; `body_base64` where the body is no text, `left_out` in place of
        a body that is too long; `{"fault"}` where there was no response.
    """
    if attempt.response is not None:
        return _answer(attempt.response, hide)
    fault = next((word for kind, word in _FAULTS if isinstance(attempt.error, kind)), None)
    return None if fault is None else {"fault": str(fault)}


def fault_named(kind: str) -> CannedFault | None:
    """
    What a record's error means, by the name of its class; None where the target system was not asked.
    """
    return next((word for error, word in _FAULTS if error.__name__ == kind), None)


def _answer(response: Response, hide: Hide) -> dict[str, object]:
    headers = {name: _hidden(value, hide) for name, value in headers_of(response.headers).items()}
    told: dict[str, object] = {"status": response.status, "headers": headers}
    if len(response.body) > BODY_BYTES:
        told["left_out"] = f"a body of {len(response.body):,} bytes"
        return told
    body = hide(response.body)
    try:
        told["body"] = body.decode()
    except UnicodeDecodeError:
        told["body_base64"] = b64encode(body).decode()
    return told


def _hidden(text: str, hide: Hide) -> str:
    return hide(text.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")
