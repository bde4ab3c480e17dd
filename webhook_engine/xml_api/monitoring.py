"""
What is written down of each request: never what it held or what it was answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

SUCCESS: Final = "Success"

LONGEST_NAME: Final = 80
"""Characters that are kept of an action's name: it is whatever the request says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """
    One request, as API Monitoring shows it.
    """

    tenant: str
    at: datetime

    key: str | None
    """The name of the key; None where there was none that is in force."""

    action: str
    """As the request names it, shortened; "" where it names none."""

    took_s: float

    outcome: str
    """`Success`, or the sentence that it was refused with."""


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
