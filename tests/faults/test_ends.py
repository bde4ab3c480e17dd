"""
Under load, at random moments, in every way a process ends: what was accepted is delivered.
"""

import os
import random
import sqlite3
import threading
import time
from collections import Counter

import pytest

from tests.faults.process import Process, Target, event
from webhook_engine.queue import MAYBE_DELIVERED

ENDS = int(os.environ.get("WEBHOOK_ENGINE_ENDS", "0"))
"""How often the process ends in each way, where more than usual is wanted: `make faults` sets fifty."""

SECONDS = float(os.environ.get("WEBHOOK_ENGINE_SECONDS", "inf"))
"""For how long it is ended in each way, at most: `make soak` sets it."""

SEED = int(os.environ.get("WEBHOOK_ENGINE_SEED", "0")) or random.randrange(1, 10**9)


class Dialer:
    """
    Hands events in, one request after the other; what was not answered it hands in again, as a dialer should.
    """

    def __init__(self, process, name):
        self.process, self.name, self.most = process, name, 0
        self.accepted, self.unanswered = set(), []
        self._ends = threading.Event()
        self._number = 0
        self._thread = None

    def start(self):
        self._ends.clear()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self):
        self._ends.set()
        self._thread.join(60)

    def _run(self):
        while not self._ends.is_set():
            if not self.unanswered:
                self.unanswered = [event(f"{self.name}-{self._number + n}") for n in range(10)]
                self._number += 10
            if not self.hand_in():
                return

    def hand_in(self):
        """
        Whether it was answered that they are accepted.
        """
        if self.unanswered:
            try:
                status, document = self.process.ask("POST", "/v1/events", self.unanswered)
            except OSError:
                return False
            if status != 202:
                return False
            self.accepted.update(each["id"] for each in document["accepted"])
            self.unanswered = []
        return len(self.accepted) < self.most


def kill(process):
    process.kill()


def terminate(process):
    process.terminate()
    assert 0 == process.wait()


def terminate_twice(process):
    process.terminate()
    time.sleep(random.uniform(0, 0.05))
    process.terminate()
    assert 0 == process.wait()


USUALLY = {kill: 4, terminate: 2, terminate_twice: 2}
EVENTS = 200
"""Of each dialer for each end, at most: what is left at the end of a test has to be delivered too."""


@pytest.mark.parametrize("end", USUALLY, ids=lambda end: end.__name__)
def test_what_was_accepted_is_delivered(tmp_path, end):
    """
    Each at least once; more than once only where the record says that it may be, and then under the same key.
    """
    random.seed(SEED)
    with Target() as target, Process(tmp_path, target) as process:
        target.answer = lambda request: time.sleep(random.uniform(0, 0.02)) or 200
        ends = ENDS or USUALLY[end]
        dialers = [Dialer(process, f"d{n}") for n in range(2)]
        over_at, ended = time.monotonic() + SECONDS, 0
        for number in range(ends):
            if time.monotonic() > over_at:
                break
            ended += 1
            for dialer in dialers:
                dialer.most = EVENTS * (number + 1)
                dialer.start()
            time.sleep(random.uniform(0.05, 0.4))
            end(process)
            for dialer in dialers:
                dialer.stop()
            if end is kill and number % 3 == 2:
                process.start(waits=False)
                time.sleep(random.uniform(0, 1.0))
                process.kill()
            process.start()
        for dialer in dialers:
            dialer.hand_in()
        accepted = set().union(*(dialer.accepted for dialer in dialers))
        settled = process.settled()
        # What was claimed at three ends in a row is taken for their cause, and left to an operator.
        suspects = {
            name for name, each in settled.items() if (each["state"], each["reason"]) == ("dead", "poison")
        }
        if suspects:
            process.ask("POST", "/v1/deliveries/replay", {"filter": {"state": "dead"}})
            settled = process.settled()
        sent = Counter(target.calls())
        print(
            f"seed {SEED}: ended {ended} times by {end.__name__}; {len(accepted)} events accepted, "
            f"{len(accepted - sent.keys())} lost, {sent.total() - len(sent)} requests for the second time, "
            f"{len(suspects)} taken for poison"
        )
        keys = {(each.call, each.key) for each in target.requests}
        told = {name for name, times in sent.items() if times > 1} | suspects
        attempts = {name: process.attempts(settled[name]["id"]) for name in told}
        process.terminate()
        assert 0 == process.wait()

    assert accepted
    assert accepted <= settled.keys()
    assert {"done"} == {each["state"] for each in settled.values()}
    assert accepted <= sent.keys(), f"seed {SEED}"
    assert {(name, settled[name]["id"]) for name in sent} == keys
    unknown = {name: sum(each["outcome"] == MAYBE_DELIVERED for each in of) for name, of in attempts.items()}
    assert {} == {name: unknown[name] for name in suspects if unknown[name] < 3}
    assert {} == {name: sent[name] for name in attempts if sent[name] - 1 > unknown[name]}, f"seed {SEED}"
    for file in ("webhook-engine.db", "webhook-engine.deliveries.db"):
        assert "ok" == sqlite3.connect(tmp_path / file).execute("PRAGMA integrity_check").fetchone()[0]
