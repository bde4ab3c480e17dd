"""
The queue's file: opened, owned, and its refusals in our words.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import apsw

from webhook_engine.errors import QueueError, QueueOwned, QueueUnavailable
from webhook_engine.locking import OwnerLock
from webhook_engine.queue.sqlite import holding, suspects
from webhook_engine.queue.sqlite.settings import QueueSettings
from webhook_engine.queue.sqlite.statements import DEAD, DOCUMENTS, SCHEMA

APPLICATION = 0x77687131
"""`whq1`, so that a file of something else is recognised."""

VERSION = 3
"""Of the schema."""

PASSING = (
    apsw.FullError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.IOError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.NoMemError,
)
"""What may be better in a while."""


def own(path: Path) -> OwnerLock:
    """
    The lock that makes this process the queue's only user.

    Raises:
        QueueOwned: Another process has it.
        QueueError: The folder is not there, or not ours to write in.
    """
    return OwnerLock(path, owned=QueueOwned, unusable=QueueError)


def open_file(path: Path, settings: QueueSettings) -> apsw.Connection:
    """
    The writer's connection, the schema in place.

    Raises:
        QueueError: It is the file of something else, or a newer version's, or damaged.
        QueueUnavailable: Locked, or no room.
    """
    # Readable by its owner alone, whoever makes it: SQLite's side files get the same rights.
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    try:
        db = apsw.Connection(str(path), statementcachesize=512)
        try:
            _prepare(db, path, settings)
        except BaseException:
            db.close()
            raise
    except apsw.Error as error:
        raise refusal(error, path) from error
    return db


def open_reader(path: Path) -> apsw.Connection:
    """
    A connection that cannot write, and so never keeps the writer waiting.
    """
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    db.set_busy_timeout(1_000)
    db.pragma("query_only", True)
    # Room for the pages of a long look through deliveries that lie far apart.
    db.pragma("cache_size", -8_000)
    return db


def refusal(error: apsw.Error, path: Path) -> QueueError:
    """
    What SQLite says, as what it means to whoever put a delivery.
    """
    if isinstance(error, apsw.FullError):
        return QueueUnavailable(path=str(path), why="there is no room on the disk: make some")
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return QueueUnavailable(path=str(path), why="another program holds a lock on the file")
    if isinstance(error, PASSING):
        return QueueUnavailable(path=str(path), why=str(error))
    if isinstance(error, apsw.NotADBError):
        return QueueError(not_ours(path))
    return QueueError(f"the delivery queue {path} failed: {error}")


def not_ours(path: Path) -> str:
    """
    What is said of the file of something else.
    """
    return f"{path} is not a delivery queue: put it back from a copy, or move it away and a new one is made"


def too_new(path: Path, version: int) -> str:
    """
    What is said of a file with a schema that this version does not know.
    """
    return (
        f"{path} was written by a newer version of webhook-engine (schema {version}): "
        "install that version, or a later one"
    )


def _prepare(db: apsw.Connection, path: Path, settings: QueueSettings) -> None:
    # Otherwise SQLite plans a statement anew for every value bound to it, at many times the cost of running it.
    db.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    db.set_busy_timeout(round(settings.locked_s * 1000))
    application, version = db.pragma("application_id"), db.pragma("user_version")
    is_new = not db.execute("SELECT count(*) FROM sqlite_schema").get
    if not is_new and application != APPLICATION:
        raise QueueError(not_ours(path))
    if isinstance(version, int) and version > VERSION:
        raise QueueError(too_new(path, version))
    if is_new:
        db.pragma("auto_vacuum", "INCREMENTAL")
    if db.pragma("journal_mode", "WAL") != "wal":
        raise QueueError(f"{path} is on a file system that SQLite's write-ahead log does not work on")
    for name, value in {
        "synchronous": settings.synchronous,
        "temp_store": "MEMORY",
        "cache_size": -16_384,
        "journal_size_limit": 64 * 2**20,
        "wal_autocheckpoint": 4_000,
    }.items():
        db.pragma(name, value)
    if settings.limit_bytes is not None:
        db.pragma("max_page_count", max(64, settings.limit_bytes // int(str(db.pragma("page_size")))))
    if is_new:
        db.execute(
            f"BEGIN IMMEDIATE; {SCHEMA}; {DOCUMENTS}; {DEAD} PRAGMA application_id = {APPLICATION}; "
            f"PRAGMA user_version = {VERSION}; COMMIT"
        )
    elif version != VERSION:
        since = f"{DOCUMENTS}; {DEAD}" if version == 1 else DEAD
        db.execute(f"BEGIN IMMEDIATE; {since} PRAGMA user_version = {VERSION}; COMMIT")
    holding.prepare(db)
    suspects.prepare(db)
