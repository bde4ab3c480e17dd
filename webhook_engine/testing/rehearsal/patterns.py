"""
Patterns that a test matches, each for a bounded time.
"""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

LIMIT_S: Final = 1.0
"""Processor time that a pattern is tried for."""


class TakesTooLong(Exception):  # no error of the engine's: it becomes a difference
    """
    A pattern that can be read in more ways than anybody waits for, such as `(a+)+`.
    """


def matches_all(pattern: str, text: str) -> bool:
    """
    Whether *pattern* matches all of *text*, line breaks too.

    Raises:
        TakesTooLong: Nothing came of it within `LIMIT_S`.
    """
    with _bounded():
        return re.fullmatch(pattern, text, re.DOTALL) is not None


@contextmanager
def _bounded() -> Iterator[None]:
    """
    Only a signal stops a match, and those come to the main thread alone, where tests are played.
    """
    is_heard = threading.current_thread() is threading.main_thread()
    if not (is_heard and hasattr(signal, "setitimer")) or any(signal.getitimer(signal.ITIMER_VIRTUAL)):
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before or signal.SIG_DFL)


def _give_up(*_: object) -> None:
    raise TakesTooLong
