"""
Connections that come back: what is asked waits while the server is away, for a bounded time.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qs, urlsplit

from webhook_engine.errors import MissingExtra, QueueError, QueueUnavailable
from webhook_engine.settings import address_without_password

try:
    import asyncpg
except ImportError as error:
    raise MissingExtra(extra="cluster", wanted_for="a delivery queue on PostgreSQL") from error

from webhook_engine.queue.postgresql.trouble import trouble
from webhook_engine.queue.times import milliseconds

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from webhook_engine.queue.postgresql.settings import PostgresqlSettings

    Connection = asyncpg.Connection[asyncpg.Record]

T = TypeVar("T")

_CONNECT_S = 5.0

PROMPT_S = 5.0
"""What takes this long, though it takes milliseconds by itself, is on a connection that leads nowhere."""

IDLE_S = 10.0
"""In the middle of a transaction; a process that is alive goes on in milliseconds."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.02, 0.5

SLOTS = 16
"""Rows over which the count of one target and state is spread."""

_PASSING = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, starting, cancelled
    asyncpg.InsufficientResourcesError,  # the disk is full, too many connections
    asyncpg.TransactionRollbackError,  # a deadlock, where the schema's order was not enough
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby that is about to take over
    asyncpg.UniqueViolationError,  # two processes put the same at once
    asyncpg.IdleInTransactionSessionTimeoutError,  # this process stood still in the middle of something
    asyncpg.LockNotAvailableError,  # where somebody set `lock_timeout` for the user
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""What may be better in a while."""

_SETTLED = (asyncpg.TransactionRollbackError, asyncpg.UniqueViolationError, asyncpg.LockNotAvailableError)
"""Of those, what says that the connection is as good as before."""


def is_passing(error: BaseException) -> bool:
    # What is wrong with an address or a value is an InterfaceError as well, and no better in a while.
    return isinstance(error, _PASSING) and not isinstance(error, ValueError)


def _stated_schema(url: str) -> str:
    (path, *_) = parse_qs(urlsplit(url).query).get("search_path", [""])
    return path.split(",")[0].strip().strip('"')


def quoted(name: str) -> str:
    """
    A name as a statement has it.
    """
    return '"' + name.replace('"', '""') + '"'


class Time:
    """
    The database's time, as far as it is known by a steady clock of this process.
    """

    def __init__(self) -> None:
        self._offset: float | None = None

    def observe(self, now: int) -> None:
        """
        The database has just told its time.
        """
        self._offset = now - time.monotonic() * 1000

    def now(self) -> int:
        """
        Milliseconds, somewhat behind the database and never ahead of it; 0 before it told its time.
        """
        return 0 if self._offset is None else int(self._offset + time.monotonic() * 1000)


class Server:
    """
    Where the database is, and its time as far as it is known here.
    """

    errors = (
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
        OSError,
        TimeoutError,
    )
    """What a statement may raise."""

    def __init__(self, url: str, settings: PostgresqlSettings) -> None:
        self._url = url
        self.settings = settings
        self.shown = address_without_password(url)
        self.schema = settings.schema or _stated_schema(url) or "webhook_engine"
        self.time = Time()

    async def connect(self) -> Connection:
        return await asyncpg.connect(
            self._url,
            timeout=_CONNECT_S,
            command_timeout=self.settings.statement_s,
            server_settings={
                "application_name": "webhook-engine",
                "search_path": quoted(self.schema),
                "jit": "off",
                # See `statements`: each has one good plan, and it is the same for a small queue and a large one.
                "plan_cache_mode": "force_generic_plan",
                "enable_seqscan": "off",
                "enable_hashjoin": "off",
                "enable_mergejoin": "off",
                "enable_bitmapscan": "off",
                "tcp_keepalives_idle": "15",
                "tcp_keepalives_interval": "5",
                "tcp_keepalives_count": "3",
                # Whoever is cut off or stands still keeps the others from nothing for longer than this: what it
                # was doing is undone, and what it was asked is not done later than somebody waits for it.
                "idle_in_transaction_session_timeout": str(milliseconds(IDLE_S)),
                "statement_timeout": str(milliseconds(self.settings.statement_s)),
                # Statements see what was committed before each of them, whatever the database's owner set.
                "default_transaction_isolation": "read committed",
            },
        )

    def refusal(self, error: BaseException, *, maybe_done: bool = False) -> QueueError:
        """
        What the database says, as what it means to whoever asked.

        Args:
            maybe_done: Whether it may have done all the same what it was asked.
        """
        if is_passing(error):
            cannot, why = trouble(error)
            return QueueUnavailable(path=self.shown, why=why, cannot=cannot, is_uncertain=maybe_done)
        return QueueError(f"the delivery queue {self.shown} failed: {type(error).__name__}: {error}")


class Link:
    """
    One connection, used by one at a time, and made anew where it broke.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.slot = random.randrange(SLOTS)  # noqa: S311  # spreads load, keeps no secret
        self._db: Connection | None = None
        self._turn = asyncio.Lock()

    async def run(
        self,
        work: Callable[[Connection, bool], Awaitable[T]],
        *,
        patience_s: float | None,
        within_s: float | None = None,
        accepts: bool = True,
    ) -> T:
        """
        What *work* comes to, which must be as good twice as once: it is run again where the connection broke.

        Args:
            work: Its second argument tells whether an earlier run may have been committed.

            patience_s: None waits for the server as long as it takes.

            within_s: A connection on which *work* takes longer is given up, as one on which nothing arrives any
                more; None leaves that to each statement's own time.

            accepts: Whether *work* keeps what somebody gave; of a look, or of a claim, there is nothing to be said.

        Raises:
            QueueUnavailable: The server was away for so long; where nobody knows whether a run was committed, it
                says so.
        """
        until = None if patience_s is None else time.monotonic() + patience_s
        pause_s, maybe_done = _FIRST_PAUSE_S, False
        while True:
            try:
                async with self._turn:
                    db = await self._connected()
                    try:
                        async with asyncio.timeout(within_s):
                            return await work(db, maybe_done)
                    except BaseException as error:
                        maybe_done = maybe_done or not isinstance(error, _SETTLED)
                        if not isinstance(error, asyncpg.PostgresError) or db.is_closed():
                            self._drop()
                        raise
            except Exception as error:
                if not is_passing(error):
                    raise
                if until is not None and time.monotonic() + pause_s >= until:
                    raise self.server.refusal(error, maybe_done=maybe_done and accepts) from error
            await asyncio.sleep(pause_s * random.uniform(0.5, 1))  # noqa: S311  # apart from the others
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _connected(self) -> Connection:
        if self._db is None or self._db.is_closed():
            self._db = await self.server.connect()
        return self._db

    def _drop(self) -> None:
        if self._db is not None:
            self._db.terminate()
            self._db = None

    async def close(self) -> None:
        db, self._db = self._db, None
        if db is not None and not db.is_closed():
            try:
                await db.close(timeout=_CONNECT_S)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                db.terminate()
