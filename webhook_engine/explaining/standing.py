"""
What stands for secrets where a request is only shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webhook_engine.definitions import SecretRef


class Unasked:
    """
    In place of every secret one word that no request holds: it is hidden before anybody sees it.
    """

    def resolve(self, reference: SecretRef) -> str:  # noqa: ARG002  # whichever it is
        """
        The word.
        """
        return "a-secret-that-is-not-asked-for"
