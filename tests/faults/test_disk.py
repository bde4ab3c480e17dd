"""
The disk takes nothing for a while: it is full, or another program holds the file.
"""

import ctypes
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import threading
import time
from contextlib import closing, suppress

import pytest

from tests.faults.process import COMMAND, PATIENCE_S, Process, event, until

NOTES = "x" * 4_000
"""So that few events fill what is left."""


class Bounded:
    """
    No file of the process may grow any more, as by a quota.
    """

    idle_s = 6
    """Longer than the service remembers a refusal."""

    def __init__(self, folder):
        self.folder = folder

    def fill(self, process):
        longest = max(file.stat().st_size for file in self.folder.iterdir())
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (longest, resource.RLIM_INFINITY))

    def empty(self, process):
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, unlimited)

    def close(self):
        pass


class Small:
    """
    A disk of four megabytes, and a file on it that takes whatever is left.
    """

    idle_s = 1

    def __init__(self, folder):
        self.folder = folder / "disk"
        self.folder.mkdir()
        mount = ctypes.CDLL(None, use_errno=True).mount
        if mount(b"tmpfs", str(self.folder).encode(), b"tmpfs", 0, b"size=4m"):
            pytest.skip(f"only root may mount a disk here: {os.strerror(ctypes.get_errno())}")
        self._ballast = self.folder / "ballast"

    def fill(self, process, *, but_bytes=0):
        with self._ballast.open("ab", buffering=0) as ballast:
            with suppress(OSError):
                while True:
                    ballast.write(b"-" * 4096)
            ballast.truncate(self._ballast.stat().st_size - but_bytes)

    def empty(self, process):
        self._ballast.unlink()

    def close(self):
        ctypes.CDLL(None).umount2(str(self.folder).encode(), 2)


@pytest.fixture(params=[Bounded, Small], ids=["no file may grow", "no room on the disk"])
def disk(request, tmp_path):
    disk = request.param(tmp_path)
    yield disk
    disk.close()


def test_a_full_disk_loses_nothing(disk, target):
    """
    Events are refused with the reason, nothing is claimed, what was in flight is recorded when there is room, and the
    process goes on by itself without being sent anything.
    """
    held = set()
    target.answer = lambda request: target.hang(request) if request.call in held else 200
    with Process(disk.folder, target) as process:
        held |= {"in-flight"}
        process.send(event("in-flight"))
        target.until(lambda: "in-flight" in target.calls())
        disk.fill(process)
        accepted, refusal = fill(process)
        refused_at = time.monotonic()

        assert "unavailable" == refusal["error"]["code"]
        assert "nothing was accepted" in refusal["error"]["message"]
        target.released.set()
        while time.monotonic() < refused_at + disk.idle_s:
            status, why = process.ask("GET", "/v1/ready")
            assert (503, True) == (status, "the delivery queue cannot write" in why["error"]["message"])
            assert 200 == process.ask("GET", "/v1/health")[0]
            time.sleep(0.2)
        disk.empty(process)
        until(lambda: 200 == process.ask("GET", "/v1/ready")[0])

        settled = process.settled()
        assert {"in-flight", *accepted} == settled.keys()
        assert {("done", 1)} == {(each["state"], each["attempts"]) for each in settled.values()}
        assert sorted(settled) == sorted(target.calls())


def fill(process):
    """
    Hands events in until one is refused; those before it, and the refusal.
    """
    accepted = []
    while True:
        name = f"e{len(accepted)}"
        status, document = process.ask("POST", "/v1/events", event(name, CALL_NOTES=NOTES))
        if status != 202:
            assert 503 == status
            return accepted, document
        accepted.append(name)


# --- Other programs ------------------------------------------------------------------------------------


def opened(process):
    """
    The deliveries' file, as a program opens it that has no business there.
    """
    path = process.folder / "webhook-engine.deliveries.db"
    return closing(sqlite3.connect(path, isolation_level=None))


def test_a_lock_of_another_program_is_waited_for(tmp_path, target):
    """
    A short one costs time; under a long one events are refused, and afterwards everything is recorded.
    """
    target.answer = target.hang
    with Process(tmp_path, target) as process, opened(process) as other:
        process.send(event("in-flight"))
        target.until(lambda: target.calls() == ["in-flight"])
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        target.released.set()
        status, document = process.ask("POST", "/v1/events", event("refused"))
        waited_s = time.monotonic() - began
        ready, _ = process.ask("GET", "/v1/ready")
        other.execute("ROLLBACK")
        accepted = until(lambda: 202 == process.ask("POST", "/v1/events", event("after"))[0])

        assert accepted
        assert (503, 503) == (status, ready)
        assert "another program holds a lock" in document["error"]["message"]
        assert waited_s >= 4.5
        settled = process.settled()
        assert {"in-flight": 1, "after": 1} == {name: each["attempts"] for name, each in settled.items()}
        assert ["in-flight", "after"] == target.calls()


