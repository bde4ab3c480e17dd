"""
`python -m benchmarks`: every comparison, then the targets; 1 where one is missed.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from importlib import import_module
from itertools import chain
from time import process_time
from typing import TYPE_CHECKING

from benchmarks import report, targets
from benchmarks.harness import FULL, QUICK
from benchmarks.publish import publish

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from benchmarks.harness import Comparison, Pace
    from benchmarks.targets import Reached

# pandas comes last: its objects must not weigh on the others' garbage collections.
SUBJECTS = (
    "imports",
    "render",
    "rules",
    "check",
    "ask",
    "queue",
    "queue_postgresql",
    "cluster",
    "durable",
    "intake",
    "latency",
    "waiting",
    "celery",
    "stream",
    "console",
    "xml_api",
    "table",
)


def main(arguments: list[str] | None = None) -> int:
    """
    Returns:
        0 where every target is reached, of those that `--only` leaves; else 1.
    """
    options = _options(arguments)
    facts = report.machine()
    print(f"{facts['python']}, {facts['cores']} cores, {facts['processor']}, load {facts['load']}\n")
    pace = QUICK if options.quick else FULL
    measured = dict(
        _measured(options.only or SUBJECTS, replace(pace, clock=process_time) if options.cpu else pace)
    )
    outcomes = tuple(targets.judge(chain(*measured.values())))
    print(report.of_targets(outcomes))
    print(f"\n{report.write(chain(*measured.values()), outcomes, facts)}")
    if options.publish:
        # What was skipped keeps the table that it has.
        blocks = {
            subject: "\n\n".join(map(report.of_comparison, found))
            for subject, found in measured.items()
            if found
        }
        publish(blocks | ({} if options.only else _summary(outcomes, facts, options.cpu)))
    # In a run of everything, a target that nothing measured is no target.
    failing = (False,) if options.only else (False, None)
    return 1 if any(each.ok in failing for each in outcomes) else 0


def _measured(subjects: Iterable[str], pace: Pace) -> Iterator[tuple[str, list[Comparison]]]:
    for subject in subjects:
        found = []
        for comparison in import_module(f"benchmarks.{subject}").run(pace):
            found.append(comparison)
            print(report.of_comparison(comparison), end="\n\n", flush=True)
        yield subject, found


def _summary(outcomes: Iterable[Reached], facts: Mapping[str, object], cpu: bool) -> dict[str, str]:
    clock = "processor time (the queue: wall time), because others used the machine" if cpu else "wall time"
    machine = f"{facts['cores']} cores ({facts['processor']}), {facts['python']}, commit {facts['commit']}; {clock}."
    return {"targets": f"{report.of_targets(outcomes)}\n\nOne run on {machine}"}


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=SUBJECTS, help="this subject; may be given again")
    parser.add_argument("--quick", action="store_true", help="short turns: a look, not a figure to publish")
    parser.add_argument(
        "--cpu", action="store_true", help="this process's own time, for a machine that others use"
    )
    parser.add_argument("--publish", action="store_true", help="put the tables into docs/performance.md")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
