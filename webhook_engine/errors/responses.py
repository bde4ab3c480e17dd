"""
Why a response cannot be used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook_engine.variables.errors import WebhookEngineError

if TYPE_CHECKING:
    from webhook_engine.responses import Response


class ResponseError(WebhookEngineError):
    """
    A response that cannot be used.
    """

    def __init__(self, message: str, *, response: Response | None = None) -> None:
        super().__init__(message)
        self.response = response


class ResponseTooLarge(ResponseError):
    """
    More bytes, depth, columns or cells than the bound allows.
    """


class UnreadableResponse(ResponseError):
    """
    The bytes are not what they claim to be.
    """


class RejectedResponse(ResponseError):
    """
    The target said no: a status of 400 or above.
    """
