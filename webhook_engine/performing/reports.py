"""
How much a performer takes in hand, and what it tells about itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webhook_engine.performing.breaker import BreakerReport
    from webhook_engine.queue import Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformerSettings:
    """
    How much one process takes in hand, and for how long.
    """

    most: int = 2048
    """Deliveries in hand: waiting for a slot, under way, and being written down."""

    deadline_s: float = 30.0
    """The longest that performing a delivery takes."""

    lease_s: float = 60.0
    """At least; a lease is never shorter than the deadline and fifteen seconds."""

    grace_s: float | None = None
    """How long a stop waits for what is under way; five seconds more than the deadline where left out."""

    settle_s: float = 5.0
    """How long the end of a stop waits for the disk."""

    crashes: int = 3
    """A delivery whose performing raised what no error of ours is, so many times, is dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformerReport:
    """
    What a performer has in hand and has done since it was opened.
    """

    waiting: int
    """Claimed, and not started."""

    running: int
    settling: int
    """Performed, and not yet on the disk."""

    done: int
    retried: int
    dead: int
    released: int

    leases_lost: int
    """Settlements that came too late and changed nothing."""

    failed: int
    """Settlements that the queue would not take; their leases run out."""

    is_claiming: bool
    """False while the queue cannot write, and when it is stopping."""

    targets: tuple[BreakerReport, ...]

    holds: tuple[Hold, ...] = ()
    """Webhooks whose deliveries are kept back."""
