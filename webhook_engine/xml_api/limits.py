"""
How many requests of a tenant for an action are worked on at a time.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from webhook_engine.xml_api.faults import ConcurrentCallsExceeded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook_engine.xml_api.actions import Action


class CallLimits:
    """
    Counts, for one process.
    """

    def __init__(self) -> None:
        self._under_way: dict[tuple[str, str], int] = {}

    @contextmanager
    def holding(self, tenant: str, action: Action) -> Iterator[None]:
        """
        Within this, the request is one of those that are under way.

        Raises:
            ConcurrentCallsExceeded: There are as many as the action allows; none waits for another.
        """
        if action.limit is None:
            yield
            return
        place = (tenant, action.name)
        count = self._under_way.get(place, 0)
        if count >= action.limit:
            raise ConcurrentCallsExceeded
        self._under_way[place] = count + 1
        try:
            yield
        finally:
            left = self._under_way[place] - 1
            if left:
                self._under_way[place] = left
            else:
                del self._under_way[place]