def test_a_reader_that_does_not_end_costs_room_and_nothing_else(tmp_path, target):
    """
    The write-ahead log grows while another program reads, the gauge tells it, and it is taken in afterwards.
    """
    with Process(tmp_path, target) as process, opened(process) as other:
        process.send(event("before"))
        process.settled()
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM delivery").fetchone()
        for n in range(10):
            process.send(*(event(f"e{n}-{m}", CALL_NOTES=NOTES) for m in range(20)))
        settled = process.settled()
        grown = wal_bytes(process)
        other.execute("ROLLBACK")
        until(lambda: wal_bytes(process) == 0, lambda: f"{wal_bytes(process)} bytes of write-ahead log")

        assert 201 == len(settled)
        assert {"done"} == {each["state"] for each in settled.values()}
        assert grown > 200 * len(NOTES)


def wal_bytes(process):
    return process.metric("webhook_engine_queue_wal_bytes")


def test_a_full_disk_is_told_at_the_start(tmp_path, target):
    """
    After an orderly end, with the file that it has no room for and what to do, in the exit code of a start that was
    refused. With room again the process goes on.
    """
    disk = Small(tmp_path)
    try:
        with Process(disk.folder, target) as process:
            process.terminate()
            process.wait()
            disk.fill(process)

            code, said = refusal_of(disk.folder)

            assert 2 == code
            assert "webhook-engine.db.owner cannot be written: No space left on device; make room" in said
            disk.empty(process)
            process.start()
            process.send(event("e1"))
            assert ["e1"] == list(process.settled())
    finally:
        disk.close()


def refusal_of(folder):
    """
    How a start there ends: its exit code, and what it says.
    """
    command = [str(COMMAND), "up", "integration.toml", "--port", "0"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    return done.returncode, done.stderr


ROOM = (0, 4, 12, 40, 100, 160, 220, 260, 320, 500)
"""KiB on the disk, beside the files of a process that was killed."""


def test_a_start_on_a_full_disk_after_a_kill(tmp_path, target):
    """
    Whether the process starts depends on how much of its write-ahead logs SQLite can take in without room. Where it
    cannot, the start is refused with the file and the reason; where it starts, events are refused with the reason as
    soon as they cannot be kept, and no sooner. Nothing that was accepted is lost, whichever it was.
    """
    disk, kept = Small(tmp_path), tmp_path / "kept"
    held = threading.Event()
    target.answer = lambda _: 200 if held.wait(PATIENCE_S) else 500
    found, accepted = [], []
    try:
        with (
            (tmp_path / "said.txt").open("w") as said,
            Process(disk.folder, target, streams=(subprocess.DEVNULL, said)) as process,
        ):
            for n in range(3):
                process.send(*(event(f"before-{n}-{m}", CALL_NOTES=NOTES) for m in range(10)))
            process.kill()
            shutil.copytree(disk.folder, kept)
            for room in ROOM:
                put_back(kept, disk.folder)
                disk.fill(process, but_bytes=room * 1024)
                found.append(process.begin())
                if found[-1] is True:
                    accepted, refusal = fill(process)
                    assert "there is no room on the disk" in refusal["error"]["message"]
                    assert 503 == process.ask("GET", "/v1/ready")[0]
                else:
                    (*_, last) = (tmp_path / "said.txt").read_text().splitlines()
                    assert 2 == found[-1], last
                    assert re.search(
                        r"error: .*webhook-engine\.(deliveries\.)?db .*no room on the disk", last
                    )
                process.kill()
            disk.empty(process)
            held.set()
            process.start()
            settled = process.settled()
    finally:
        disk.close()

    assert {2, True} == set(found)
    assert found == sorted(found, reverse=True)
    assert {f"before-{n}-{m}" for n in range(3) for m in range(10)} | set(accepted) == settled.keys()
    assert {"done"} == {each["state"] for each in settled.values()}


def put_back(kept, folder):
    """
    The files as they were when the process was killed.
    """
    for each in folder.iterdir():
        each.unlink()
    for each in kept.iterdir():
        shutil.copy(each, folder)
