"""
Connections to PostgreSQL on which nobody waits for good: a network may swallow what is sent and end nothing.

A connection that did not answer in time is given up, never asked again: not even to roll back, for it would not answer
that either. The server finds by itself that nobody is there.
"""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, NullPool

from webhook_engine.errors import MissingExtra

try:
    import asyncpg
except ImportError as error:
    raise MissingExtra(extra="cluster", wanted_for="a store in PostgreSQL") from error

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction

CONNECTIONS: Final = 8
CONNECT_S: Final = 10.0

STATEMENT_S: Final = 30.0
"""A statement that takes longer is ended by the server."""

LATE_S: Final = 2.0
"""By so much later nothing comes any more, and its connection is given up."""

PROMPT_S: Final = 5.0
"""What takes this long, though it takes milliseconds by itself, is on a connection that leads nowhere."""

IN_USE_S: Final = 60.0
"""How long whoever asks waits for a connection that others use."""

LOCKED_S: Final = 10.0
"""How long a write waits for its turn."""

AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What a connection by itself says where it leads nowhere any more."""

_SETTINGS: Final = {
    "application_name": "webhook-engine store",
    "lock_timeout": f"{LOCKED_S:.0f}s",
    # A process that stops in the middle of a write must not stop the others for good.
    "idle_in_transaction_session_timeout": "60s",
    # What a machine that is cut off holds is given to others after half a minute.
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}

# The same on this side, where the system has them: also for what has no limit of its own.
_ALIVE: Final = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 30_000))


def engine_of(url: str) -> AsyncEngine:
    """
    Connections that are kept, and whose statements have a limit.
    """
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: connect(url),
        poolclass=AsyncAdaptedQueuePool,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=IN_USE_S,
        # What is bound to a statement is nobody's business in an error.
        hide_parameters=True,
    )
    watch = _Watch()
    event.listen(engine.sync_engine, "connect", watch.note)
    event.listen(engine.sync_engine, "checkout", watch.look)
    event.listen(engine.sync_engine, "close", watch.end)
    return engine


def leisurely_engine_of(url: str) -> AsyncEngine:
    """
    Connections that are made for one use, and whose statements take as long as they take.
    """
    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: connect(url, at_leisure=True),
        poolclass=NullPool,
        hide_parameters=True,
    )


async def connect(url: str, *, at_leisure: bool = False) -> asyncpg.Connection[Any]:
    """
    Args:
        at_leisure: Whether a statement may take as long as it takes.
    """
    limits = {} if at_leisure else {"statement_timeout": f"{STATEMENT_S * 1000:.0f}"}
    db = await asyncpg.connect(
        url,
        timeout=CONNECT_S,
        command_timeout=None if at_leisure else STATEMENT_S + LATE_S,
        server_settings=_SETTINGS | limits,
    )
    _keep_alive(db)
    return db


def _keep_alive(db: asyncpg.Connection[Any]) -> None:
    # asyncpg 0.32 has no argument for it.
    found = db._transport.get_extra_info("socket")  # type: ignore[attr-defined]  # asyncpg's stubs leave it out
    if found is None or found.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _ALIVE:
        if hasattr(socket, name):
            found.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class _Watch:
    """
    Before a connection is lent it has to answer; where one does not, none from before is lent any more.

    The server may have been started anew since it was last used, and the network may have forgotten it.
    """

    def __init__(self) -> None:
        self._lost_at = 0.0

    def note(self, _: Any, record: Any) -> None:
        record.info["made_at"] = time.monotonic()

    def look(self, connection: Any, _record: object, _lent: object) -> None:
        try:
            connection.run_async(answered)
        except AWAY as error:
            self._lost_at = time.monotonic()
            raise InvalidatePoolError from error

    def end(self, connection: Any, record: Any) -> None:
        if record.info.get("made_at", 0.0) < self._lost_at:
            # Goodbyes take two seconds each where nobody hears them.
            connection.driver_connection.terminate()


async def answered(db: asyncpg.Connection[Any], *, within_s: float | None = None) -> None:
    """
    Returns when the server answered on it; gives it up where it does not.

    Args:
        within_s: `PROMPT_S`, where it is not given.
    """
    try:
        async with asyncio.timeout(PROMPT_S if within_s is None else within_s):
            await db.execute("SELECT 1")
    except BaseException:
        db.terminate()
        raise


async def roll_back(connection: AsyncConnection, transaction: AsyncTransaction) -> None:
    """
    A connection that is lost needs no rolling back, and its loss is told already.
    """
    await _promptly(connection, transaction.rollback())


async def close(connection: AsyncConnection) -> None:
    """
    Give it back, or up.
    """
    await _promptly(connection, connection.close())


async def _promptly(connection: AsyncConnection, work: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(PROMPT_S):
            await work
    except (DBAPIError, TimeoutError):
        await give_up(connection)


async def give_up(connection: AsyncConnection) -> None:
    """
    Nothing more is asked on it.
    """
    if connection.closed or connection.invalidated:
        return
    with suppress(DBAPIError):
        db: Any = (await connection.get_raw_connection()).driver_connection
        db.terminate()
        await connection.invalidate()


async def dispose(engine: AsyncEngine) -> None:
    """
    Close all connections, those that lead nowhere without a word.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(CONNECT_S):
            await engine.dispose()
