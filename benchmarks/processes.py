"""
What a process and everything it started takes of the machine, as Linux counts it.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TICKS_S = 1 / os.sysconf("SC_CLK_TCK")
_EVERY_S = 0.25


def tree_of(pid: int) -> list[int]:
    """
    *pid* and the processes below it that live now.
    """
    found = [pid]
    for each in found:
        # It may end while it is looked at.
        with suppress(OSError):
            for thread in Path(f"/proc/{each}/task").iterdir():
                found += map(int, (thread / "children").read_text().split())
    return found


def processor_s(pid: int) -> float:
    """
    Processor time of the tree so far, in seconds; also that of children that have ended.
    """
    return sum(map(_ticks, tree_of(pid))) * _TICKS_S


def _ticks(pid: int) -> int:
    with suppress(OSError):
        # Behind the name, which may hold anything: utime, stime, cutime, cstime.
        return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return 0


def memory_b(pid: int) -> int:
    """
    The tree's memory in bytes; what processes share is counted once.
    """
    return sum(map(_proportional, tree_of(pid)))


def _proportional(pid: int) -> int:
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return 0


class Peak:
    """
    The most memory that a tree had whenever it was looked at.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.bytes = 0

    def look(self) -> None:
        """
        Look once more.
        """
        self.bytes = max(self.bytes, memory_b(self._pid))


@contextmanager
def watched(*pids: int) -> Iterator[list[Peak]]:
    """
    A peak for each tree, looked at four times a second until the end.
    """
    peaks = [Peak(pid) for pid in pids]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_EVERY_S):
            for peak in peaks:
                peak.look()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peaks
    finally:
        ended.set()
        thread.join()
        for peak in peaks:
            peak.look()
