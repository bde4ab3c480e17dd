"""
What performing a delivery came to, in the words of whoever performed it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from webhook_engine.performing.policy import DEFAULT_POLICY, RetryPolicy
from webhook_engine.quick import quick

if TYPE_CHECKING:
    from webhook_engine.dispatch.attempt import Attempt
    from webhook_engine.errors import WebhookEngineError
    from webhook_engine.queue import Delivery, Lease
    from webhook_engine.responses import Outcome


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Performed:
    """
    One try at a delivery, before anybody has decided what follows from it.
    """

    attempt: Attempt | None = None
    """What was sent; None where it did not come to that."""

    error: WebhookEngineError | None = None
    """Why nothing could be sent; the attempt's own error need not be repeated here."""

    outcome: Outcome | None = None
    """How the response was read; None where there is none."""

    by_rule: bool = False
    """Whether one of the webhook's own outcome rules said so: then its word stands above the status."""

    decided_by: str = ""
    """The outcome rule, or the line of the table of defaults, that found the outcome."""

    sentence: str = ""
    """The outcome for people."""

    frozen: Mapping[str, object] | Callable[[], Mapping[str, object]] | None = None
    """The request as every later attempt has to send it, or what makes it; only where the lease had none."""

    detail: Mapping[str, object] | None = None
    """More for the record: JSON-able, bounded, and without secrets."""

    follow: tuple[Delivery, ...] = ()
    """Deliveries that this one starts when it is done or dead; put before it is settled."""

    policy: RetryPolicy = DEFAULT_POLICY
    """How often and how soon this webhook is tried again."""

    hold_s: float | None = None
    """Not now: the delivery goes back untried for so long, as where its webhook is disabled."""

    held_because: str = ""
    """The reason that is released with."""

    @property
    def problem(self) -> WebhookEngineError | None:
        """
        Why there is no response.
        """
        if self.error is not None or self.attempt is None:
            return self.error
        return self.attempt.error


Perform = Callable[["Lease"], Awaitable[Performed]]
"""Prepares, sends and reads one delivery; errors of ours may also be raised."""
