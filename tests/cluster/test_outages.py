"""
A database that is away again and again, or for long, costs time and nothing else.

`WEBHOOK_ENGINE_OUTAGES_S=600` restarts it for ten minutes, as `make outages` does; what was counted is printed.
"""

import os
import random
import signal
import threading
import time

import pytest

from tests.cluster.test_ends import is_taken, sent
from tests.faults.process import until
from tests.servers.postgresql import PostgresqlServer

LONG_S = float(os.environ.get("WEBHOOK_ENGINE_OUTAGES_S", "0"))
"""For how long the database is started again and again; twice, one after the other, where nothing is said."""

BETWEEN_S = (5, 40) if LONG_S else (1, 2)

AWAY_S = 60 if LONG_S else 8
"""For longer than anybody waits for it, and where it is a minute than any lease lasts."""


@pytest.fixture
def postgresql():
    """
    A server that no other test needs meanwhile.
    """
    with PostgresqlServer() as server:
        yield server


class Feed:
    """
    Hands in events all the time, each until it is accepted.
    """

    def __init__(self, workers, name="away"):
        self.accepted, self._over = set(), threading.Event()
        self.refusals, self._name = 0, name
        self._threads = [
            threading.Thread(target=self._run, args=(worker, place)) for place, worker in enumerate(workers)
        ]

    def __enter__(self):
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for each in self._threads:
            each.join()

    def _run(self, worker, place):
        n = 0
        while not self._over.is_set():
            calls = [f"{self._name}-{place}-{n + k}" for k in range(5)]
            while not is_taken(worker, calls):
                self.refusals += 1
                time.sleep(0.05)
            self.accepted.update(calls)
            n += 5
            self._over.wait(0.05)


def test_a_database_that_restarts_again_and_again_loses_nothing(cluster, target, postgresql):
    """
    In order, as if its machine had failed, and in order again: everything that was accepted is delivered, and twice
    only what was in flight.
    """
    workers = cluster.start("one", "other")
    chance, restarts = random.Random(1), 0
    began = time.monotonic()
    with Feed(workers) as feed:
        while restarts < 2 or time.monotonic() < began + LONG_S:
            time.sleep(chance.uniform(*BETWEEN_S))
            postgresql.stop((signal.SIGINT, signal.SIGQUIT)[restarts % 2])
            time.sleep(chance.uniform(0.1, 2))
            postgresql.start()
            restarts += 1
        before = len(feed.accepted)
        until(lambda: len(feed.accepted) > before)
    cluster.until_done(len(feed.accepted))

    told = sent(target, feed.accepted)
    again = sum(told.values()) - len(told)
    print(
        f"{restarts} restarts in {time.monotonic() - began:.0f} s: {len(feed.accepted):,} events accepted, "
        f"{feed.refusals:,} times refused and handed in again, "
        f"{len(feed.accepted - told.keys())} lost, {again} requests sent a second time"
    )
    assert feed.accepted == set(told)
    assert again <= 10 * restarts
    assert all(each.is_alive for each in workers)


def test_a_database_that_is_gone_for_long_is_waited_for(cluster, target, postgresql):
    """
    Callers are told to come again, and hear so within seconds; what is under way is written down when it is back.
    """
    workers = cluster.start("one", "other")
    waits = []

    def refused(worker):
        began = time.monotonic()
        taken = is_taken(worker, [f"gone-{len(waits)}"])
        waits.append(time.monotonic() - began)
        return not taken

    with Feed(workers) as feed:
        until(lambda: len(feed.accepted) >= 100)
    postgresql.stop()
    gone_at = time.monotonic()
    were_refused = []
    while time.monotonic() < gone_at + AWAY_S:
        were_refused.append(refused(workers[len(waits) % 2]))
    health = [each.ask("GET", "/v1/health")[0] for each in workers]
    postgresql.start()
    with Feed(workers, "later") as later:
        until(lambda: later.accepted)
    accepted = feed.accepted | later.accepted
    until(lambda: accepted <= set(sent(target, accepted)))
    until(lambda: {"done"} == set(cluster.states()), lambda: str(cluster.states()))

    assert all(were_refused)
    assert max(waits) < 8
    assert {200} == set(health)
    assert all(each.is_alive for each in workers)
