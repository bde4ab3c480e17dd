"""
What `doctor` finds in the deliveries, whether a process has them or none.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from webhook_engine.queue import Delivery, PostgresqlQueue, SqliteQueue, State
from webhook_engine.queue.sqlite.examining import examine
from webhook_engine.testing.delivery_queue.common import FAILED, OK

DELIVERIES = "webhook-engine.deliveries.db"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """
    A working directory of the test's own.
    """
    for name in ("KEY", "KEY_FILE", "TENANT", "DATABASE"):
        monkeypatch.delenv(f"WEBHOOK_ENGINE_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    previous = os.umask(0o077)
    yield
    os.umask(previous)


@pytest.fixture
def found(command):
    """
    What the doctor says of the deliveries and of webhooks: lines of verdict and detail.
    """

    def found(*words, code=0):
        result = command("doctor", "--json", *words)
        assert code == result.code, result
        return [
            f"{each['verdict']} {each['detail']}"
            for each in json.loads(result.out)
            if each["subject"] == "deliveries" or each["subject"].startswith("webhook ")
        ]

    return found


def deliveries(count):
    return [
        Delivery(event_id=f"e{number}", webhook="Call outcome", target="crm:80") for number in range(count)
    ]


async def fill(queue, count=5):
    """
    One done, one dead, others that wait, and a webhook that is held.
    """
    await queue.put(deliveries(count))
    (first, second, *others) = await queue.claim(5, lease_s=60)
    await queue.done(first, OK)
    await queue.dead(second, FAILED, reason="refused")
    for each in others:
        await queue.release(each)
    await queue.hold("Call outcome", reason="webhook-gone", revision="1")


@pytest.fixture
def filled():
    """
    A file that a process left.
    """

    async def work():
        async with SqliteQueue(DELIVERIES) as queue:
            await fill(queue)

    asyncio.run(work())


def test_what_is_in_them(found, filled):
    """
    Schema, size, counts, what is dead, which webhook is held and what to do, and that the file is whole.
    """
    lines = found()

    assert f"ok {DELIVERIES}: schema 3, 0." in lines[0]
    assert lines[0].endswith("; 3 waiting, 1 dead, 1 done")
    assert "note 1 dead; `webhook-engine deliveries list --state dead` tells why" in lines
    held = next(each for each in lines if "is kept back since" in each)
    assert "webhook-gone" in held
    assert "Edit the webhook" in held
    assert "ok nothing in the file is damaged" == lines[-1]


def test_while_a_process_has_them(tmp_path):
    """
    They are looked into all the same, and the process goes on.
    """

    async def work():
        async with SqliteQueue(DELIVERIES) as queue:
            await fill(queue)
            looked = await asyncio.to_thread(examine, Path(DELIVERIES))
            await queue.put([Delivery(event_id="later", webhook="Call outcome", target="crm:80")])
            return looked, await queue.stats()

    examination, stats = asyncio.run(work())

    assert 3 == examination.stats.states[State.READY] + examination.stats.states.get(State.AGAIN, 0)
    assert 4 == stats.states[State.READY] + stats.states[State.AGAIN]
    assert stats.wal_bytes


def test_what_a_killed_process_left(found):
    """
    Is read with its write-ahead log, which nobody took in.
    """
    with subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True) as holder:
        assert "filled\n" == holder.stdout.readline()
        holder.kill()

    lines = found()

    assert lines[0].endswith("in its write-ahead log; 3 waiting, 1 dead, 1 done")


def test_what_waits_for_hours_is_a_note(found, monkeypatch):
    """
    With how long it has been there: nobody sends it.
    """

    async def work():
        async with SqliteQueue(DELIVERIES) as queue:
            await queue.put(deliveries(1))

    asyncio.run(work())
    with closing(apsw.Connection(DELIVERIES)) as db:
        db.execute("UPDATE delivery SET put_at = put_at - 7500 * 1000")

    assert "note the oldest that may go was put 2 h ago" in found()


def test_a_damaged_file(found, filled):
    """
    Is wrong, and it is told what to do.
    """
    with closing(apsw.Connection(DELIVERIES)) as db:
        page, size = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'delivery_key'").get, 4096
    with Path(DELIVERIES).open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)

    (wrong,) = [each for each in found(code=1) if each.startswith("wrong")]

    assert DELIVERIES in wrong
    assert "damaged" in wrong
    assert "put a copy back" in wrong


@pytest.mark.parametrize("content", [b"This is a shopping list. " * 400, None], ids=["text", "cut off"])
def test_a_file_that_is_none_of_ours(found, filled, content):
    """
    Is wrong and named, and left as it is.
    """
    file = Path(DELIVERIES)
    file.write_bytes(content if content is not None else file.read_bytes()[:6_000])
    before = file.read_bytes()

    (wrong,) = [each for each in found(code=1) if each.startswith("wrong")]

    assert DELIVERIES in wrong
    assert before == file.read_bytes()


def test_a_large_file_is_looked_through_for_a_bounded_time(filled):
    """
    What was not seen is not said to be whole.
    """
    with closing(apsw.Connection(DELIVERIES)) as db:
        db.execute(
            "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 200000) "
            "INSERT INTO document (name, since, text) SELECT i, 0, i FROM n"
        )

    began = time.monotonic()
    examination = examine(Path(DELIVERIES), checked_s=0.001)

    assert (None, False) == (examination.damage, examination.is_whole)
    assert time.monotonic() - began < 1


def test_a_file_that_others_can_read(found, filled):
    """
    Is wrong, and closed to them when the doctor is told to.
    """
    Path(DELIVERIES).chmod(0o644)

    lines = found(code=1)

    assert "can be read by other users" in lines[0]
    assert "closed to them now" in found("--fix")[0]
    assert 0o600 == Path(DELIVERIES).stat().st_mode & 0o777


def test_a_file_of_a_newer_version(found, filled):
    """
    Is wrong, and it is told what to install.
    """
    with closing(apsw.Connection(DELIVERIES)) as db:
        db.pragma("user_version", 9001)

    assert "install that version" in found(code=1)[0]


def test_before_there_are_any(found):
    """
    Is a note, and makes no file.
    """
    assert "note there are none yet" in found()[0]
    assert not Path(DELIVERIES).exists()


def test_on_postgresql(found, postgresql, monkeypatch):
    """
    The same, without a file to be damaged.
    """
    url = postgresql.make_schema()
    monkeypatch.setenv("WEBHOOK_ENGINE_DATABASE", url)
    before = found()

    async def work():
        async with PostgresqlQueue(url) as queue:
            await fill(queue)

    asyncio.run(work())
    lines = found()

    assert "note there are none yet" in before[0]
    assert "; 3 waiting, 1 dead, 1 done" in lines[0]
    assert any("is kept back since" in each for each in lines)


if __name__ == "__main__":

    async def hold_for_good():
        async with SqliteQueue(DELIVERIES) as queue:
            await fill(queue)
            print("filled", flush=True)
            await asyncio.sleep(60)

    asyncio.run(hold_for_good())
