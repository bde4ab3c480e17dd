"""
What is written down of each request: who asked for which action, how long it took and what it came to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING, Final, Protocol

from webhook_engine.store.facts import ApiRequest

if TYPE_CHECKING:
    from aiohttp import web

SUCCESS: Final = "Success"

_FREQUENT: Final = frozenset({"POST /v1/events"})
"""Of these only what is refused is written down: there are thousands a second of them."""

_UNKNOWN_S: Final = 1.0
"""Of requests without a key in force, one is written down in this time: anybody can send them."""


class RequestLog(Protocol):
    """
    Where requests are written down, such as a store's `api_requests`.
    """

    def note(self, request: ApiRequest) -> None:
        """
        Write it down soon; whoever asked does not wait for that.
        """


@dataclass(slots=True)
class Noting:
    """
    Writes down what is asked of the service.
    """

    log: RequestLog

    tenant: Callable[[], str]
    """Whose log it is."""

    _unknown_at: float = field(default=0.0, init=False)

    def note(self, action: str, key: str | None, response: web.StreamResponse, took_s: float) -> None:
        """
        Note one request that was answered.

        Args:
            key: The name of its key; None where that is none in force.
        """
        is_well = response.status < HTTPStatus.BAD_REQUEST
        if is_well and action in _FREQUENT:
            return
        if key is None:
            now = monotonic()
            if now - self._unknown_at < _UNKNOWN_S:
                return
            self._unknown_at = now
        self.log.note(
            ApiRequest(
                tenant=self.tenant(),
                at=datetime.now(UTC) - timedelta(seconds=took_s),
                key=key,
                action=action,
                took_s=took_s,
                outcome=SUCCESS if is_well else f"{response.status} {response.reason}",
            )
        )
