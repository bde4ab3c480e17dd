"""
Answers from before, for when a target fails.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import TYPE_CHECKING

from webhook_engine.performing.lookups import identity

if TYPE_CHECKING:
    from webhook_engine.dispatch.attempt import Attempt
    from webhook_engine.dispatch.request import PreparedRequest

_BESIDES = 1024
"""Bytes of an entry beside its body and its address, about."""


class StaleAnswers:
    """
    The last good answer to each request, as many as there is room for.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._answers: OrderedDict[Hashable, tuple[Attempt, float, int]] = OrderedDict()
        self._bytes = 0

    def keep(self, request: PreparedRequest, attempt: Attempt, now: float) -> None:
        """
        Args:
            now: On a clock that does not go back.
        """
        key = identity(request)
        body = 0 if attempt.response is None else len(attempt.response.body)
        size = _BESIDES + len(request.url) + body
        self._forget(key)
        if size > self._most_bytes:
            return
        self._answers[key] = (attempt, now, size)
        self._bytes += size
        while len(self._answers) > self._most or self._bytes > self._most_bytes:
            self._forget(next(iter(self._answers)))

    def find(self, request: PreparedRequest, stale_s: float, now: float) -> tuple[Attempt, float] | None:
        """
        An answer not older than *stale_s* seconds, and its age.
        """
        found = self._answers.get(identity(request))
        if found is None or now - found[1] > stale_s:
            return None
        return found[0], now - found[1]

    def _forget(self, key: Hashable) -> None:
        if (gone := self._answers.pop(key, None)) is not None:
            self._bytes -= gone[2]
