"""
What Prometheus is told.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from webhook_engine.errors import QueueError
from webhook_engine.performing import BreakerState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook_engine.performing import PerformerReport
    from webhook_engine.queue import Stats
    from webhook_engine.service.reader import Backlog
    from webhook_engine.service.state import Service

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """
    Counts of the service, in a registry of its own: the process's own is the application's.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._now = _Now()
        self._registry.register(self._now)
        self.requests = Counter(
            "webhook_engine_requests",
            "Requests that were answered.",
            ("endpoint", "status"),
            registry=self._registry,
        )
        self.request_s = Histogram(
            "webhook_engine_request_seconds",
            "How long a request took, agents' streams left out.",
            ("endpoint",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.events = Counter(
            "webhook_engine_events_accepted",
            "Call events that were accepted, repeated ones included.",
            registry=self._registry,
        )
        self.refused = Counter(
            "webhook_engine_messages_refused",
            "Messages from NATS that were no events and were set aside.",
            registry=self._registry,
        )

    async def text(self, service: Service) -> bytes:
        """
        Everything, in the format that Prometheus reads.
        """
        queue = service.engine.queue
        stats = None
        if queue is not None:
            with suppress(QueueError):  # told by what is absent then, and by webhook_engine_ready
                stats = await queue.stats()
        self._now.set(service, service.engine.report(), stats)
        return generate_latest(self._registry)


class _Now(Collector):
    """
    What is not counted here, as it stood a moment ago.
    """

    def __init__(self) -> None:
        self._families: list[Metric] = []

    def collect(self) -> Iterator[Metric]:
        yield from self._families

    def set(self, service: Service, report: PerformerReport | None, stats: Stats | None) -> None:
        self._families = [
            _gauge("ready", "1 where events are accepted.", service.why_not_ready() is None),
            _gauge("streams", "Agent streams that are open.", len(service.streams)),
            _gauge("streams_unread_bytes", "What waits for slow readers.", service.streams.backlog.unread),
            _cut(service.streams.backlog),
            _gauge("events_in_hand", "Events on their way to the disk.", service.events.taken),
            _gauge("bytes_in_hand", "Bodies of requests in hand.", service.bytes.taken),
            _drifted(service),
            *(() if stats is None else _of_queue(stats)),
            *(() if report is None else _of_performer(report)),
        ]


def _gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"webhook_engine_{name}", says, value=float(value))


def _cut(backlog: Backlog) -> Metric:
    cut = CounterMetricFamily(
        "webhook_engine_streams_cut",
        "Streams cut for what waited for their reader, or for all readers together.",
        labels=["for"],
    )
    for why, count in backlog.cut.items():
        cut.add_metric([why], count)
    return cut


def _drifted(service: Service) -> Metric:
    drifted = GaugeMetricFamily(
        "webhook_engine_column_drifted",
        "1 for a selected column that vanished, changed its type or was never there.",
        labels=["webhook", "column", "way"],
    )
    # What an application puts in front of an engine may have none.
    drift = getattr(service.engine, "drift", None)
    for each in drift.findings() if drift is not None else ():
        drifted.add_metric([each.webhook, each.column, each.way], 1.0)
    return drifted


def _of_queue(stats: Stats) -> Iterator[Metric]:
    states = GaugeMetricFamily("webhook_engine_deliveries", "Deliveries by state.", labels=["state"])
    for state, count in stats.states.items():
        states.add_metric([state], count)
    yield states
    yield _gauge("oldest_ready_seconds", "Age of the delivery that waited longest.", stats.oldest_ready_s)
    yield _gauge("queue_file_bytes", "The delivery queue's file.", stats.file_bytes)
    yield _gauge("queue_wal_bytes", "Its write-ahead log.", stats.wal_bytes)
    yield CounterMetricFamily(
        "webhook_engine_leases_lost", "Settlements that came too late.", value=stats.leases_lost
    )


def _of_performer(report: PerformerReport) -> Iterator[Metric]:
    attempts = CounterMetricFamily(
        "webhook_engine_attempts", "What attempts came to, since the start.", labels=["outcome"]
    )
    for outcome in ("done", "retried", "dead", "released"):
        attempts.add_metric([outcome], getattr(report, outcome))
    yield attempts
    yield CounterMetricFamily(
        "webhook_engine_settlements_failed",
        "Ends of attempts that the queue would not take: the deliveries are offered again.",
        value=report.failed,
    )
    yield _gauge("deliveries_running", "Requests of deliveries under way.", report.running)
    held = GaugeMetricFamily(
        "webhook_engine_webhook_held",
        "1 for a webhook whose deliveries are kept back.",
        labels=["webhook", "reason"],
    )
    for hold in report.holds:
        held.add_metric([hold.webhook, hold.reason], 1.0)
    yield held
    targets = GaugeMetricFamily(
        "webhook_engine_target_state", "1 for the state that a target is in.", labels=["target", "state"]
    )
    running = GaugeMetricFamily("webhook_engine_target_running", "Requests under way.", labels=["target"])
    for target in report.targets:
        for state in BreakerState:
            targets.add_metric([target.target, state], float(target.state is state))
        running.add_metric([target.target], target.running)
    yield targets
    yield running
