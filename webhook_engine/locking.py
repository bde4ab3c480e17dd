"""
The lock that makes one process the only user of a file.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable

    from webhook_engine.errors import WebhookEngineError


_TO_DO: Final = "make room on its disk, or let its user write more, and start again"

_OPENING: Final = {
    errno.ENOENT: ": make the folder first",
    errno.EACCES: ": give this user the folder to write in, or name another place",
}
"""What to do where the lock's file cannot be made; nothing is known of other causes."""


class Owned(Protocol):
    """
    An error that says whose the file is.
    """

    def __call__(self, *, path: str, owner: str) -> WebhookEngineError: ...


class OwnerLock:
    """
    Held from the making of it until `release`, or until the process is gone, however it went.

    The lock is on a file of its own, `NAME.owner`, which says in words who has it.
    """

    def __init__(self, path: Path, *, owned: Owned, unusable: Callable[[str], WebhookEngineError]) -> None:
        """
        Args:
            path: The file to own; it need not be there.

            owned: Makes the error that is raised where another process has it.

            unusable: Makes the error that is raised where the folder is not there or not ours to write in,
                where its disk is full, and where something else stands in a file's place.
        """
        for each in (path, *_files_beside(path)):
            if each.is_dir():
                raise unusable(folder_in_the_way(each))
        self.path = side_file(path)
        self._handle: int | None = None
        try:
            # Whoever may read a file may lock it, and would keep its owner out.
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            with suppress(OSError):
                os.fchmod(handle, 0o600)
        except OSError as error:
            to_do = _OPENING.get(error.errno or 0, "")
            raise unusable(f"{self.path} cannot be opened: {error.strerror}{to_do}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(handle, 200, 0).decode(errors="replace").strip()
            os.close(handle)
            raise owned(path=str(path), owner=owner or "another process") from error
        try:
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"process {os.getpid()} ({Path(sys.argv[0]).name or 'python'})".encode(), 0)
        except OSError as error:
            os.close(handle)
            raise unusable(f"{self.path} cannot be written: {error.strerror}; {_TO_DO}") from error
        self._handle = handle
        _HELD.add(self)

    def release(self) -> None:
        """
        Lets the next one have the file; the side file stays, for removing it would let two lock two files.
        """
        handle, self._handle = self._handle, None
        if handle is not None:
            os.ftruncate(handle, 0)
            os.close(handle)

    def forget(self) -> None:
        """
        Lets go of the file without a word: the one who forked this process has it still.
        """
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)


_HELD: WeakSet[OwnerLock] = WeakSet()


def _forget_all() -> None:
    for each in tuple(_HELD):
        each.forget()


# A lock is held as long as anybody has the open file, and a child of a fork has it: it would outlive its parent.
os.register_at_fork(after_in_child=_forget_all)


def _files_beside(path: Path) -> tuple[Path, ...]:
    return side_file(path), *(path.with_name(path.name + end) for end in ("-wal", "-shm"))


def folder_in_the_way(path: Path) -> str:
    """
    What is said of a folder that stands where a file of ours belongs.
    """
    return f"{path} is a folder, and a file belongs there: move the folder away, and start again"


def side_file(path: Path) -> Path:
    """
    Where the lock on *path* is held.
    """
    return path.with_name(path.name + ".owner")
