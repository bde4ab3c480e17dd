"""
Disks fill up, files are locked, clocks are set: what was accepted stays, and what cannot be is refused.
"""

import asyncio
import sqlite3
import subprocess
import sys

import apsw
import pytest

from webhook_engine.errors import DeliveryTooLarge, QueueError, QueueUnavailable
from webhook_engine.queue import AttemptRecord, Delivery, QueueSettings, SqliteQueue, State
from webhook_engine.queue.sqlite import Clock, reading

OK = AttemptRecord(outcome="ok")
LONG_S = 3_600.0
PATIENCE_S = 60.0
"""How long a test waits for what must come; only a failure takes so long."""


def delivery(event, **facts):
    return Delivery(event_id=event, webhook="w", target="t", **facts)


class Hands:
    """
    A clock's two hands, moved by the test.
    """

    def __init__(self, wall=1_800_000_000.0):
        self.wall_s = wall
        self.passed_s = 0.0

    def clock(self):
        return Clock(wall=lambda: self.wall_s + self.passed_s, monotonic=lambda: self.passed_s)


# --- The disk ----------------------------------------------------------------


async def fill(queue):
    """
    Puts until the file may not grow; how many were accepted.
    """
    accepted = 0
    with pytest.raises(QueueUnavailable, match="no room on the disk: make some; nothing was accepted"):  # noqa: PT012
        while True:
            await queue.put([delivery(f"e{accepted}", reference={"notes": "x" * 2_000})])
            accepted += 1
    return accepted


async def test_a_full_disk_accepts_nothing_and_loses_nothing(tmp_path):
    """
    What is acknowledged is there after the disk was full, and nothing else.
    """
    async with SqliteQueue(tmp_path / "q.db", settings=QueueSettings(limit_bytes=400_000)) as queue:
        accepted = await fill(queue)
        assert (await queue.stats()).states[State.READY] == accepted

    async with SqliteQueue(tmp_path / "q.db") as queue:
        assert len(await queue.claim(10_000, lease_s=LONG_S)) == accepted


async def test_nothing_is_claimed_whose_end_may_not_be_recorded(tmp_path):
    """
    Also right after a start, when the disk has refused nothing yet; and it is claimed as soon as there is room.
    """
    async with SqliteQueue(tmp_path / "q.db", settings=QueueSettings(limit_bytes=400_000)) as queue:
        accepted = await fill(queue)

    async with SqliteQueue(tmp_path / "q.db", settings=QueueSettings(limit_bytes=400_000)) as queue:
        with pytest.raises(QueueUnavailable, match="no room on the disk"):
            await queue.claim(1, lease_s=LONG_S)
        queue._writer.book.db.pragma("max_page_count", 10_000)

        assert accepted == len(await queue.claim(10_000, lease_s=LONG_S))


async def test_what_is_in_flight_is_recorded_when_there_is_room_again(tmp_path):
    """
    A settlement waits for the disk instead of being forgotten, and puts are taken again as well.
    """
    async with SqliteQueue(tmp_path / "q.db", settings=QueueSettings(limit_bytes=400_000)) as queue:
        await queue.put([delivery("first")])
        (lease,) = await queue.claim(1, lease_s=LONG_S)
        await fill(queue)

        large = AttemptRecord(outcome="ok", detail={"response": "y" * 100_000})
        settling = asyncio.create_task(queue.done(lease, large))
        await asyncio.sleep(0.3)
        assert not settling.done()
        queue._writer.book.db.pragma("max_page_count", 10_000)

        await asyncio.wait_for(settling, PATIENCE_S)
        assert (await queue.show(lease.id)).records[0].detail == large.detail
        await queue.put([delivery("after")])


async def test_a_full_disk_ends_no_event_loop(tmp_path):
    """
    Claims are refused while nothing can be written: no busy loop, no crash, and close returns.
    """
    async with SqliteQueue(tmp_path / "q.db", settings=QueueSettings(limit_bytes=300_000)) as queue:
        await fill(queue)
        queue._writer.book.db.pragma("query_only", True)
        with pytest.raises(QueueError):
            await queue.claim(1, lease_s=LONG_S, wait_s=5)


