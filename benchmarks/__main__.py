"""
`python -m benchmarks`: every comparison, then the targets; 1 where one is missed.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from importlib import import_module
from time import process_time

from benchmarks import report, targets
from benchmarks.harness import FULL, QUICK, Comparison

# pandas comes last: its objects must not weigh on the others' garbage collections.
SUBJECTS = ("imports", "render", "ask", "queue", "table")


def main(arguments: list[str] | None = None) -> int:
    """
    Returns:
        0 where every target is reached, of those that `--only` leaves; else 1.
    """
    options = _options(arguments)
    facts = report.machine()
    print(f"{facts['python']}, {facts['cores']} cores, {facts['processor']}, load {facts['load']}\n")
    pace = QUICK if options.quick else FULL
    pace = replace(pace, clock=process_time) if options.cpu else pace
    comparisons: list[Comparison] = []
    for subject in options.only or SUBJECTS:
        for comparison in import_module(f"benchmarks.{subject}").run(pace):
            comparisons.append(comparison)
            print(report.of_comparison(comparison), end="\n\n", flush=True)
    outcomes = tuple(targets.judge(comparisons))
    print(report.of_targets(outcomes))
    print(f"\n{report.write(comparisons, outcomes, facts)}")
    # In a run of everything, a target that nothing measured is no target.
    failing = (False,) if options.only else (False, None)
    return 1 if any(each.ok in failing for each in outcomes) else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=SUBJECTS, help="this subject; may be given again")
    parser.add_argument("--quick", action="store_true", help="short turns: a look, not a figure to publish")
    parser.add_argument(
        "--cpu", action="store_true", help="this process's own time, for a machine that others use"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
