"""
The power goes: of what was written and not synchronised, the disk keeps whatever it likes.
"""

import asyncio
import random
import threading
from pathlib import Path

import apsw
import pytest

from webhook_engine.queue import AttemptRecord, Delivery, QueueSettings, SqliteQueue

SECTOR = 512
"""What a disk writes whole or not at all."""

LOSSES = 25


class Disk(apsw.VFS):
    """
    SQLite's way to the disk, which knows of each file what is sure to be there, and what is only on its way.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._sure, self._pending = {}, {}
        super().__init__("lossy", "unix", makedefault=True)

    def xOpen(self, name, flags):
        return File(self, name, flags)

    def xDelete(self, name, syncdir):
        super().xDelete(name, syncdir)
        with self._lock:
            self._sure.pop(name, None)
            self._pending.pop(name, None)

    def note(self, path, change):
        """
        A change that is not synchronised: where it begins and the bytes, or None and the length that is left.
        """
        with self._lock:
            self._pending.setdefault(path, []).append(change)

    def sync(self, path):
        with self._lock:
            image = self._sure.setdefault(path, bytearray())
            for change in self._pending.pop(path, []):
                apply(image, change)

    def lose_power(self, folder):
        """
        Writes down what is found after it, in another *folder*.
        """
        with self._lock:
            for path in self._sure.keys() | self._pending.keys():
                image = bytearray(self._sure.get(path, b""))
                for change in self._pending.get(path, []):
                    for part in sectors(change):
                        if random.random() < 0.5:
                            apply(image, part)
                (folder / Path(path).name).write_bytes(image)


class File(apsw.VFSFile):
    def __init__(self, disk, name, flags):
        super().__init__("unix", name, flags)
        self._disk = disk
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else name

    def xWrite(self, data, offset):
        super().xWrite(data, offset)
        self._disk.note(self._path, (offset, bytes(data)))

    def xTruncate(self, size):
        super().xTruncate(size)
        self._disk.note(self._path, (None, size))

    def xSync(self, flags):
        super().xSync(flags)
        self._disk.sync(self._path)


def apply(image, change):
    offset, data = change
    if offset is None:
        del image[data:]
        return
    image.extend(bytes(max(0, offset + len(data) - len(image))))
    image[offset : offset + len(data)] = data


def sectors(change):
    offset, data = change
    if offset is None:
        return [change]
    return [(offset + n, data[n : n + SECTOR]) for n in range(0, len(data), SECTOR)]


@pytest.fixture
def disk():
    before = apsw.vfs_names()[0]
    disk = Disk()
    yield disk
    disk.unregister()
    assert before == apsw.vfs_names()[0]


def delivery(name):
    return Delivery(event_id=name, webhook="w", target="t", reference={"notes": "x" * 500})


async def work(queue, acknowledged, ended):
    """
    Puts and settles for as long as it may.
    """
    for n in range(100_000):
        names = [f"{n}-{m}" for m in range(5)]
        await queue.put([delivery(name) for name in names])
        acknowledged.update(names)
        for lease in await queue.claim(3, lease_s=600):
            await queue.done(lease, AttemptRecord(outcome="ok"))
            ended.add(lease.event_id)


async def lost_to(tmp_path, disk, synchronous):
    """
    What was acknowledged and is not there, what had ended and goes on, and whether the file is whole, of many losses.
    """
    acknowledged, ended, losses = set(), set(), []
    settings = QueueSettings(synchronous=synchronous)
    async with SqliteQueue(tmp_path / "q.db", settings=settings) as queue:
        working = asyncio.create_task(work(queue, acknowledged, ended))
        for number in range(LOSSES):
            await asyncio.sleep(random.uniform(0.005, 0.05))
            folder = tmp_path / str(number)
            folder.mkdir()
            known, over = set(acknowledged), set(ended)
            await asyncio.to_thread(disk.lose_power, folder)
            losses.append((folder, known, over))
        working.cancel()
    found = []
    for folder, known, over in losses:
        async with SqliteQueue(folder / "q.db") as queue:
            states = {each.event_id: each.state for each in (await queue.list(limit=100_000)).deliveries}
        db = apsw.Connection(str(folder / "q.db"))
        whole = db.pragma("integrity_check")
        db.close()
        goes_on = {name for name in over if states.get(name) != "done"}
        found.append((known - states.keys(), goes_on, whole))
    assert losses[-1][1]
    return found


async def test_nothing_that_was_acknowledged_is_lost(tmp_path, disk):
    """
    And what was done stays done; the file is whole each time.
    """
    assert [(set(), set(), "ok")] * LOSSES == await lost_to(tmp_path, disk, "FULL")


async def test_without_full_synchronising_only_the_end_is_lost(tmp_path, disk):
    """
    The file is whole, and the last moments may be missing: so this disk does lose what is not synchronised.
    """
    found = await lost_to(tmp_path, disk, "NORMAL")

    assert {"ok"} == {whole for _, _, whole in found}
    assert any(lost for lost, _, _ in found)
