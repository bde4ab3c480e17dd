"""
What a cluster owes its callers when a process of it ends without a word, or its database goes away and comes back.
"""

import os
import signal
import threading
import time
from collections import Counter

from tests.faults.process import PATIENCE_S, event, until

RESTARTS = int(os.environ.get("WEBHOOK_ENGINE_RESTARTS", "2"))
"""How often the database is ended under load; `make faults` asks for more."""


def test_what_a_killed_worker_had_in_hand_is_done_by_the_other(cluster, target):
    """
    Nothing that was accepted is lost, and nothing is sent twice but what was in flight when it was killed.
    """
    one, other = cluster.start("one", "other")
    calls = [f"killed{n}" for n in range(300)]
    go_on = threading.Event()
    target.answer = lambda request: go_on.wait(PATIENCE_S) and 200

    for start in range(0, 300, 50):
        (one, other)[start % 100 > 0].send(*map(event, calls[start : start + 50]))
    until(lambda: held_by(cluster, one) and held_by(cluster, other))
    # What the target is granted is under way, whoever sent it.
    target.until(lambda: len(sent(target, calls)) >= 10)
    in_hand = held_by(cluster, one)
    one.kill()
    go_on.set()
    cluster.run_out(one)
    cluster.until_done(300)

    told = sent(target, calls)
    assert set(calls) == set(told)
    assert {call for call, times in told.items() if times > 1} <= in_hand
    assert max(told.values()) <= 2


def held_by(cluster, worker):
    """
    The events whose deliveries that process has a lease on.
    """
    rows = cluster.ask(
        "SELECT c.event_id FROM delivery d JOIN content c USING (id) WHERE d.state = 'leased' AND d.holder LIKE $1",
        f"%:{worker.pid}/%",
    )
    return {each for (each,) in rows}


def sent(target, calls):
    wanted = set(calls)
    return Counter(each for each in target.calls() if each in wanted)


def test_a_database_that_is_started_again_under_load_costs_nothing(cluster, target, postgresql):
    """
    In order and as if its machine had failed, in turn: what was accepted is delivered, also while nobody looks after
    it; what was not is said to be so, and is taken when it comes again.
    """
    workers = cluster.start("one", "other")
    accepted, over = set(), threading.Event()

    def feed(worker, whose):
        n = 0
        while not over.is_set():
            calls = [f"restarted-{whose}-{n + k}" for k in range(5)]
            until(lambda calls=calls: is_taken(worker, calls))
            accepted.update(calls)
            n += 5
            over.wait(0.02)

    feeders = [threading.Thread(target=feed, args=(each, place)) for place, each in enumerate(workers)]
    for each in feeders:
        each.start()
    for turn in range(RESTARTS):
        before = len(accepted)
        until(lambda before=before: len(accepted) >= before + 50)
        postgresql.stop((signal.SIGINT, signal.SIGQUIT)[turn % 2])
        time.sleep(0.3)
        postgresql.start()
    over.set()
    for each in feeders:
        each.join()
    cluster.until_done(len(accepted))

    told = sent(target, accepted)
    assert accepted == set(told)
    # What was in flight while the database was away is not sent again for that.
    assert sum(told.values()) - len(told) <= 10 * RESTARTS
    assert all(each.is_alive for each in workers)


def is_taken(worker, calls):
    """
    Whether events are accepted now; a refusal that says to come again is none to worry about.
    """
    status, document = worker.ask("POST", "/v1/events", [event(each) for each in calls])
    assert status in {202, 503}, document
    return status == 202
