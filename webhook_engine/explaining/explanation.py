"""
Why: of an event that might happen, and of a delivery that was made, in the same words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from webhook_engine.errors import EmptyParameter, WebhookDisabled
from webhook_engine.performing import REASONS

if TYPE_CHECKING:
    from webhook_engine.errors import WebhookEngineError
    from webhook_engine.explaining.tries import AttemptTrace
    from webhook_engine.explaining.used import VariableTrace
    from webhook_engine.queue import DeliveryReport
    from webhook_engine.rules import FollowTrace, Start, Trace, WebhookTrace


@dataclass(frozen=True, slots=True, kw_only=True)
class StartExplanation:
    """
    One webhook that starts: what its request is made of, and what came of it.
    """

    start: Start

    variables: tuple[VariableTrace, ...] = ()

    request: Mapping[str, object] | None = None
    """As `render --json` prints it, without secrets; None where there is none."""

    error: WebhookEngineError | None = None
    """Why there is no request."""

    attempts: tuple[AttemptTrace, ...] = ()
    """None in a dry run, where none was made yet, and where none is recorded."""

    follow: FollowTrace | None = None
    """What the last response led to; None where no chain waits for one, or the record does not hold it whole."""

    @property
    def is_asked(self) -> bool:
        """
        Whether its request goes to a target system, rather than to the agent's browser.
        """
        return self.request is not None and self.request.get("kind") == "request"

    @property
    def is_skipped(self) -> bool:
        """
        Whether nothing is sent, as its author wanted it.
        """
        if isinstance(self.error, WebhookDisabled):
            return True
        return isinstance(self.error, EmptyParameter) and self.error.skips

    def to_json(self) -> dict[str, object]:
        """
        The start; `variables`, `request` or `error`, `attempts` and `follow`.
        """
        return {
            **self.start.to_json(),
            "variables": [each.to_json() for each in self.variables],
            "request": self.request,
            "error": str(self.error) if self.error is not None else None,
            "attempts": [each.to_json() for each in self.attempts],
            "follow": self.follow.to_json() if self.follow is not None else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """
    Every rule, and every webhook that starts.
    """

    trace: Trace
    """By the rules as they are now."""

    starts: tuple[StartExplanation, ...]
    """In a dry run all of them, of a delivery its own, of a recorded event those too that responses led to."""

    webhooks: tuple[WebhookTrace, ...]

    delivery: DeliveryReport | None = None
    """None in a dry run, and of a recorded event."""

    is_recorded: bool = False
    """Whether it is of an event that was recorded, with all that it started."""

    notes: tuple[str, ...] = ()
    """Where things are no longer as they were when the delivery was accepted."""

    def to_json(self) -> dict[str, object]:
        """
        `{"event", "moment", "values", "rules", "starts", "webhooks",
        "delivery", "recorded", "notes"}`, JSON-ready.
        """
        return {
            **self.trace.to_json(),
            "starts": [each.to_json() for each in self.starts],
            "webhooks": [each.to_json() for each in self.webhooks],
            "delivery": None if self.delivery is None else _delivery(self.delivery),
            "recorded": self.is_recorded,
            "notes": list(self.notes),
        }


def _delivery(report: DeliveryReport) -> dict[str, object]:
    reason = REASONS.get(report.reason)
    return {
        "id": report.id,
        "webhook": report.webhook,
        "target": report.target,
        "state": str(report.state),
        "put_at": report.put_at.isoformat(),
        "until": report.until.isoformat() if report.until is not None else None,
        "reason": report.reason,
        "happened": reason.happened if reason is not None else None,
        "to_do": reason.to_do if reason is not None else None,
    }
