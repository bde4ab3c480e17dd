"""
What ends a process from outside: SIGTERM and SIGINT.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def ended_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """
    Either signal calls *stop* in the running loop; once this is left, neither does anything any more.

    It is left when the process has ended well but for the last of its teardown: a signal that comes then, by a
    service manager in doubt, must not turn its exit code 0 into a death by signal. (A handler of the loop's own is
    taken down when the loop closes, and leaves the signal deadly until the interpreter is gone.)
    """
    loop = asyncio.get_running_loop()
    for each in _SIGNALS:
        signal.signal(each, lambda *_: loop.call_soon_threadsafe(stop))
    try:
        yield
    finally:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
