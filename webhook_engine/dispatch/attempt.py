"""
One try at a request, and its record.
"""

from __future__ import annotations

from dataclasses import dataclass

from webhook_engine.dispatch.faults import Fault, fault_of
from webhook_engine.dispatch.guard import Dial
from webhook_engine.dispatch.request import PreparedRequest
from webhook_engine.errors import ResponseError, TransportError, WebhookEngineError
from webhook_engine.quick import maker, quick
from webhook_engine.responses import Response


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """
    What was sent and what came of it.
    """

    number: int
    """From 1. A token that had run out makes two of one."""

    prepared: PreparedRequest
    """What was sent; `request` is the same for people."""

    response: Response | None = None
    error: WebhookEngineError | None = None
    """Why there is no response, or none that can be used."""

    took_s: float = 0.0
    """Seconds for everything, the wait for a free slot included."""

    dials: tuple[Dial, ...] = ()
    """The addresses tried, refused ones too; none where an open connection was used again."""

    redirects: tuple[str, ...] = ()
    """Where redirects led that were followed, in order; with their secrets."""

    sent: bool = False
    """Whether the request left this machine."""

    times_sent: int | None = None
    """How often it left, where that is not as often as it was tried."""

    @property
    def sends(self) -> int:
        """
        How often the request was given to the target.
        """
        if self.times_sent is not None:
            return self.times_sent
        return self.number if self.sent or self.response is not None else 0

    @property
    def fault(self) -> Fault | None:
        """
        Whose fault it is that nothing came of it; None where there is a response.
        """
        return None if self.error is None else fault_of(self.error)

    @property
    def request(self) -> PreparedRequest:
        """
        What was sent, its secrets hidden.
        """
        return self.prepared.masked()

    @property
    def maybe_delivered(self) -> bool:
        """
        Whether the target may have acted on the request although nobody can tell.
        """
        if isinstance(self.error, TransportError):
            return self.sent and self.error.maybe_delivered
        return isinstance(self.error, ResponseError)


make_attempt = maker(Attempt)
