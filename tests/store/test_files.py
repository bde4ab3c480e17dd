"""
The store's file: one process's, closed to other users, and never taken for something else.
"""

import asyncio
import logging
import resource
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from webhook_engine.errors import SettingsError, StoreError, StoreOwned, StoreUnavailable
from webhook_engine.queue import SqliteQueue
from webhook_engine.store import Store, sqlite
from webhook_engine.testing.store.common import BY, TENANT, definitions

HOLDER = Path(__file__).with_name("holder_process.py")


@pytest.fixture
def holder(path):
    """
    Another process that has the store.
    """
    process = subprocess.Popen([sys.executable, str(HOLDER), str(path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"open\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


async def test_a_second_process_is_refused_by_name(holder, open_store):
    """
    It learns who has the file; when that one is gone, however it went, the file is free.
    """
    with pytest.raises(StoreOwned, match=rf"process {holder.pid} \(holder_process.py\)") as refused:
        await open_store().__aenter__()
    assert f"process {holder.pid} (holder_process.py)" == refused.value.owner

    holder.kill()
    holder.wait()
    async with open_store() as store:
        assert () == await store.tenants()


async def test_one_process_opens_it_once(store, open_store):
    """
    Two stores over one file in one process would be two writers too.
    """
    with pytest.raises(StoreOwned):
        await open_store().__aenter__()

    assert () == await store.tenants()


async def test_store_and_queue_are_neighbours(store, path):
    """
    The delivery queue's file is another, with a lock of its own.
    """
    async with SqliteQueue(path.with_name("store.deliveries.db")):
        saved = await store.definitions.save(TENANT, definitions("a"), by=BY)

    assert saved.is_new


async def test_nobody_else_can_read_it(store, path):
    """
    Neither the file nor the log beside it, whatever the umask says.
    """
    await store.definitions.save(TENANT, definitions("a"), by=BY)

    for file in (path, path.with_name("store.db-wal"), path.with_name("store.db-shm")):
        assert 0o600 == stat.S_IMODE(file.stat().st_mode)


async def test_a_commit_survives_the_loss_of_power(store):
    """
    The one connection that writes waits for the disk, keeps a log ahead and foreign keys whole.
    """
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}

    async with store._database.write() as connection:
        found = {name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one() for name in wanted}

    assert wanted == found


async def test_readers_cannot_write(store):
    """
    They never bring the log into the file, which two connections must not do at one moment.
    """
    with pytest.raises(StoreUnavailable, match="may not be written"):
        async with store._database.read() as connection:
            await connection.exec_driver_sql("DELETE FROM change")


def another_database(path):
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE contact (name TEXT)")
    db.close()


def no_database(path):
    path.write_text("[tenant]\n" * 200)


@pytest.mark.parametrize("made", [another_database, no_database])
async def test_the_file_of_something_else_is_left_alone(path, open_store, made):
    """
    It is refused as it is, and not one byte of it is changed.
    """
    made(path)
    before = path.read_bytes()

    with pytest.raises(StoreError, match="not a store of webhook-engine"):
        await open_store().__aenter__()

    assert before == path.read_bytes()


@pytest.mark.parametrize(
    ("name", "says"),
    [("nowhere/store.db", "cannot be opened.*: make the folder first"), (".", "is a folder")],
)
async def test_a_place_that_is_none_is_named(tmp_path, name, says):
    """
    A folder that is not there, or is what should be a file.
    """
    with pytest.raises(StoreError, match=says):
        await Store.open(f"sqlite:///{tmp_path / name}").__aenter__()


@pytest.mark.parametrize("name", ["a b.db", "100%.db", "what?no.db", "a#b.db", "é.db"])
async def test_a_name_is_a_name(tmp_path, name):
    """
    What has a meaning in an address has none in a file's name; only ? cannot be written there.
    """
    if "?" in name:
        with pytest.raises(SettingsError):
            Store.open(f"sqlite:///{tmp_path / name}")
        return

    async with Store.open(f"sqlite:///{tmp_path / name}") as store:
        await store.definitions.save(TENANT, definitions("a"), by=BY)

    assert (tmp_path / name).stat().st_size > 0


@pytest.mark.parametrize("url", ["mysql://me:canary-secret@db/x", "sqlite://", "store.db", ""])
def test_another_kind_of_database_is_refused(url):
    """
    With what to write instead, and without the password of the address.
    """
    with pytest.raises(SettingsError, match="sqlite:///FILE") as refused:
        Store.open(url)

    assert "canary" not in str(refused.value)


async def test_a_lock_of_another_program_is_named(path, store, monkeypatch):
    """
    Nothing is changed, and later it works.
    """
    async with store._database.write() as connection:
        await connection.exec_driver_sql("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreUnavailable, match="another program holds a lock"):
        await store.definitions.save(TENANT, definitions("a"), by=BY)

    other.execute("ROLLBACK")
    other.close()
    assert (await store.definitions.save(TENANT, definitions("a"), by=BY)).is_new


async def test_a_full_disk_changes_nothing(path, store):
    """
    What was in force stays so, and when there is room again it works.
    """
    await store.definitions.save(TENANT, definitions("a"), by=BY)
    room = path.with_name("store.db-wal").stat().st_size
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (room, most))
    try:
        with pytest.raises(StoreUnavailable):
            await store.definitions.save(TENANT, definitions("b", key='"secret"'), by=BY)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    assert definitions("a") == (await store.definitions.load(TENANT)).definitions
    assert () == store.vault.names(TENANT)
    assert 2 == (await store.definitions.save(TENANT, definitions("b"), by=BY)).entry.number


async def test_a_closed_store_says_so(open_store):
    """
    Closing twice is nothing, and using it afterwards is an error of ours.
    """
    async with open_store() as store:
        await store.vault.set(TENANT, "a", "x", by=BY)
    await store.close()

    for work in (store.tenants(), store.vault.set(TENANT, "a", "y", by=BY), store.pops.list(TENANT)):
        with pytest.raises(StoreError, match="is closed"):
            await work


async def test_closing_waits_for_what_was_begun(open_store):
    """
    A write that was on its way is on the disk.
    """
    async with open_store() as store:
        saving = asyncio.ensure_future(store.definitions.save(TENANT, definitions("a"), by=BY))
        while not store._database._turn.locked():
            await asyncio.sleep(0)
    await saving

    async with open_store() as store:
        assert definitions("a") == (await store.definitions.load(TENANT)).definitions


def test_every_passing_fault_is_known():
    """
    The codes that SQLite's manual calls a matter of time or room.
    """
    error = sqlite3.OperationalError("x")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC

    assert isinstance(sqlite.refusal(error, Path("x")), StoreUnavailable)
    assert not isinstance(sqlite.refusal(sqlite3.ProgrammingError("x"), Path("x")), StoreUnavailable)


async def test_a_disk_that_takes_nothing_keeps_no_closing(path, open_store, monkeypatch, caplog):
    """
    What was still to be written down is given up in time, which the log says; the file is free then.
    """
    caplog.set_level(logging.INFO, "webhook_engine")
    monkeypatch.setattr("webhook_engine.store.store._LAST_S", 0.05)

    async def hanging():
        await asyncio.Event().wait()

    async with asyncio.timeout(20), open_store() as store:
        monkeypatch.setattr(store.keys, "flush", hanging)

    (told,) = [each for each in caplog.records if each.message == "store.flush.failed"]
    assert "took nothing within 0.05 s" in told.why
    async with open_store():
        assert path.exists()
