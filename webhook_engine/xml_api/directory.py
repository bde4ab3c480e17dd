"""
What actions know of a tenant: its country and its agents.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from webhook_engine.errors import NotFound

if TYPE_CHECKING:
    from webhook_engine.definitions import Definitions
    from webhook_engine.store import Revisions


class Directory(Protocol):
    """
    To be provided for `GetExtensions`, and for numbers in their country's form.
    """

    async def definitions(self, tenant: str) -> Definitions | None:
        """
        A tenant's definitions in force; None where it has none.
        """


class StoreDirectory:
    """
    As the store has it.
    """

    def __init__(self, revisions: Revisions) -> None:
        self._revisions = revisions

    async def definitions(self, tenant: str) -> Definitions | None:
        """
        As `Directory.definitions`.
        """
        try:
            return (await self._revisions.load(tenant)).definitions
        except NotFound:
            return None


class LiveDirectory:
    """
    The tenant that an engine works for as the engine knows it, and others as the store has them.
    """

    def __init__(self, current: Callable[[], tuple[str, Definitions]], others: Directory) -> None:
        """
        Args:
            current: The tenant's name, and its definitions in force.
        """
        self._current, self._others = current, others

    async def definitions(self, tenant: str) -> Definitions | None:
        """
        As `Directory.definitions`.
        """
        name, found = self._current()
        return found if tenant == name else await self._others.definitions(tenant)
