"""
What a fresh process waits for.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from time import process_time
from typing import TYPE_CHECKING

from benchmarks.harness import Contender, Pace, compare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.harness import Clock, Comparison

_STATEMENTS = (
    "import webhook_engine",
    "from webhook_engine import CallContext",
    "from webhook_engine import Engine",
    "import aiohttp",
)
_COMMAND = Path(sys.executable).with_name("webhook-engine")


def run(pace: Pace) -> Iterator[Comparison]:
    """
    Whole processes, from their start to their end.
    """
    clock = _of_children if pace.clock is process_time else pace.clock
    python = (sys.executable, "-c")
    commands: dict[str, tuple[str, ...]] = {"python -c pass": (*python, "pass")}
    commands |= {statement: (*python, statement) for statement in _STATEMENTS}
    commands["webhook-engine --help"] = (str(_COMMAND), "--help")
    contenders = [_process(name, command, clock) for name, command in commands.items()]
    yield compare("fresh processes", contenders, pace.slow())


def _process(name: str, command: tuple[str, ...], clock: Clock) -> Contender:
    def take_a_turn() -> float:
        start = clock()
        subprocess.run(command, check=True, capture_output=True)
        return clock() - start

    take_a_turn()  # byte code is written once, not for every process
    return Contender(name, take_a_turn)


def _of_children() -> float:
    """
    Processor seconds of the processes that have ended.
    """
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
