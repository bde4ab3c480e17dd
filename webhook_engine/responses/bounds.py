"""
How much of a response is read.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """
    What a response may cost; beyond it, `ResponseTooLarge`.
    """

    bytes: int = 64 * 1024 * 1024
    """Length of the body, decompressed; the transport allows less."""

    depth: int = 64
    """Objects, lists or elements inside each other."""

    nests: int = 1_000_000
    """Objects and lists of a JSON document in all; millions of them stop the whole process while they are made."""

    columns: int = 1_000
    """Columns of a table that nobody chose columns for."""

    cells: int = 2_000_000
    """Rows times columns."""

    until: float = math.inf
    """On `time.monotonic`'s clock: when to stop, done or not."""

    def check_time(self) -> None:
        """
        Raises:
            TimeoutError: It is later than *until*.
        """
        if time.monotonic() > self.until:
            raise TimeoutError("the response could not be read in the time there was")
