"""
What the queue tells about itself and about the deliveries in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from webhook_engine.queue.delivery import State
from webhook_engine.queue.lease import AttemptReport

LENGTHS_S: Final = (
    *(1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1_800),
    *(3_600, 7_200, 14_400, 21_600, 43_200),
    *(86_400, 172_800, 604_800, 2_592_000),
)
"""Round lengths of a `Bar`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """
    A delivery as it stands.
    """

    id: str
    event_id: str
    webhook: str
    target: str
    state: State

    put_at: datetime

    until: datetime | None
    """When its state ends or ended: the retry's time, the lease's, the hold's, the expiry; None for never.
    Of what is done or dead, since when."""

    attempts: int
    failures: int

    reason: str
    """Why it is dead, or what the last release or retry said."""

    reference: Mapping[str, object]
    frozen: Mapping[str, object] | None = None

    records: tuple[AttemptReport, ...] = ()
    """The attempts in their order; only `show` fills this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """
    A webhook whose deliveries are kept back.
    """

    webhook: str

    reason: str
    """A word, such as `webhook-gone`; what is kept back for it is released with the same."""

    revision: str
    """Of the webhook's definition, as whoever holds it tells one from the next."""

    since: datetime
    ended: datetime | None = None
    """Where the definition was changed since: when that was."""


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """
    Some deliveries, newest first.
    """

    deliveries: tuple[DeliveryReport, ...]

    after: str | None
    """Where the next page begins; None where this was the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """
    How much is in the queue.
    """

    states: Mapping[State, int]

    targets: Mapping[str, Mapping[State, int]] = field(default_factory=dict)

    oldest_ready_s: float = 0.0
    """How long the delivery that could go and has waited longest is here already."""

    leases_lost: int = 0
    """Settlements refused since the queue was opened."""

    file_bytes: int = 0
    wal_bytes: int = 0
    """What is written and not yet in the file itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """
    A queue as it is found by whoever only looks, while another process may have it.
    """

    schema: int
    """The number that whoever wrote it gave to its tables."""

    stats: Stats
    holds: tuple[Hold, ...]

    damage: str | None
    """What is broken in the file, as the database says it."""

    is_whole: bool
    """Whether all of it was looked through for damage; where it is large only a part is."""


@dataclass(frozen=True, slots=True)
class Bar:
    """
    The deliveries that were put within one stretch of time.
    """

    at: datetime
    """When it begins."""

    states: Mapping[State, int]
    """What has become of them until now."""

    took_s: tuple[float, ...] = ()
    """How long attempts took, the shortest first; a sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """
    How deliveries spread over time, the newest of them.
    """

    bars: tuple[Bar, ...]
    """In the order of time; stretches in which nothing was put are left out."""

    bar_s: int
    """How long each of them is."""

    counted: int

    is_whole: bool
    """Whether nothing was left out because there was too much to count."""
