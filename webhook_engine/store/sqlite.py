"""
The store's SQLite file: one process, one connection that writes, a few that only read.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import aiosqlite
from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, QueuePool

from webhook_engine.errors import StoreError, StoreOutdated, StoreOwned, StoreUnavailable
from webhook_engine.locking import OwnerLock
from webhook_engine.settings import database_path
from webhook_engine.store import schema
from webhook_engine.store.readers import Readers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine
    from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")

# "whs1": so that a file of something else is recognised.
APPLICATION: Final = 0x77687331

_LOCKED_S: Final = 5.0
"""How long a lock that another program holds on the file is waited for."""

_READERS: Final = 2

_ONLY_READS: Final[Mapping[str, object]] = {"query_only": "ON", "cache_size": -8_000}
"""With room for the pages of a long look: 8 MB for each reader."""

_PASSING: Final = {
    sqlite3.SQLITE_FULL: "there is no room on the disk: make some",
    sqlite3.SQLITE_BUSY: "another program holds a lock on the file",
    sqlite3.SQLITE_LOCKED: "another program holds a lock on the file",
    sqlite3.SQLITE_IOERR: "the disk failed",
    sqlite3.SQLITE_READONLY: "it may not be written",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_NOMEM: "there is no memory left",
}
"""What may be better in a while, by SQLite's primary code."""


class SqliteDatabase:
    """
    The file, open and owned.
    """

    is_shared: Final = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: OwnerLock | None = None
        self._writer: AsyncEngine | None = None
        self._readers: AsyncEngine | None = None
        self._looking: Readers | None = None
        # Writers stand in line here, without a time limit, and not for the pool's one connection.
        self._turn = asyncio.Lock()
        self._reading: set[asyncio.Future[None]] = set()

    @classmethod
    def at(cls, url: str) -> Self:
        """
        Raises:
            SettingsError: It is no address of a file.
        """
        return cls(database_path(url).resolve())

    def __str__(self) -> str:
        return str(self.path)

    async def open(self) -> None:
        """
        Raises:
            StoreOwned: Another process has the file.
            StoreOutdated: Its schema is another version's.
            StoreError: The file cannot be used, and why.
        """
        self._lock = own(self.path)
        try:
            create(self.path)
            version = await asyncio.to_thread(look, self.path)
            if version not in {None, schema.HEAD}:
                raise outdated(self.path, version or "")
            self._writer = _writer(self.path)
            self._readers = _readers(self.path)
            self._looking = Readers(_looking(self.path), count=_READERS)
            if version is None:
                async with self.write() as connection:
                    await connection.run_sync(schema.migrate)
                    await connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION}")
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """
        Lets what is being written finish, and another process have the file.
        """
        async with self._turn:
            readers, self._readers = self._readers, None
            looking, self._looking = self._looking, None
            while self._reading:
                # A connection that is given back after its pool was closed would never be.
                await asyncio.wait(set(self._reading))
            if looking is not None:
                await looking.close()
            # The writer goes last: it brings the write-ahead log into the file, which no reader may.
            for engine in (readers, self._writer):
                if engine is not None:
                    await engine.dispose()
            self._writer = None
            if self._lock is not None:
                self._lock.release()
                self._lock = None

    @asynccontextmanager
    async def write(
        self,
        *,
        among: str | None = None,  # noqa: ARG002  # there is one writer
        at_leisure: bool = False,  # noqa: ARG002  # and no network
    ) -> AsyncIterator[AsyncConnection]:
        """
        A transaction of the one connection that writes; on the disk when this ends.

        Raises:
            StoreUnavailable: Locked, or no room; nothing of it was written.
        """
        async with self._turn:
            if self._writer is None:
                raise StoreError(f"the store {self.path} is closed")
            with _refusals(self.path):
                async with self._writer.begin() as connection:
                    yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """
        One consistent look at the store, which keeps no writer waiting.
        """
        if self._readers is None:
            raise StoreError(f"the store {self.path} is closed")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reading.add(done)
        try:
            with _refusals(self.path):
                async with self._readers.connect() as connection:
                    yield connection
        finally:
            self._reading.discard(done)
            done.set_result(None)

    async def told(self, channel: str) -> None:  # noqa: ARG002  # nobody else is there to say anything
        """
        Never returns: nobody else writes to the file.
        """
        await asyncio.get_running_loop().create_future()

    def relay(self, tell: Callable[[str], None]) -> Callable[[str], None]:  # noqa: ARG002  # likewise
        """
        Nobody else writes to the file, so there is nothing to say.
        """
        return lambda _: None

    async def look(self, work: Callable[[Connection], T]) -> T:
        """
        What *work* reads, of one moment, in one go beside the loop: for what people wait for.

        Raises:
            StoreUnavailable: Locked, or the disk failed.
        """
        if self._looking is None:
            raise StoreError(f"the store {self.path} is closed")
        with _refusals(self.path):
            return await self._looking.look(work)


def own(path: Path) -> OwnerLock:
    """
    The lock that makes this process the store's only user.

    Raises:
        StoreOwned: Another process has it.
        StoreError: The folder is not there, or not ours to write in.
    """
    return OwnerLock(path, owned=StoreOwned, unusable=StoreError)


