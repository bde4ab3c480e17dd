"""
How long a delivery waits before it is tried again.
"""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """
    Waits that grow with every failure, up to a longest one.
    """

    first_s: float = 5.0
    """Longest wait after the first failure."""

    factor: float = 2.0
    """By which it grows with every further failure; at least 1."""

    longest_s: float = 3600.0
    """Where it stops growing."""

    def ceiling(self, failures: int) -> float:
        """
        The longest wait after so many failures: `min(longest_s, first_s * factor ** (failures - 1))`.

        Args:
            failures: From 1.
        """
        try:
            grown = self.first_s * self.factor ** (max(1, failures) - 1)
        except OverflowError:
            return self.longest_s
        return min(self.longest_s, grown)

    def wait_after(self, failures: int, *, roll: float | None = None) -> float:
        """
        Seconds to wait after so many failures: `roll * ceiling(failures)`.

        The whole wait is drawn (“full jitter”), at the longest one as well: what failed
        together is spread evenly, however long the outage was.

        Args:
            failures: From 1.

            roll: Where to land, in [0, 1]. Drawn when left out.

        Source:
            Brooker, “Exponential Backoff and Jitter”, AWS Architecture Blog, 2015.
        """
        drawn = random.random() if roll is None else roll  # noqa: S311  # spreads load, keeps no secret
        return self.ceiling(failures) * drawn
