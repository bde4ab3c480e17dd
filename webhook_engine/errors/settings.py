"""
What is wrong with how this project was set up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook_engine.variables.errors import WebhookEngineError

if TYPE_CHECKING:
    from collections.abc import Sequence


class SettingsError(WebhookEngineError):
    """
    Settings that cannot be used: all of them at once.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class MissingExtra(WebhookEngineError, ImportError):
    """
    An optional dependency is not installed.
    """

    def __init__(self, *, extra: str, wanted_for: str) -> None:
        super().__init__(f"{wanted_for} needs an extra: pip install 'webhook-engine[{extra}]'")
        self.extra = extra