# --- Other programs ----------------------------------------------------------


async def test_a_file_locked_by_another_program_is_waited_for(tmp_path):
    """
    A short lock costs time; a long one is refused, with nothing accepted.
    """
    path = tmp_path / "q.db"
    hold = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "db.execute('BEGIN IMMEDIATE'); print('locked', flush=True); sys.stdin.read()"
    )
    async with SqliteQueue(path, settings=QueueSettings(locked_s=0.3)) as queue:
        await queue.put([delivery("before")])
        (lease,) = await queue.claim(1, lease_s=LONG_S)
        other = subprocess.Popen(
            [sys.executable, "-c", hold, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert other.stdout.readline() == b"locked\n"

        with pytest.raises(QueueUnavailable, match="another program holds a lock"):
            await queue.put([delivery("meanwhile")])
        settling = asyncio.create_task(queue.done(lease, OK))
        await asyncio.sleep(0.5)
        other.communicate()
        await asyncio.wait_for(settling, PATIENCE_S)

        await queue.put([delivery("after")])
        states = (await queue.stats()).states
        assert (states[State.DONE], states[State.READY]) == (1, 1)


@pytest.mark.parametrize(
    "content", [b"", b"not a database at all, but long enough to be looked at " * 20, "other"]
)
async def test_a_file_of_something_else_is_left_alone(tmp_path, content):
    """
    Only a new file or a queue's own is written to.
    """
    path = tmp_path / "q.db"
    if content == "other":
        db = sqlite3.connect(path)
        db.execute("CREATE TABLE theirs (a)")
        db.close()
    else:
        path.write_bytes(content)

    if not content:
        async with SqliteQueue(path) as queue:
            assert await queue.put([delivery("e1")])
        return
    before = path.read_bytes()
    with pytest.raises(QueueError, match=r"q\.db is not a delivery queue: .*move it away"):
        async with SqliteQueue(path):
            pass
    assert before == path.read_bytes()


async def test_a_newer_file_is_refused(tmp_path):
    """
    A version that came later may mean something else by the same words.
    """
    path = tmp_path / "q.db"
    async with SqliteQueue(path):
        pass
    db = apsw.Connection(str(path))
    db.pragma("user_version", 99)
    db.close()

    with pytest.raises(QueueError, match=r"written by a newer version.*: install that version"):
        async with SqliteQueue(path):
            pass


async def test_a_folder_that_is_not_there_is_named(tmp_path):
    """
    The error says which file could not be opened.
    """
    with pytest.raises(
        QueueError, match=r"missing/q\.db\.owner cannot be opened: No such file.*: make the folder first"
    ):
        async with SqliteQueue(tmp_path / "missing" / "q.db"):
            pass


async def test_a_closed_queue_says_so(tmp_path):
    """
    Nothing waits for an answer that cannot come.
    """
    queue = SqliteQueue(tmp_path / "q.db")
    with pytest.raises(QueueError, match="is not open"):
        await queue.put([delivery("e1")])
    async with queue:
        waiting = asyncio.create_task(queue.claim(1, lease_s=LONG_S, wait_s=LONG_S))
        await asyncio.sleep(0)
    assert await waiting == ()
    with pytest.raises(QueueError, match="is not open"):
        await queue.stats()


# --- Readers -----------------------------------------------------------------


async def test_a_long_read_ends_after_a_second(tmp_path, monkeypatch):
    """
    No reader keeps the write-ahead log from being taken in.
    """
    assert reading._LONGEST_S == 1.0
    monkeypatch.setattr(reading, "_LONGEST_S", 0.02)  # nobody need wait for it here
    endless = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    async with SqliteQueue(tmp_path / "q.db") as queue:
        await queue.put([delivery("e1")])
        with pytest.raises(QueueError, match="took longer than a second"):
            await queue._readers.read(lambda db: db.execute(endless).get)

        assert (await queue.list()).deliveries


async def test_a_cancelled_read_leaves_nothing_open(tmp_path):
    """
    Whoever stops listening does not pin a snapshot: later writes and checkpoints go through.
    """
    async with SqliteQueue(tmp_path / "q.db") as queue:
        await queue.put([delivery(f"e{n}") for n in range(2_000)])
        for _ in range(20):
            reading = asyncio.create_task(queue.list(limit=2_000))
            await asyncio.sleep(0)
            reading.cancel()
        await queue.put([delivery("after")])
        async with asyncio.timeout(PATIENCE_S):
            while (await queue.stats()).wal_bytes:
                await asyncio.sleep(0.05)


# --- Clocks ------------------------------------------------------------------


@pytest.mark.parametrize("jump_s", [3_600.0, -3_600.0])
async def test_a_clock_that_is_set_changes_nothing(tmp_path, jump_s):
    """
    An hour forward or back: no lease ends, no retry comes early or late.
    """
    hands = Hands()
    async with SqliteQueue(tmp_path / "q.db", clock=hands.clock()) as queue:
        await queue.put([delivery("leased"), delivery("retried")])
        leased, retried = await queue.claim(2, lease_s=60)
        await queue.retry(retried, AttemptRecord(outcome="failed"), wait_s=30)

        hands.wall_s += jump_s
        assert await queue.claim(2, lease_s=60) == ()
        hands.passed_s += 31
        assert [lease.event_id for lease in await queue.claim(2, lease_s=60)] == ["retried"]
        await queue.done(leased, OK)


async def test_time_does_not_go_back_over_a_restart(tmp_path):
    """
    A clock that was set back while nothing ran holds a retry up by what was left of its wait, and not by the jump.
    """
    hands = Hands()
    async with SqliteQueue(tmp_path / "q.db", clock=hands.clock()) as queue:
        await queue.put([delivery("e1")])
        (lease,) = await queue.claim(1, lease_s=60)
        await queue.retry(lease, AttemptRecord(outcome="failed"), wait_s=30)

    hands.wall_s -= 3_600
    async with SqliteQueue(tmp_path / "q.db", clock=hands.clock()) as queue:
        assert await queue.claim(1, lease_s=60) == ()
        hands.passed_s += 31
        assert len(await queue.claim(1, lease_s=60)) == 1


# --- Poison ------------------------------------------------------------------


async def test_a_crash_of_the_process_is_a_crashed_claim(tmp_path):
    """
    Offered at once after the first crash and after the second, and dead after the third.
    """
    hands = Hands()

    async def crash():
        async with SqliteQueue(tmp_path / "q.db", clock=hands.clock()) as queue:
            return len(await queue.claim(1, lease_s=60))

    async with SqliteQueue(tmp_path / "q.db", clock=hands.clock()) as queue:
        await queue.put([delivery("e1")])
    claims = [await crash(), await crash(), await crash(), await crash()]

    assert claims == [1, 1, 1, 0]
    async with SqliteQueue(tmp_path / "q.db", clock=hands.clock()) as queue:
        (dead,) = (await queue.list(state=State.DEAD)).deliveries
        assert (dead.reason, dead.attempts) == ("poison", 3)


# --- What cannot be kept -----------------------------------------------------


async def test_what_is_no_json_is_refused_before_it_is_put(tmp_path):
    """
    The caller hears of it, and the others of the same moment are not touched.
    """
    async with SqliteQueue(tmp_path / "q.db") as queue:
        results = await asyncio.gather(
            queue.put([delivery("good")]),
            queue.put([delivery("bad", reference={"x": object()})]),
            queue.put([delivery("huge", reference={"x": "y" * 2**20})]),
            return_exceptions=True,
        )

        assert ["accepted"] == [str(each) for each in results[0]]
        assert [QueueError, DeliveryTooLarge] == [type(each) for each in results[1:]]
        assert (await queue.stats()).states[State.READY] == 1


async def test_one_impossible_operation_harms_no_other(tmp_path):
    """
    What SQLite refuses for itself is told to whoever asked; the rest of its transaction goes in.
    """
    async with SqliteQueue(tmp_path / "q.db") as queue:
        results = await asyncio.gather(
            *(queue.put([delivery(f"e{n}", priority=2**70 if n == 3 else 0)]) for n in range(6)),
            return_exceptions=True,
        )

        assert [3] == [n for n, each in enumerate(results) if isinstance(each, QueueError)]
        assert (await queue.stats()).states[State.READY] == 5
