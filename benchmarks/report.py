"""
Results as tables for people and as a JSON document for programs.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.harness import RESULTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.harness import Comparison
    from benchmarks.targets import Reached


_LIBRARIES = (
    "aiohttp",
    "jinja2",
    "markupsafe",
    "minijinja",
    "orjson",
    "pandas",
    "uvloop",
    "xmltodict",
    "yarl",
)
_UNITS = {
    "s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")),
    "B": ((2**20, "MiB"), (2**10, "KiB"), (1, "B")),
}


def as_table(rows: Sequence[Sequence[str]]) -> str:
    """
    The rows as Markdown, aligned so that it reads well in a terminal too; the first row is the head.
    """
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def of_comparison(comparison: Comparison) -> str:
    """
    One row for each contender: its median, its ratio to the first, and the quartiles.
    """
    rows = [(comparison.name, "median", "ratio", "quartiles")]
    for place, series in enumerate(comparison.series):
        low, high = comparison.spread(series.name)
        ratio, quartiles = (
            ("1", f"{cost(low, comparison.unit)} to {cost(high, comparison.unit)}")
            if place == 0
            else (f"{comparison.ratio(series.name):.2f}", f"{low:.2f} to {high:.2f}")
        )
        rows.append((series.name, cost(series.median, comparison.unit), ratio, quartiles))
    return as_table(rows)


def of_targets(outcomes: Iterable[Reached]) -> str:
    """
    ONE TABLE: what is promised, what was measured.
    """
    rows = [("target", "limit", "measured", "")]
    rows += [(each.target.work, each.target.limit, each.shown, each.verdict) for each in outcomes]
    return as_table(rows)


def cost(value: float, unit: str) -> str:
    """
    Three figures, with the multiple of the unit that suits.
    """
    size, name = next(((size, name) for size, name in _UNITS[unit] if value >= size), _UNITS[unit][-1])
    figures = value / size
    return f"{figures:.0f} {name}" if figures >= 100 else f"{figures:.3g} {name}"


def machine() -> dict[str, object]:
    """
    What a reader must know to judge the figures.
    """
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": [round(each, 2) for each in os.getloadavg()],
        "libraries": {name: metadata.version(name) for name in _LIBRARIES},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )


def _commit() -> str:
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=RESULTS.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() or "unknown"


def write(
    comparisons: Iterable[Comparison], outcomes: Iterable[Reached], facts: Mapping[str, object]
) -> Path:
    """
    Everything that was measured, under `results/`, one file for each run.
    """
    document = {
        "machine": facts,
        "command": sys.argv[1:],
        "targets": [
            {
                "work": each.target.work,
                "limit": each.target.limit,
                "measured": each.measured,
                "reached": each.ok,
            }
            for each in outcomes
        ],
        "comparisons": {
            each.name: {
                series.name: {
                    "median": series.median,
                    "ratio": each.ratio(series.name),
                    f"each_{each.unit}": series.costs,
                }
                for series in each.series
            }
            for each in comparisons
        },
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}.json"
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return path
