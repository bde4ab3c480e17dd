"""
ONE TABLE of what the engine promises to cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmarks.harness import Comparison


@dataclass(frozen=True, slots=True)
class Target:
    """
    A promise about one contender of one comparison.
    """

    work: str

    comparison: str

    contender: str

    bound: float
    """Of cost over the reference's cost; of seconds where there is no reference."""

    reference: str | None

    rate: bool = False
    """A bound from below on requests/s over the reference's, instead of one from above on time."""

    @property
    def limit(self) -> str:
        return f"≥ {self.bound:g}x" if self.rate else f"≤ {self._written(f'{self.bound:g}')}"

    def measure(self, found: Comparison) -> float:
        if self.reference is None:
            return next(each.median for each in found.series if each.name == self.contender)
        if self.rate:
            return found.ratio(self.reference, self.contender)
        return found.ratio(self.contender, self.reference)

    def _written(self, number: str) -> str:
        return f"{number} s" if self.reference is None else f"{number}x"

    def shown(self, measured: float) -> str:
        return self._written(f"{measured:.3f}" if self.reference is None else f"{measured:.2f}")

    def holds(self, measured: float) -> bool:
        return measured >= self.bound if self.rate else measured <= self.bound


@dataclass(frozen=True, slots=True)
class Reached:
    """
    A target, and what was measured; nothing where its comparison did not run.
    """

    target: Target
    measured: float | None

    @property
    def ok(self) -> bool | None:
        return None if self.measured is None else self.target.holds(self.measured)

    @property
    def shown(self) -> str:
        return "–" if self.measured is None else self.target.shown(self.measured)

    @property
    def verdict(self) -> str:
        return {True: "reached", False: "MISSED", None: "not measured"}[self.ok]


_HAND, _JINJA, _BARE = "hand-written", "plain Jinja2", "bare aiohttp"

