"""
A running service: what its handlers share.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from webhook_engine.errors import QueueUnavailable
from webhook_engine.service.metrics import Metrics
from webhook_engine.service.refusals import Code, Refusal, later
from webhook_engine.service.revoking import Revoking
from webhook_engine.service.stream import AgentStreams

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from webhook_engine.queue import Delivery
    from webhook_engine.service.backend import Backend
    from webhook_engine.service.keys import KeyChecker
    from webhook_engine.service.noting import Noting
    from webhook_engine.service.settings import ServiceSettings
    from webhook_engine.variables import CallEvent


class Room:
    """
    How much of something is taken in hand at a time.
    """

    def __init__(self, limit: int, what: str, *, after_s: float) -> None:
        self.taken = 0
        self._limit, self._what, self._after_s = limit, what, after_s

    @contextmanager
    def holding(self, amount: int) -> Iterator[None]:
        """
        Within this, *amount* is taken.

        Raises:
            Refusal: 429, where it does not fit beside what is there. Alone, everything fits.
        """
        if self.taken and self.taken + amount > self._limit:
            raise later(
                Code.BUSY, f"{self._what}; nothing of this was accepted, send it again", after_s=self._after_s
            )
        self.taken += amount
        try:
            yield
        finally:
            self.taken -= amount


class Service:
    """
    What is in hand, and whether more is taken.
    """

    def __init__(
        self, engine: Backend, keys: KeyChecker, settings: ServiceSettings, noting: Noting | None = None
    ) -> None:
        self.engine, self.keys, self.settings, self.noting = engine, keys, settings, noting
        self.metrics = Metrics()
        self.streams = AgentStreams(engine.pops, settings=settings.stream)
        self.revoking = Revoking(keys, self.streams.end)
        after_s = settings.retry_after_s
        self.bytes = Room(settings.bytes_in_hand, "too many requests are being read", after_s=after_s)
        self.events = Room(
            settings.events_in_hand, "too many events are on their way to the disk", after_s=after_s
        )
        self.asks = Room(
            settings.asks_in_hand, "too many agents are waiting for target systems", after_s=after_s
        )
        self.is_stopping = False
        self._queue_failed: tuple[str, float] | None = None

    def stop(self) -> None:
        """
        Take nothing new and end the agents' streams, so that they connect elsewhere or come back.
        """
        self.is_stopping = True
        self.streams.close()

    def check_running(self) -> None:
        """
        Raises:
            Refusal: 503, where the service is stopping.
        """
        if self.is_stopping:
            raise self.unavailable("the service is stopping; nothing was accepted")

    def unavailable(self, why: str) -> Refusal:
        """
        503, to be tried again.
        """
        return later(Code.UNAVAILABLE, why, after_s=self.settings.retry_after_s)

    async def notify(self, events: Sequence[CallEvent]) -> tuple[tuple[Delivery, ...], ...]:
        """
        As `Backend.notify_all`; counted, and known to whoever asks whether we are ready.

        Raises:
            QueueUnavailable: Nothing was accepted.
        """
        try:
            started = await self.engine.notify_all(events)
        except QueueUnavailable as error:
            self.note_queue(error.why)
            raise
        if any(started):
            self.note_queue(None)
        self.metrics.events.inc(len(events))
        return started

    def note_queue(self, why: str | None) -> None:
        """
        Note that the queue took something, or why it did not.
        """
        self._queue_failed = None if why is None else (why, time.monotonic())

    def why_not_ready(self) -> str | None:
        """
        Why nothing can be accepted now; None where it can.
        """
        if self.is_stopping:
            return "the service is stopping"
        if self._queue_failed is not None:
            why, since = self._queue_failed
            # Forgotten after a while, so that somebody sends again and it is found out anew.
            if time.monotonic() - since < _FORGOTTEN_S:
                return f"the delivery queue cannot write: {why}"
        report = self.engine.report()
        if report is not None and not report.is_claiming:
            return "the delivery queue cannot write, or the engine is stopping"
        if report is None and self.engine.queue is not None:
            return "the engine is not running"
        return None


_FORGOTTEN_S = 5.0
