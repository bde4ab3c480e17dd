"""
What an agent reads of a request that got no response, or was never sent.
"""

from __future__ import annotations

from typing import Final

from webhook_engine.errors import (
    AgentRefused,
    EgressRefused,
    EmptyParameter,
    LimitExceeded,
    ResponseError,
    SecretMissing,
    TemplateError,
    TokenRefused,
    WebhookDisabled,
    WebhookEngineError,
)
from webhook_engine.responses import AgentView, Outcome

# The first class that an error is one of decides; everything else is the target system's doing.
_OUTCOMES: Final[tuple[tuple[type[WebhookEngineError], Outcome], ...]] = (
    (AgentRefused, Outcome.REFUSED),
    (WebhookDisabled, Outcome.REFUSED),
    (SecretMissing, Outcome.REFUSED),
    (EgressRefused, Outcome.REFUSED),
    (TemplateError, Outcome.REFUSED),
    (LimitExceeded, Outcome.REFUSED),
    (TokenRefused, Outcome.CREDENTIALS_EXPIRED),
)


def failed(webhook: str, error: WebhookEngineError, *, attempts: int = 0, took_s: float = 0.0) -> AgentView:
    """
    The view of a request that got no response, or was never sent.
    """
    outcome = next((each for kind, each in _OUTCOMES if isinstance(error, kind)), Outcome.TARGET_FAILED)
    if isinstance(error, EmptyParameter) and error.skips:
        outcome = Outcome.SKIPPED
    response = error.response if isinstance(error, ResponseError) else None
    return AgentView(
        webhook=webhook,
        outcome=outcome,
        sentence=_sentence(error),
        status=response.status if response is not None else None,
        attempts=attempts,
        took_s=took_s,
        error=error,
    )


def _sentence(error: WebhookEngineError) -> str:
    """
    The error as a line for an agent; where secrets are kept is the administrator's to know.
    """
    if isinstance(error, SecretMissing):
        return f"The credentials for {error.target} are not set up. Please tell an administrator."
    text = str(error)
    first = text.partition(" ")[0]
    # A host or a name keeps its own spelling.
    start = text[:1].upper() if first.isalpha() and first.islower() else text[:1]
    return f"{start}{text[1:]}" + ("" if text.endswith((".", "!", "?")) else ".")
