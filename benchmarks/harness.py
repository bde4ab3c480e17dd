"""
Reference and ours, turn about, on the same machine in the same minutes.

A machine that is shared or throttled slows both sides of a round alike, so the
figure that counts is the ratio within a round, and of those the median.
"""

from __future__ import annotations

import gc
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    Clock: TypeAlias = Callable[[], float]


RESULTS = Path(__file__).parent / "results"
"""What runs leave; not kept under version control."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """
    How long to measure.
    """

    rounds: int
    """Turns for every contender; at least five."""

    slice_s: float
    """What one turn should last at the least."""

    clock: Clock = perf_counter
    """In seconds. `process_time` leaves out what other processes take from a shared machine."""

    def slow(self) -> Pace:
        """
        For work of which a single turn takes long: fewer rounds, never below five.
        """
        return replace(self, rounds=max(5, self.rounds // 3))


FULL = Pace(rounds=21, slice_s=0.05)
QUICK = Pace(rounds=5, slice_s=0.02)


@dataclass(frozen=True, slots=True)
class Contender:
    """
    One way of doing the work.
    """

    name: str

    take_a_turn: Callable[[], float]
    """Does the work for one round; what each operation cost, in the comparison's unit."""


@dataclass(frozen=True, slots=True)
class Series:
    """
    What one contender's rounds took.
    """

    name: str

    costs: tuple[float, ...]
    """For each operation, by round."""

    @property
    def median(self) -> float:
        return median(self.costs)


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    Ways of doing the same work, the reference first.
    """

    name: str

    series: tuple[Series, ...]

    unit: str = "s"
    """Of every cost: `s`, or `B` where memory is compared."""

    def ratios(self, name: str, reference: str | None = None) -> tuple[float, ...]:
        """
        Cost over the reference's cost, round by round.
        """
        by_name = {each.name: each.costs for each in self.series}
        base = by_name[reference or self.series[0].name]
        return tuple(ours / theirs for ours, theirs in zip(by_name[name], base, strict=True))

    def ratio(self, name: str, reference: str | None = None) -> float:
        return median(self.ratios(name, reference))

    def spread(self, name: str) -> tuple[float, float]:
        """
        The quartiles of the ratio; of the cost for the reference itself.
        """
        first = self.series[0]
        values = first.costs if name == first.name else self.ratios(name)
        low, _, high = quantiles(values, n=4, method="inclusive")
        return low, high


def compare(name: str, contenders: Sequence[Contender], pace: Pace, *, unit: str = "s") -> Comparison:
    """
    Rounds in which every contender takes one turn; each round starts with another one.
    """
    taken: dict[str, list[float]] = {each.name: [] for each in contenders}
    for turn in range(pace.rounds):
        first = turn % len(contenders)
        for contender in (*contenders[first:], *contenders[:first]):
            gc.collect()
            taken[contender.name].append(contender.take_a_turn())
    return Comparison(name, tuple(Series(each, tuple(costs)) for each, costs in taken.items()), unit)


def repeated(name: str, work: Callable[[], object], pace: Pace, *, operations: int = 1) -> Contender:
    """
    A contender that repeats *work* until a turn lasts a slice.

    Args:
        operations: How many are in one *work*.
    """
    times = 1
    while (once := _seconds(work, times, pace.clock)) < pace.slice_s:
        times = max(times * 2, int(times * pace.slice_s / max(once, 1e-9)))
    return Contender(name, lambda: _seconds(work, times, pace.clock) / (times * operations))


def _seconds(work: Callable[[], object], times: int, clock: Clock) -> float:
    # The cyclic garbage collector stays on: it is on in the process that embeds us.
    start = clock()
    for _ in range(times):
        work()
    return clock() - start


def scratch(name: str) -> Path:
    """
    A new folder on the project's own disk, for whoever takes it away again: what is in memory is no measure.
    """
    RESULTS.mkdir(exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=RESULTS))
