"""
Wrong passwords become slow.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_REMEMBERED = 10_000


@dataclass(slots=True)
class _Failures:
    count: int = 0
    until: float = 0.0


class Throttle:
    """
    How long an address or a machine has to wait before its next try.
    """

    def __init__(self, *, tries: int, longest_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._tries, self._longest_s, self._clock = tries, longest_s, clock
        self._failed: OrderedDict[str, _Failures] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """
        Seconds until *key* may try again; 0 where it may now.
        """
        failures = self._failed.get(key)
        return 0.0 if failures is None else max(0.0, failures.until - self._clock())

    def failed(self, key: str) -> None:
        """
        Count a wrong try; from the limit on the wait begins at a second and doubles.
        """
        failures = self._failed.setdefault(key, _Failures())
        self._failed.move_to_end(key)
        failures.count += 1
        over = failures.count - self._tries
        if over >= 0:
            failures.until = self._clock() + min(2.0 ** min(over, 30), self._longest_s)
        while len(self._failed) > _REMEMBERED:
            self._failed.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """
        Forget the wrong tries of *key*.
        """
        self._failed.pop(key, None)