def create(path: Path) -> None:
    """
    The file, readable by its owner alone, where it is missing; SQLite gives its side files the same rights.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreError(f"the store {path} cannot be opened: {error.strerror}") from error


def look(path: Path) -> str | None:
    """
    The schema of the file, which nobody else has open; None where it is empty.

    Raises:
        StoreError: It is the file of something else, or cannot be read.
    """
    try:
        with closing(sqlite3.connect(path, timeout=_LOCKED_S)) as db:
            if not db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                return None
            if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
                raise StoreError(f"{path} is not a store of webhook-engine")
            return str(db.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    except sqlite3.Error as error:
        raise refusal(error, path) from error


def outdated(path: Path, version: str) -> StoreOutdated:
    """
    The error for a store of another version: they count up, in four digits.
    """
    return StoreOutdated(path=str(path), found=version, wanted=schema.HEAD, is_newer=version > schema.HEAD)


async def upgrade(path: Path) -> Path | None:
    """
    Bring a store to this version's schema.

    Returns:
        The copy of the file as it was; None where it had this version's schema already.

    Raises:
        StoreError: As `SqliteDatabase.open`.
    """
    lock = own(path)
    try:
        create(path)
        version = await asyncio.to_thread(look, path)
        if version == schema.HEAD:
            return None
        if version is not None and version > schema.HEAD:
            raise outdated(path, version)
        copy = path.with_name(f"{path.name}.schema-{version}") if version is not None else None
        if copy is not None:
            await asyncio.to_thread(_copy, path, copy)
        engine = _writer(path)
        try:
            with _refusals(path):
                async with engine.begin() as connection:
                    await connection.run_sync(schema.migrate)
                    await connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION}")
        finally:
            await engine.dispose()
        return copy
    finally:
        lock.release()


def _copy(path: Path, copy: Path) -> None:
    create(copy)
    try:
        with closing(sqlite3.connect(path)) as db, closing(sqlite3.connect(copy)) as other:
            db.backup(other)
    except sqlite3.Error as error:
        raise refusal(error, copy) from error


# --- Connections -----------------------------------------------------------------------------------


def _writer(path: Path) -> AsyncEngine:
    return _engine(
        f"file:{_quoted(path)}?mode=rw",
        size=1,
        begin="BEGIN IMMEDIATE",
        pragmas={
            "journal_mode": "WAL",
            "synchronous": "FULL",
            "foreign_keys": "ON",
            "temp_store": "MEMORY",
            "journal_size_limit": 16 * 2**20,
        },
    )


def _readers(path: Path) -> AsyncEngine:
    # SQLite before 3.51.3 can damage a file that two connections bring the log into at one moment;
    # one that is opened for reading never does that.
    return _engine(_for_reading(path), size=_READERS, begin="BEGIN", pragmas=_ONLY_READS)


def _looking(path: Path) -> Engine:
    uri = _for_reading(path)
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(
            uri, uri=True, timeout=_LOCKED_S, isolation_level=None, check_same_thread=False
        ),
        poolclass=QueuePool,
        pool_size=_READERS,
        max_overflow=0,
        hide_parameters=True,
    )
    _prepare(engine, begin="BEGIN", pragmas=_ONLY_READS)
    return engine


def _for_reading(path: Path) -> str:
    return f"file:{_quoted(path)}?mode=ro"


def _quoted(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _engine(uri: str, *, size: int, begin: str, pragmas: Mapping[str, object]) -> AsyncEngine:
    engine = create_async_engine(
        "sqlite+aiosqlite://",
        async_creator=lambda: aiosqlite.connect(uri, uri=True, timeout=_LOCKED_S, isolation_level=None),
        poolclass=AsyncAdaptedQueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=60,
        # What is bound to a statement is nobody's business in an error.
        hide_parameters=True,
    )

    _prepare(engine.sync_engine, begin=begin, pragmas=pragmas)
    return engine


def _prepare(engine: Engine, *, begin: str, pragmas: Mapping[str, object]) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        try:
            cursor = connection.cursor()
            for name, value in pragmas.items():
                cursor.execute(f"PRAGMA {name} = {value}")
            cursor.close()
        except BaseException:
            # The pool has not taken it yet, so nobody else would close it.
            connection.close()
            raise

    # Python's sqlite3 begins a transaction too late to cover a change of the schema, so we begin them.
    @event.listens_for(engine, "begin")
    def start(connection: Any) -> None:
        cursor = connection.connection.cursor()
        cursor.execute(begin)
        cursor.close()


# --- Refusals --------------------------------------------------------------------------------------


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """
    What SQLite says within, as what it means to whoever asked.
    """
    try:
        yield
    except DBAPIError as error:
        if not isinstance(error.orig, sqlite3.Error):
            raise
        raise refusal(error.orig, path) from error
    except sqlite3.Error as error:
        # Where a transaction begins, the driver is asked past SQLAlchemy.
        raise refusal(error, path) from error


def refusal(error: sqlite3.Error, path: Path) -> StoreError:
    """
    SQLite's error as ours.
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _PASSING:
        return StoreUnavailable(path=str(path), why=_PASSING[code])
    if code == sqlite3.SQLITE_NOTADB:
        return StoreError(f"{path} is not a store of webhook-engine")
    return StoreError(f"the store {path} failed: {error}")
