"""
Several processes on one PostgreSQL: what comes in through any of them is done by any of them.
"""

import asyncio
import json
import os
import threading
from collections import Counter

import asyncpg
import pytest

from tests.faults.process import COMMAND, DEFINITIONS, PATIENCE_S, Process, event, until
from webhook_engine.store import new_key


class Worker(Process):
    """
    `webhook-engine worker` on a database that it shares: it leaves no word in a file, so what it prints is read.
    """

    def _is_up(self):
        assert self._process.poll() is None, self._log_text()
        return "listens on" in (self.folder / "out.txt").read_text()


@pytest.fixture
def here(tmp_path, monkeypatch, target, postgresql):
    """
    A folder of definitions, and a database that the environment names.
    """
    for name in ("KEY_FILE", "TENANT"):
        monkeypatch.delenv(f"WEBHOOK_ENGINE_{name}", raising=False)
    monkeypatch.setenv("WEBHOOK_ENGINE_KEY", new_key())
    monkeypatch.setenv("WEBHOOK_ENGINE_DATABASE", postgresql.make_schema())
    (tmp_path / "integration.toml").write_text(DEFINITIONS.format(target=target.url, deadline_s=2))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    target.answer = lambda request: 200


def test_two_workers_share_the_deliveries_and_one_is_killed(here, command, target):
    """
    Events handed in beside them are performed; what one had in hand when it was killed is done by the other.
    """
    workers = []
    for name in ("one", "other"):
        (here / name).mkdir()
        workers.append(Worker(here / name, command=[str(COMMAND), "worker", str(here / "integration.toml")]))
    calls = [f"shared{n}" for n in range(60)]
    (here / "calls.jsonl").write_text("".join(f"{json.dumps(event(each))}\n" for each in calls))
    go_on = threading.Event()
    target.answer = lambda request: go_on.wait(PATIENCE_S) and 200
    with workers[0], workers[1]:
        done = command("emit", "calls.jsonl", "--definitions", "integration.toml")
        # A target is granted ten requests at a time, whoever sends them.
        target.until(lambda: len(set(target.calls()) & set(calls)) == 10)
        in_hand = {each: asyncio.run(held_by(each.pid)) for each in workers}
        # What one holds a lease on need not have begun.
        begun = set(target.calls())
        killed = max(workers, key=lambda each: len(in_hand[each] & begun))
        killed.kill()
        go_on.set()
        asyncio.run(run_out(killed.pid))

        assert (0, "60 events in, 60 deliveries\n", "") == (done.code, done.out, done.err)
        until(lambda: len(listed(command, "done")) == 60, lambda: listed(command, "leased"))
    sent = Counter(target.calls())
    assert set(calls) == {each["event"] for each in listed(command, "done")}
    again = {each for each in calls if sent[each] == 2}
    assert {1, 2} == {sent[each] for each in calls}
    assert again <= in_hand[killed]
    assert len(again) <= 10


async def held_by(pid):
    """
    The events whose deliveries that process has a lease on.
    """
    database = await asyncpg.connect(os.environ["WEBHOOK_ENGINE_DATABASE"])
    try:
        rows = await database.fetch(
            "SELECT c.event_id FROM delivery d JOIN content c USING (id) "
            "WHERE d.state = 'leased' AND d.holder LIKE $1",
            f"%:{pid}/%",
        )
        return {each for (each,) in rows}
    finally:
        await database.close()


async def run_out(pid):
    """
    Lets the leases of that process end now, and not in half a minute.
    """
    database = await asyncpg.connect(os.environ["WEBHOOK_ENGINE_DATABASE"])
    try:
        await database.execute(
            "UPDATE delivery SET at = now_ms() WHERE state = 'leased' AND holder LIKE $1", f"%:{pid}/%"
        )
    finally:
        await database.close()


def listed(command, state):
    done = command("deliveries", "list", "--state", state, "--limit", "1000", "--json")
    assert 0 == done.code, done
    return json.loads(done.out)