TARGETS: tuple[Target, ...] = (
    Target("token-only URL of 8 variables", "URL, tokens", "ours", 1.25, _HAND),
    Target("token-only JSON body of 12 fields", "JSON, tokens", "ours", 1.25, _HAND),
    Target("token-only XML body of 20 fields", "XML, tokens", "ours", 1.25, _HAND),
    Target("URL with Jinja expressions", "URL, expressions", "ours", 1.2, _JINJA),
    Target("JSON body with Jinja expressions", "JSON, expressions", "ours", 1.2, _JINJA),
    Target("XML body with Jinja expressions", "XML, expressions", "ours", 1.2, _JINJA),
    Target("an event meets the 1,000 rules of a floor", "rules: a floor of 1,000", "ours", 0.001, None),
    Target("1,000 conditions asked", "rules: 1,000 conditions asked", "ours", 0.001, None),
    Target("1,000 rules that match", "rules: 1,000 that match", "ours", 0.001, None),
    Target("a floor's rules beside lambdas", "rules: a floor of 1,000", "ours", 0.5, "lambdas, one by one"),
    Target("1,000 tests of a rule set, read and run", "check: 1,000 tests", "read and run", 2.0, None),
    Target(
        "JSON of 10,000 records to 5 columns", "JSON, 10,000 records", "ours, 5 columns", 1.4, "orjson.loads"
    ),
    Target("JSON of 10,000 records to all 20", "JSON, 10,000 records", "ours, all 20", 2.5, "orjson.loads"),
    Target(
        "XML of 10,000 records to 5 columns",
        "XML, 10,000 records",
        "ours, 5 columns",
        0.45,
        "xmltodict.parse",
    ),
    Target("XML of 10,000 records to all 20", "XML, 10,000 records", "ours, all 20", 1.2, "xmltodict.parse"),
    Target("ask, 32 in flight, asyncio", "ask, 32 in flight, asyncio", "Engine.ask", 0.85, _BARE, rate=True),
    Target("ask, 32 in flight, uvloop", "ask, 32 in flight, uvloop", "Engine.ask", 0.85, _BARE, rate=True),
    Target(
        "XML of 10,000 records, memory beside the table",
        "XML to 5 columns, memory",
        "10,000 records",
        1.5,
        "1,000 records",
    ),
    Target(
        "delivery queue with 1,000,000 waiting, throughput",
        "queue: put, claim, record",
        "full queue",
        0.8,
        "empty queue",
        rate=True,
    ),
    Target(
        "delivery queue with 1,000,000 waiting, opened", "queue: opened and closed", "full queue", 1.0, None
    ),
    Target(
        "delivery queue with 1,000,000 waiting, memory",
        "queue: memory of a worker",
        "full queue",
        1.25,
        "empty queue",
    ),
    Target(
        "delivery queue on PostgreSQL, in batches of 100",
        "queue on PostgreSQL: put, claim, record",
        "webhook-engine",
        5.0,
        "procrastinate",
        rate=True,
    ),
    Target(
        "a worker on PostgreSQL, beside one on SQLite",
        "cluster: event to request, one worker",
        "on PostgreSQL",
        0.5,
        "on SQLite",
        rate=True,
    ),
    Target(
        "two workers, a target that takes 50 ms",
        "cluster: a target that takes 50 ms",
        "two workers",
        1.6,
        "one worker",
        rate=True,
    ),
    Target(
        "event to recorded POST, durable, one process",
        "durable: event to recorded POST",
        "Engine.notify",
        0.7,
        _BARE,
        rate=True,
    ),
    Target(
        "events over HTTP in batches of 100, on the disk",
        "intake: events in batches of 100",
        "events over HTTP",
        0.5,
        "queue alone",
        rate=True,
    ),
    Target(
        "event to request on the wire at 500/s, p99",
        "latency: event to wire at 500/s, p99",
        "Engine.notify",
        3.0,
        _BARE,
    ),
    Target(
        "healthy targets while half of all hang for 5 s, p99",
        "latency: healthy targets beside hanging ones, p99",
        "half of them hang",
        2.0,
        "all healthy",
    ),
    Target(
        "worker with 1,000,000 waiting, throughput",
        "waiting: event to recorded POST",
        "1,000,000 waiting",
        0.8,
        "nothing waiting",
        rate=True,
    ),
    Target(
        "worker with 1,000,000 waiting, opened",
        "waiting: opened, and the first event through",
        "1,000,000 waiting",
        1.0,
        None,
    ),
    Target(
        "worker with 1,000,000 waiting, memory",
        "waiting: memory",
        "1,000,000 waiting",
        1.5,
        "nothing waiting",
    ),
    Target(
        "event to recorded POST, beside Celery",
        "celery: event to recorded POST",
        "webhook-engine worker",
        10.0,
        "celery at its best",
        rate=True,
    ),
    Target(
        "processor time of a delivery, beside Celery",
        "celery: processor time of a delivery",
        "webhook-engine worker",
        0.1,
        "celery at its best",
    ),
    Target(
        "memory, beside Celery",
        "celery: memory",
        "webhook-engine worker",
        0.2,
        "celery at its best",
    ),
    Target(
        "agent streams of 1,000 agents, event to pop, p99",
        "event to pop, p99 of 1,000 agents",
        "agent streams",
        3.0,
        "bare aiohttp broadcast",
    ),
    *(
        Target(
            f"first byte of the page {each}",
            f"page: {each}",
            "Integration Centre",
            2.0,
            "bare aiohttp-jinja2",
        )
        for each in (
            "deliveries",
            "deliveries, filtered",
            "delivery",
            "targets",
            "API Manager",
            "API Monitoring",
            "API Monitoring, filtered",
            "webhooks",
            "webhook",
            "groups",
            "history",
        )
    ),
    Target(
        "XML API, DoNothing",
        "DoNothing, 64 in flight",
        "XML API",
        0.5,
        "bare aiohttp handler",
        rate=True,
    ),
    Target(
        "XML API, 1,000 contacts fed and stored",
        "a feed of 1,000 contacts",
        "fed and stored",
        3.0,
        "xmltodict.parse",
    ),
    Target(
        "feed of 100,000 contacts, memory",
        "memory of `feed`",
        "100,000 contacts",
        1.1,
        "10,000 contacts",
    ),
    Target(
        "next contact with 1,000,000 waiting",
        "the next contact",
        "1,000,000 waiting",
        2.0,
        "1,000 waiting",
    ),
    Target("import webhook_engine", "fresh processes", "import webhook_engine", 0.25, None),
    Target("webhook-engine --help", "fresh processes", "webhook-engine --help", 0.5, None),
)


def judge(comparisons: Iterable[Comparison]) -> Iterator[Reached]:
    """
    Every target, with what these comparisons say of it.
    """
    found = {each.name: each for each in comparisons}
    for target in TARGETS:
        comparison = found.get(target.comparison)
        yield Reached(target, None if comparison is None else target.measure(comparison))
