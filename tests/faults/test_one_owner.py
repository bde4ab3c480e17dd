"""
One process has the files, whatever others try; one that stood still finds that it lost what it held.
"""

import subprocess
import sys
import time
from pathlib import Path

from tests.faults.process import COMMAND, PATIENCE_S, Process, event
from webhook_engine.queue import MAYBE_DELIVERED

ROOT = Path(__file__).parents[2]

QUICK_LEASES = """
import sys
from webhook_engine.cli import main
from webhook_engine.performing import Performer

Performer.lease_s = 1.0
sys.argv[1:] = ["up", "integration.toml", *sys.argv[1:]]
main()
"""


def test_a_second_process_is_refused_by_name(tmp_path, target):
    """
    It learns who has the files, and the first one goes on.
    """
    with Process(
        tmp_path, target, command=[sys.executable, str(ROOT / "worker.py"), "integration.toml"]
    ) as process:
        second = subprocess.run(
            [COMMAND, "up", "--port", "0"], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S
        )
        process.send(event("e1"))

        assert 2 == second.returncode
        assert f"webhook-engine.db belongs to process {process.pid} (worker.py)" in second.stderr
        assert "done" == process.settled()["e1"]["state"]


def test_a_port_that_is_taken_is_said(tmp_path, target):
    """
    And which option chooses another; the files are free again.
    """
    port = target.url.rpartition(":")[2]

    done = subprocess.run(
        [COMMAND, "up", "--port", port], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S
    )

    assert (2, "") == (done.returncode, done.stdout)
    assert (
        f"error: port: 127.0.0.1:{port} is taken by another program; stop it, or choose another with --port"
        in done.stderr
    )
    with Process(tmp_path, target) as process:
        assert process.is_alive


def test_whoever_stood_still_past_the_lease_changes_nothing(tmp_path, target):
    """
    The delivery is offered again meanwhile; the late settlement is refused and told, and one end counts.
    """
    target.answer = lambda request: 200 if target.requests[0] is not request else wait_for_the_second()

    def wait_for_the_second():
        target.until(lambda: len(target.requests) > 1)
        return 200

    with Process(tmp_path, target, deadline_s=30, command=[sys.executable, "-c", QUICK_LEASES]) as process:
        process.send(event("e1"))
        target.until(lambda: len(target.requests) == 1)

        process.pause()
        time.sleep(1.5)  # the lease's one second, and some
        process.resume()

        target.until(lambda: len(target.requests) == 2)
        process.until_logged("lease.lost")
        done = process.settled()["e1"]
        assert ("done", 2) == (done["state"], done["attempts"])
        assert [MAYBE_DELIVERED, "ok"] == [each["outcome"] for each in process.attempts(done["id"])]
        assert 1 == len({each.key for each in target.requests})
