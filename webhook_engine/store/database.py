"""
What the store asks of the database under it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from webhook_engine.settings import is_postgresql
from webhook_engine.store.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")


class Database(Protocol):
    """
    A database, open between `open` and `close`; its name, as text, holds no password.
    """

    async def open(self) -> None:
        """
        Raises:
            StoreOwned: Another process has it, where it is for one alone.
            StoreOutdated: Its schema is another version's.
            StoreError: It cannot be used, and why.
        """

    async def close(self) -> None:
        """
        Lets what is being written finish.
        """

    def write(
        self, *, among: str | None = None, at_leisure: bool = False
    ) -> AbstractAsyncContextManager[AsyncConnection]:
        """
        A transaction that writes; kept for good when this ends.

        Args:
            among: What is written depends on nothing but other writes under this name. Left out, no other
                write takes place meanwhile, in whatever process.

            at_leisure: Whether a statement may take as long as it takes: for what goes over whole tables, and nobody
                waits for.

        Raises:
            StoreUnavailable: Not now; nothing of it was written.
            StoreUncertain: The connection was lost while it was being kept: nobody knows whether it is.
        """

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """
        One consistent look, which keeps no writer waiting.
        """

    async def look(self, work: Callable[[Connection], T]) -> T:
        """
        What *work* reads, of one moment, with as few ways there as can be: for what people wait for.
        """

    @property
    def is_shared(self) -> bool:
        """
        Whether other processes may write to it.
        """

    async def told(self, channel: str) -> None:
        """
        Returns when another process said something on a channel, and every second or so.
        """

    def relay(self, tell: Callable[[str], None]) -> Callable[[str], None]:
        """
        As `Store.relay`.
        """


def database_of(url: str) -> Database:
    """
    The database at an address, not yet open.

    Raises:
        SettingsError: There is none of that kind, or what it needs is not installed.
    """
    if is_postgresql(url):
        # What a single process on a file never loads.
        from webhook_engine.store.postgresql import PostgresqlDatabase

        return PostgresqlDatabase(url)
    return SqliteDatabase.at(url)
