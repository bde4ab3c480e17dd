"""
What is written down of each request: never what it held or what it was answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from webhook_engine.store import ApiRequest

SUCCESS: Final = "Success"

LONGEST_NAME: Final = 80
"""Characters that are kept of an action's name: it is whatever the request says."""


class RequestLog(Protocol):
    """
    Where requests are written down, such as a store's `api_requests`.
    """

    def note(self, request: ApiRequest) -> None:
        """
        Write it down soon; whoever asked does not wait for that.
        """


class NoRequestLog:
    """
    Writes nothing down.
    """

    def note(self, request: ApiRequest) -> None:
        """
        As `RequestLog.note`.
        """
