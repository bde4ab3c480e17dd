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

    A signal that a service manager in doubt sends when the work has ended well must not turn exit code 0 into a
    death by signal. (A handler of the loop's own is taken down when the loop closes, and leaves the signal deadly.)
    """
    loop = asyncio.get_running_loop()
    for each in _SIGNALS:
        signal.signal(each, lambda *_: loop.call_soon_threadsafe(stop))
    try:
        yield
    finally:
        for each in _SIGNALS:
            signal.signal(each, lambda *_: None)


def ignore_signals() -> None:
    """
    For a process that has nothing left to do but to end: its handlers go before it does.
    """
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
