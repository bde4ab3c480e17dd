"""
A queue's file looked into from outside, whoever has it: nothing is written and nobody waits.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Final

import apsw

from webhook_engine.errors import QueueError
from webhook_engine.locking import folder_in_the_way
from webhook_engine.queue.delivery import State
from webhook_engine.queue.reports import Examination, Hold, Stats
from webhook_engine.queue.sqlite import holding, telling
from webhook_engine.queue.sqlite.files import APPLICATION, VERSION, not_ours, open_reader, refusal, too_new

CHECKED_S: Final = 3.0
"""How long a file is looked through for damage; meanwhile its process cannot shorten its write-ahead log."""

_STEPS: Final = 10_000
"""Of SQLite's machine, between two looks at the time."""


def examine(path: Path, *, checked_s: float = CHECKED_S) -> Examination | None:
    """
    What is in the file.

    Args:
        checked_s: Seconds for the look through all of it, which ends sooner where the file is small.

    Returns:
        None where there is none, or nothing was ever put into it.

    Raises:
        QueueError: It is the file of something else, a newer version's, or too damaged to be read.
        QueueUnavailable: Another program locks it.
    """
    if not path.exists():
        return None
    if path.is_dir():
        raise QueueError(folder_in_the_way(path))
    try:
        db = open_reader(path)
        try:
            return _examined(db, path, checked_s)
        finally:
            db.close()
    except apsw.Error as error:
        raise refusal(error, path) from error


def _examined(db: apsw.Connection, path: Path, checked_s: float) -> Examination | None:
    tables = {str(name) for (name,) in db.execute("SELECT name FROM sqlite_schema")}
    if not tables:
        return None
    if db.pragma("application_id") != APPLICATION:
        raise QueueError(not_ours(path))
    version = int(str(db.pragma("user_version")))
    if version > VERSION:
        raise QueueError(too_new(path, version))
    stats = _stats(db, path)
    # An earlier version's file has no such table before this one works with it.
    holds: tuple[Hold, ...] = holding.read(db) if "hold" in tables else ()
    damage, is_whole = _damage(db, checked_s)
    return Examination(schema=version, stats=stats, holds=holds, damage=damage, is_whole=is_whole)


def _stats(db: apsw.Connection, path: Path) -> Stats:
    targets, oldest = telling.counts(db)
    states: Counter[State] = Counter()
    for each in targets.values():
        states.update(each)
    return Stats(
        states=states,
        targets=targets,
        oldest_ready_s=0.0 if oldest is None else max(0.0, time.time() - oldest / 1000),
        file_bytes=_size(path),
        wal_bytes=_size(path.with_name(f"{path.name}-wal")),
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _damage(db: apsw.Connection, checked_s: float) -> tuple[str | None, bool]:
    until = time.monotonic() + checked_s
    db.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
    try:
        found = str(db.execute("PRAGMA quick_check(1)").get)
    except apsw.InterruptError:
        return None, False
    return (None if found == "ok" else found), True
