"""
Somebody sets the clock of the machine while the process works.
"""

import sys
import time

import pytest

from tests.faults.process import Process, Target, event, until

SET_CLOCK = """
import sys, time
from pathlib import Path

real, offset = time.time, Path("offset")
time.time = lambda: real() + float(offset.read_text())

from webhook_engine.cli import main

sys.argv[1:] = ["up", "integration.toml", *sys.argv[1:]]
main()
"""
"""The process, with a wall clock that a file sets; its monotonic clock goes on, as it does on a machine."""


@pytest.mark.parametrize("jump_s", [3_600, -3_600], ids=["an hour forward", "an hour back"])
def test_a_clock_that_is_set_changes_nothing(tmp_path, jump_s):
    """
    What is in flight keeps its lease, a retry waits as long as it was to wait, and a restart goes on from there.
    """

    def set_by(seconds):
        new = tmp_path / "offset.new"
        new.write_text(str(seconds))
        new.rename(tmp_path / "offset")

    set_by(0)
    with (
        Target() as target,
        Process(tmp_path, target, deadline_s=60, command=[sys.executable, "-c", SET_CLOCK]) as process,
    ):
        statuses = {"retried": [500]}

        def answer(request):
            if request.call == "in-flight":
                return target.hang(request)
            return statuses.get(request.call, []).pop() if statuses.get(request.call) else 200

        target.answer = answer
        process.send(event("in-flight"), event("retried"))
        (failed,) = process.until_logged("attempt.finished")
        failed_at = time.monotonic()
        set_by(jump_s)
        process.send(event("meanwhile"))
        target.until(lambda: {"in-flight", "retried", "meanwhile"} == set(target.calls()))
        target.until(lambda: target.calls().count("retried") == 2)
        waited_s = time.monotonic() - failed_at
        until(lambda: "done" == next(each["state"] for each in process.deliveries(event="retried")))
        in_flight = target.calls().count("in-flight")
        process.kill()
        target.released.set()
        process.start()
        settled = process.settled()

        assert failed["wait_s"] - 0.2 <= waited_s <= failed["wait_s"] + 5
        assert 1 == in_flight
        assert {"in-flight": 2, "retried": 2, "meanwhile": 1} == {
            name: each["attempts"] for name, each in settled.items()
        }
        assert {"done"} == {each["state"] for each in settled.values()}
        assert [] == process.log("lease.lost")
