"""
What was accepted is delivered, whatever becomes of the process.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import apsw
import pytest

from webhook_engine.errors import QueueOwned
from webhook_engine.queue import MAYBE_DELIVERED, AttemptRecord, Delivery, QueueSettings, SqliteQueue, State

KILLS = int(os.environ.get("WEBHOOK_ENGINE_QUEUE_KILLS", "6"))
"""How often the owner is killed; a soak sets hundreds."""

OWNER = Path(__file__).with_name("owner_process.py")


def start(path, first=0, *cruel):
    """
    The owner process, once it has the file.
    """
    command = [sys.executable, str(OWNER), str(path), str(first), *cruel]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"open\n"
    return process


def kill_after(process, seconds):
    """
    What it said until it was killed.
    """
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    said = process.stdout.read().decode().splitlines()
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    return said


async def drain(queue):
    """
    Works off what is there; the events, as often as they were leased.
    """
    got = []
    while leases := await queue.claim(200, lease_s=60, wait_s=1.0):
        got += [lease.event_id for lease in leases]
        await asyncio.gather(*(queue.done(lease, AttemptRecord(outcome="ok")) for lease in leases))
    return got


async def test_a_kill_loses_nothing(tmp_path):
    """
    Killed at random moments under load: every acknowledged delivery is sent, and what was done stays done.
    """
    path = tmp_path / "queue.db"
    said = []
    for kill in range(KILLS):
        process = start(path, kill * 10_000_000)
        if kill == 0:  # one at least has something to lose, however slow this machine is
            said.append(process.stdout.readline().decode().strip())
        said += kill_after(process, random.uniform(0.05, 0.6))
    async with SqliteQueue(path, settings=QueueSettings(poison_after=1_000, suspect_s=0.1)) as queue:
        said += [f">{event}" for event in await drain(queue)]
        states = (await queue.stats()).states

    accepted = {each[1:] for each in said if each.startswith("+")}
    over, sent, repeated = set(), set(), set()
    for each in said:
        if each.startswith("-"):
            over.add(each[1:])
        elif each.startswith(">"):
            repeated |= {each[1:]} & over
            sent.add(each[1:])
    assert accepted
    assert accepted <= sent
    assert repeated == set()
    assert {State.DONE} == {state for state, n in states.items() if n}
    assert integrity(path) == "ok"


async def test_kills_make_no_poison(tmp_path):
    """
    Killed again and again with hundreds in hand that hang: nothing of it is taken for the cause.

    More often than this, chance would have a kill while one of them is tried alone, which is taken for its doing.
    """
    path = tmp_path / "queue.db"
    hanging = [Delivery(event_id=f"hang{n}", webhook="w", target="hangs") for n in range(50)]
    async with SqliteQueue(path) as queue:
        await queue.put(hanging)
    for kill in range(4):
        process = start(path, kill * 10_000_000, "hang")
        kill_after(process, random.uniform(0.2, 0.6) + 2.0 * (kill >= 2))

    async with SqliteQueue(path) as queue:
        states = (await queue.stats()).states
        crashes = [len((await queue.show(each.id)).records) for each in hanging]

    assert max(crashes) >= 4
    assert states[State.DEAD] == 0


async def test_what_kills_is_found_among_the_others(tmp_path):
    """
    One that brings the process down each time, in the middle of a load: it alone dies.
    """
    path = tmp_path / "queue.db"
    async with SqliteQueue(path) as queue:
        await queue.put([Delivery(event_id="poison", webhook="w", target="t3")])
    starts = 0
    while True:
        process = start(path, starts * 10_000_000, "poison")
        starts += 1
        if -signal.SIGKILL != await asyncio.to_thread(survives, process, 3.0):
            break

    async with SqliteQueue(path) as queue:
        dead = (await queue.list(state=State.DEAD)).deliveries

    assert [("poison", "poison")] == [(each.event_id, each.reason) for each in dead]
    assert 4 <= starts <= 8


def survives(process, seconds):
    """
    How it ended by itself; None where it had to be ended after that time.
    """
    ended = threading.Event()
    timer = threading.Timer(seconds, lambda: (ended.set(), process.kill()))
    timer.start()
    process.stdout.read()
    process.stdout.close()
    code = process.wait()
    timer.cancel()
    return None if ended.is_set() else code


def integrity(path):
    """
    What SQLite says about the file after looking at all of it.
    """
    db = apsw.Connection(str(path))
    try:
        return db.pragma("integrity_check")
    finally:
        db.close()


async def test_the_counts_survive_a_kill(tmp_path):
    """
    The tally in the file is what a count of the deliveries says.
    """
    path = tmp_path / "queue.db"
    kill_after(start(path), 0.5)

    async with SqliteQueue(path):
        pass

    db = apsw.Connection(str(path))
    counted = db.execute(
        "SELECT target, state, count(*) FROM delivery GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()
    assert counted == db.execute("SELECT target, state, n FROM tally WHERE n ORDER BY 1, 2").fetchall()
    db.close()


async def test_what_was_in_flight_is_known_as_maybe_delivered(tmp_path):
    """
    Leased when the process died: offered again at once, under its id, with the attempt on record as unknown.
    """
    path = tmp_path / "queue.db"
    async with SqliteQueue(path) as queue:
        await queue.put([Delivery(event_id="e1", webhook="w", target="t")])
        (lost,) = await queue.claim(1, lease_s=3_600)

    async with SqliteQueue(path) as queue:
        (again,) = await queue.claim(1, lease_s=3_600)
        report = await queue.show(again.id)

    assert (again.id, again.attempt, again.maybe_delivered) == (lost.id, 2, True)
    assert [MAYBE_DELIVERED] == [each.outcome for each in report.records]


async def test_a_second_process_is_refused_by_name(tmp_path):
    """
    The error names who has the file, and the first one is not disturbed.
    """
    path = tmp_path / "queue.db"
    process = start(path)
    try:
        with pytest.raises(
            QueueOwned, match=rf"queue\.db belongs to process {process.pid} \(owner_process\.py\)"
        ):
            async with SqliteQueue(path):
                pass
        assert process.poll() is None
    finally:
        kill_after(process, 0)

    async with SqliteQueue(path) as queue:
        assert (await queue.stats()).leases_lost == 0


async def test_one_process_has_one_queue_on_a_file(tmp_path):
    """
    Two queues in one process would be as bad as two processes.
    """
    async with SqliteQueue(tmp_path / "queue.db"):
        with pytest.raises(QueueOwned, match=f"process {os.getpid()}"):
            async with SqliteQueue(tmp_path / "queue.db"):
                pass
