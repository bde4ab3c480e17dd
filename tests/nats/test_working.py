"""
Processes on PostgreSQL that take their events from NATS, and what ends between taking and committing.
"""

import asyncio
import json
import os
from collections import Counter

import asyncpg
import pytest

from tests.faults.process import COMMAND, DEFINITIONS, Process, Target, event, until
from tests.nats.test_preparing import waiting
from webhook_engine.nats.connecting import connected_to_any
from webhook_engine.nats.names import EVENTS, consumer_of
from webhook_engine.store import new_key


class Worker(Process):
    """
    `webhook-engine worker` on a database that it shares: it leaves no word in a file, so what it prints is read.
    """

    def _is_up(self):
        assert self._process.poll() is None, self._log_text()
        return "listens on" in (self.folder / "out.txt").read_text()


@pytest.fixture(scope="module")
def target():
    with Target() as target:
        yield target


@pytest.fixture
def here(tmp_path, monkeypatch, target, postgresql, prepared):
    """
    A folder of definitions, a database and a NATS server that the environment names.
    """
    for name in ("KEY_FILE", "TENANT"):
        monkeypatch.delenv(f"WEBHOOK_ENGINE_{name}", raising=False)
    monkeypatch.setenv("WEBHOOK_ENGINE_KEY", new_key())
    monkeypatch.setenv("WEBHOOK_ENGINE_DATABASE", postgresql.make_schema())
    monkeypatch.setenv("WEBHOOK_ENGINE_NATS", prepared.url)
    (tmp_path / "integration.toml").write_text(DEFINITIONS.format(target=target.url, deadline_s=2))
    monkeypatch.chdir(tmp_path)
    target.requests.clear()
    return tmp_path


def worker(here, name):
    (here / name).mkdir()
    return Worker(here / name, command=[str(COMMAND), "worker", str(here / "integration.toml")])


def emitted(here, command, url, names):
    (here / "calls.jsonl").write_text("".join(f"{json.dumps(event(each))}\n" for each in names))
    return command("emit", "calls.jsonl", "--nats", url, "--tenant", "Euphoria")


def test_a_worker_is_killed_between_taking_and_committing(here, command, target, prepared):
    """
    The other one is given what it had, and whatever became of its commit, each event is delivered once.
    """
    names = [f"e{n}" for n in range(300)]
    with worker(here, "one") as one, worker(here, "other") as other:
        taking = [each.until_logged("nats.taking")[0]["tenant"] for each in (one, other)]
        with locked():
            done = emitted(here, command, prepared.url, names)
            until(lambda: asyncio.run(in_hand(prepared.url)) == 300)
            one.kill()
        target.until(lambda: set(names) <= set(target.calls()))
        until(lambda: waiting(prepared.url) == 0)
        until(lambda: len(listed(command, "done")) == 300)

    assert ["Euphoria", "Euphoria"] == taking
    assert (0, "300 events published\n", "") == (done.code, done.out, done.err)
    assert set(names) == {each["event"] for each in listed(command, "done")}
    assert [] == [each for state in ("ready", "leased", "again", "dead") for each in listed(command, state)]
    assert {1} == set(Counter(target.calls()).values())


def test_without_a_nats_server_a_worker_delivers_from_the_database(here, command, target, monkeypatch):
    """
    It says once that there is none, and takes events over HTTP as if nothing had been.
    """
    monkeypatch.setenv("WEBHOOK_ENGINE_NATS", "nats://127.0.0.1:1")
    with worker(here, "one") as one:
        lost = one.until_logged("nats.lost")
        (here / "calls.jsonl").write_text(json.dumps(event("h1")))
        done = command("emit", "calls.jsonl", "--definitions", "integration.toml")
        target.until(lambda: "h1" in target.calls())
        one.terminate()
        code = one.wait()

    assert 0 == done.code
    assert "NATS at nats://127.0.0.1:1 cannot be used: [Errno 111] Conn" in lost[0]["why"]
    assert 1 == len([each for each in one.log("nats.lost") if each["wanted_for"] == "events"])
    assert 0 == code


def test_one_process_on_files_takes_events_from_nats_too(target, prepared, tmp_path, command, monkeypatch):
    """
    NATS asks for no PostgreSQL.
    """
    with Process(tmp_path, target, environ={"WEBHOOK_ENGINE_NATS": prepared.url}) as process:
        emitted(tmp_path, command_in(tmp_path, command, monkeypatch), prepared.url, ["s1", "s2"])
        target.until(lambda: {"s1", "s2"} <= set(target.calls()))
        settled = process.settled()
        counted = process.metric("webhook_engine_events_accepted_total")

    assert {"s1", "s2"} == set(settled)
    assert 2 == counted


def command_in(folder, command, monkeypatch):
    monkeypatch.chdir(folder)
    return command


async def in_hand(url):
    async with connected_to_any(url) as client:
        return (await client.jetstream().consumer_info(EVENTS, consumer_of("Euphoria"))).num_ack_pending


class locked:  # noqa: N801  # reads as a sentence
    """
    Nothing is committed to the delivery queue meanwhile.
    """

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        self._db = self._loop.run_until_complete(asyncpg.connect(os.environ["WEBHOOK_ENGINE_DATABASE"]))
        self._loop.run_until_complete(self._db.execute("BEGIN; LOCK TABLE delivery IN EXCLUSIVE MODE"))

    def __exit__(self, *_):
        self._loop.run_until_complete(self._db.execute("COMMIT"))
        self._loop.run_until_complete(self._db.close())
        self._loop.close()


def listed(command, state):
    done = command("deliveries", "list", "--state", state, "--limit", "1000", "--json")
    assert 0 == done.code, done
    return json.loads(done.out)
