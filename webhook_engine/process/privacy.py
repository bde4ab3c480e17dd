"""
What a process holds in memory and writes to disk, kept from everybody but its own user.
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from typing import Final

# linux/prctl.h
_SET_DUMPABLE: Final = 4


def keep_private() -> None:
    """
    From now on this process leaves no core file, and what it writes is readable by its own user alone.

    Its memory holds secrets in clear while it works. On Linux it also counts as not dumpable: no core goes to a
    program that collects them, and no other process of the same user, but for root's, reads its memory.
    """
    os.umask(0o077)
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # A C library without it still has the limit.
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)
