"""
What the delivery queue cannot do.
"""

from __future__ import annotations

from webhook_engine.variables.errors import WebhookEngineError


class QueueError(WebhookEngineError):
    """
    The delivery queue cannot do what was asked.
    """


class LeaseLost(QueueError):
    """
    The lease ended before its delivery was settled; what is recorded of it came from elsewhere.
    """

    def __init__(self, *, delivery: str, attempt: int) -> None:
        super().__init__(
            f"the lease on delivery {delivery} for attempt {attempt} was lost: it ran out, or was settled already; "
            "nothing was recorded"
        )
        self.delivery = delivery
        self.attempt = attempt


class QueueOwned(QueueError):
    """
    One process owns a queue's file, and it is another one.
    """

    def __init__(self, *, path: str, owner: str) -> None:
        super().__init__(f"{path} belongs to {owner}: stop that process, or ask it instead")
        self.path = path
        self.owner = owner


class QueueUnavailable(QueueError):
    """
    The queue cannot write at present, and trying later is right: what was accepted all the same is known by then.
    """

    def __init__(
        self, *, path: str, why: str, cannot: str = "cannot write", is_uncertain: bool = False
    ) -> None:
        self.path = path
        self.why = why
        self.cannot = cannot
        self.became = "nobody knows whether this was accepted" if is_uncertain else "nothing was accepted"
        """Uncertain is what was sent to be kept and was not answered."""
        super().__init__(f"the delivery queue {path} {cannot}: {why}; {self.became}")


class DeliveryTooLarge(QueueError):
    """
    What was to be kept of one delivery is too long, now and later.
    """

    def __init__(self, *, size: int, limit: int) -> None:
        super().__init__(f"this takes {size:,} bytes as JSON, more than the {limit:,} that a queue keeps")
        self.size = size
        self.limit = limit
