"""
What the XML API says when it does not do what it was asked for.
"""

from __future__ import annotations

from typing import ClassVar

from webhook_engine.variables.errors import WebhookEngineError


class ActionRefused(WebhookEngineError):
    """
    The XML API did not do what a request asked for, and says so in one of its sentences.
    """

    sentence: ClassVar[str] = ""
    """As it stands on the wire; "" for one that this version does not know."""

    def __init__(self, said: str = "") -> None:
        super().__init__(said or self.sentence)
