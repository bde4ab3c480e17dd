"""
Many events at once, and a target that hangs, refuses everything, or comes back after an outage.
"""

import threading
import time
from collections import Counter
from datetime import datetime

import pytest

from tests.faults.process import Process, Target, event, until

BEGINNING = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"
"""

WEBHOOK = """
[[webhook]]
name = "{name}"
type = "ajax-post"
url = "{url}/{{CALL_SIPID}}"
content_type = "json"
delivery = "durable"
deadline_s = 60
body = '''{{"call": "{{CALL_SIPID}}"}}'''

[[rule]]
name = "{name}"
on = ["{moment}"]
webhooks = ["{name}"]
"""

SLOTS = 10
"""Of a target whose group says nothing else."""


class Tracked(Target):
    """
    Also knows how many requests it has in hand.
    """

    def __init__(self, takes_s=0.0):
        super().__init__()
        self._lock = threading.Lock()
        self.running, self.crowd = 0, []
        """In hand now; and as each request came, itself included."""
        self.fails = False
        self._takes_s = takes_s
        self.answer = self._track

    def _track(self, request):
        with self._lock:
            self.running += 1
            self.crowd.append(self.running)
        time.sleep(self._takes_s)
        with self._lock:
            self.running -= 1
        return 500 if self.fails else 200


@pytest.fixture
def opened(tmp_path):
    """
    Opens a process whose webhooks are named, each with the moment it is for and its target.
    """

    def opened(**webhooks):
        texts = [
            WEBHOOK.format(name=name, moment=moment, url=target.url)
            for name, (moment, target) in webhooks.items()
        ]
        (tmp_path / "integration.toml").write_text(BEGINNING + "".join(texts))
        return Process(tmp_path, definitions_at="integration.toml")

    return opened


def test_a_target_that_hangs_holds_up_nobody(opened):
    """
    Whoever is healthy gets everything while the other has not answered once, and that one gets as many as it has slots.
    """
    with Target() as hanging, Target() as healthy:
        hanging.answer = hanging.hang
        with opened(Hangs=("disposed", hanging), Healthy=("disposed", healthy)) as process:
            names = [f"e{n}" for n in range(400)]
            for start in range(0, len(names), 20):
                process.send(*map(event, names[start : start + 20]))
            healthy.until(lambda: len(healthy.requests) == len(names))
            found = until(lambda: settled(process, "Healthy"))
            waiting = Counter(each["state"] for each in process.deliveries(webhook="Hangs"))
            sent = len(hanging.requests)
            process.kill()

    assert sorted(names) == sorted(healthy.calls())
    assert {1} == {each["attempts"] for each in found}
    assert SLOTS == sent
    assert {"leased": SLOTS, "ready": len(names) - SLOTS} == waiting


def settled(process, webhook):
    found = process.deliveries(webhook=webhook)
    return found if all(each["state"] in {"done", "dead"} for each in found) else None


def test_a_target_that_comes_back_is_asked_little_at_first(opened):
    """
    During the outage it is left alone; then one request, and ever more, never beyond its slots, until all are there.
    """
    with Tracked(takes_s=0.05) as target:
        target.fails = True
        with opened(Back=("disposed", target)) as process:
            names = [f"e{n}" for n in range(150)]
            process.send(*map(event, names))
            process.until_logged("target.changed")
            time.sleep(1)  # what was under way ends, and nothing follows
            during = len(target.requests)
            target.fails = False
            target.crowd.clear()
            found = process.settled()

    assert during <= 2 * SLOTS
    assert {"done"} == {each["state"] for each in found.values()}
    assert [1, 1, 2] == [target.crowd[0], target.crowd[1], max(target.crowd[1:3])]
    assert max(target.crowd[:7]) <= 4
    assert max(target.crowd) <= SLOTS


def test_a_log_where_everything_fails_can_be_read(opened):
    """
    At most a hundred lines of one event in a second, and how many were left out.
    """
    with Target() as target:
        target.answer = lambda request: 400
        with opened(Refused=("disposed", target)) as process:
            count = 1_500
            for start in range(0, count, 500):
                process.send(*(event(f"e{n}") for n in range(start, start + 500)))
            found = process.settled()
            process.terminate()
            assert 0 == process.wait()
            lines, left_out = process.log("attempt.finished"), process.log("log.left_out")

    assert {("dead", "refused")} == {(each["state"], each["reason"]) for each in found.values()}
    assert count == len(lines) + sum(each["lines"] for each in left_out if each["of"] == "attempt.finished")
    times = sorted(datetime.fromisoformat(each["timestamp"]).timestamp() for each in lines)
    # A second of the log begins with its first line, so any other second may touch two of them.
    assert max(sum(at <= other < at + 1 for other in times) for at in times[::10]) <= 200
    assert len(lines) < count
