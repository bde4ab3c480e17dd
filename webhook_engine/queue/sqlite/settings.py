"""
What a queue on SQLite may cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """
    How safe, how long and how much.
    """

    synchronous: Literal["FULL", "NORMAL"] = "FULL"
    """`FULL` survives the loss of power; with `NORMAL` the last moments may be lost then, though never to a
    crash of the process."""

    poison_after: int = 3
    """A delivery whose claims ended without a word so many times in a row is dead."""

    suspect_s: float = 2.0
    """From the second time on it is claimed alone, for so long at the most: then the others go on as well."""

    keep_done_s: float | None = 7 * _DAY_S
    """How long what was delivered is kept, and its event known as a duplicate; None is for ever."""

    keep_dead_s: float | None = 30 * _DAY_S

    keep_bytes: int = 4 * 2**30
    """Beyond this the oldest deliveries that are done or dead go, whatever their age."""

    limit_bytes: int | None = None
    """Beyond this the file does not grow and the queue takes nothing; None leaves it to the disk."""

    locked_s: float = 5.0
    """How long a lock that another program holds on the file is waited for."""
