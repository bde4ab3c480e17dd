"""
The lock that makes one process the only user of a file.
"""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from webhook_engine.errors import WebhookEngineError


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

            unusable: Makes the error that is raised where the folder is not there, or not ours to write in.
        """
        self.path = side_file(path)
        try:
            self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise unusable(f"{self.path} cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(self._handle, 200, 0).decode(errors="replace").strip()
            os.close(self._handle)
            raise owned(path=str(path), owner=owner or "another process") from error
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, f"process {os.getpid()} ({Path(sys.argv[0]).name or 'python'})".encode(), 0)

    def release(self) -> None:
        """
        Lets the next one have the file; the side file stays, for removing it would let two lock two files.
        """
        os.ftruncate(self._handle, 0)
        os.close(self._handle)


def side_file(path: Path) -> Path:
    """
    Where the lock on *path* is held.
    """
    return path.with_name(path.name + ".owner")
