"""
A claimed delivery, and the record of what was tried with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from webhook_engine.queue.delivery import State
from webhook_engine.quick import quick

MAYBE_DELIVERED = "maybe-delivered"
"""The outcome of an attempt of which nobody can tell how it went."""


@quick
@dataclass(frozen=True, slots=True)
class Lease:
    """
    The right to try one delivery, for a time.
    """

    id: str
    """The delivery's: the idempotency key to send."""

    event_id: str
    webhook: str
    target: str
    reference: Mapping[str, object]

    frozen: Mapping[str, object] | None
    """The request as an earlier attempt froze it; it is to be sent again as it stands."""

    attempt: int
    """The number of this try, from 1, those included that did not count."""

    failures: int
    """Earlier attempts that failed and counted."""

    maybe_delivered: bool
    """Whether an earlier claim ended without a word, so that the target may have acted already."""

    put_at: datetime

    token: str = field(repr=False)
    """Nobody can guess it, and it is another one at every claim."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """
    What one attempt came to, as the worker tells it.
    """

    outcome: str
    """A word such as `ok`, `target-failed` or `maybe-delivered`."""

    status: int | None = None
    """Of the response, where there was one."""

    took_s: float = 0.0

    detail: Mapping[str, object] = field(default_factory=dict)
    """Request, response and error: JSON-able, bounded and masked by whoever tells."""


@quick
@dataclass(frozen=True, slots=True)
class Ending:
    """
    How a lease ends: what `done`, `retry`, `dead` and `release` say one by one.
    """

    lease: Lease

    state: State
    """DONE, DEAD, or WAITING for another try."""

    record: AttemptRecord | None = None
    """None where it goes back untried."""

    wait_s: float = 0.0
    """Before it is offered again."""

    counted: bool = True
    """Whether the attempt is a failure of the delivery, where it is one."""

    reason: str = ""

    frozen: Mapping[str, object] | None = None
    """The request, for later tries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptReport(AttemptRecord):
    """
    The record of an attempt as the queue keeps it.
    """

    number: int
    at: datetime
    """When it was claimed."""
