"""
What NATS cannot do.
"""

from __future__ import annotations

from webhook_engine.variables.errors import WebhookEngineError


class NatsError(WebhookEngineError):
    """
    NATS cannot do what was asked.
    """


class NatsUnavailable(NatsError):
    """
    No server answers at present; trying later is right.
    """

    def __init__(self, *, address: str, why: str) -> None:
        super().__init__(f"NATS at {address} cannot be used: {why}")
        self.address = address
        self.why = why


class NatsUnprepared(NatsError):
    """
    Streams or consumers are missing or not as they must be: nothing is taken from them.
    """

    def __init__(self, *, problem: str) -> None:
        super().__init__(
            f"{problem}: run `webhook-engine doctor --fix` with the same settings; "
            "until then events wait in NATS"
        )
        self.problem = problem
