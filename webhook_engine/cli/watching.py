"""
`check --watch`: again whenever one of the files changes.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

from webhook_engine.definitions.files import files_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Stamp: TypeAlias = frozenset[tuple[Path, int, int, int]]
"""Each file with when it was written, how long it is, and its number on the disk."""

_EVERY_S: Final = 0.3

_TICK_NS: Final = 20_000_000
"""A file's time may be so much older than the clock's."""


def watch(paths: Sequence[Path], check: Callable[[], Iterable[Path]]) -> NoReturn:
    """
    Calls *check* now, and again after each change, until the keyboard stops it.

    Args:
        paths: Definitions files, or folders of them.

        check: Does it, and tells which files it looked at besides.
    """
    while True:
        # Before they are read: what is written meanwhile is a change.
        began_ns, definitions = time.time_ns() - _TICK_NS, stamp_of(paths)
        others = tuple(check())
        beside = stamp_of(others)
        # One that says it is of tomorrow is no news: another machine's clock wrote it.
        if any(began_ns <= written <= time.time_ns() + _TICK_NS for _, written, _, _ in beside):
            continue
        while stamp_of(paths) == definitions and stamp_of(others) == beside:
            time.sleep(_EVERY_S)


def stamp_of(paths: Iterable[Path]) -> Stamp:
    """
    How these files stand; of a folder its definitions.
    """
    found = (_stamp(each) for path in paths for each in files_of(path))
    return frozenset(each for each in found if each is not None)


def _stamp(path: Path) -> tuple[Path, int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return path, found.st_mtime_ns, found.st_size, found.st_ino
