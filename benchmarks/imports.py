"""
What a fresh process waits for.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.harness import Contender, Pace, compare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.harness import Comparison

_COMMAND = Path(sys.executable).with_name("webhook-engine")


def run(pace: Pace) -> Iterator[Comparison]:
    """
    Whole processes, from their start to their end.
    """
    yield compare(
        "fresh processes",
        [
            _process("python -c pass", sys.executable, "-c", "pass"),
            _statement("import webhook_engine"),
            _statement("from webhook_engine import CallContext"),
            _statement("from webhook_engine import Engine"),
            _statement("import aiohttp"),
            _process("webhook-engine --help", str(_COMMAND), "--help"),
        ],
        pace,
    )


def _statement(statement: str) -> Contender:
    return _process(statement, sys.executable, "-c", statement)


def _process(name: str, *command: str) -> Contender:
    def take_a_turn() -> float:
        start = perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        return perf_counter() - start

    take_a_turn()  # byte code is written once, not for every process
    return Contender(name, take_a_turn)
