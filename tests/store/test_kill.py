"""
A revision and its secrets are one: whatever becomes of the process, both are there or neither.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

from webhook_engine.definitions import write_toml
from webhook_engine.testing.store.common import KEY, TENANT, definitions

KILLS = int(os.environ.get("WEBHOOK_ENGINE_STORE_KILLS", "6"))
"""How often the importing process is killed; a soak sets hundreds."""

IMPORTING = Path(__file__).with_name("importing_process.py")


def import_until_killed(path, first, seconds):
    """
    What the process said of its imports: (revision, number of the import) for each that returned.
    """
    process = subprocess.Popen(
        [sys.executable, str(IMPORTING), str(path), str(first), KEY], stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"open\n"
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    said = process.stdout.read().decode().splitlines()
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    return [tuple(map(int, line.split())) for line in said]


async def test_a_kill_in_the_middle_leaves_the_old_revision(path, open_store):
    """
    Every import that returned is there; one that did not is there whole, its secret with it, or not at all.
    """
    async with open_store() as store:
        many = definitions(*(f"w0-{n}" for n in range(20)), key='"secret-0"')
        await store.definitions.save(TENANT, many, by="import 0")

    for kill in range(KILLS):
        first = 1_000 * (kill + 1)
        said = import_until_killed(path, first, random.uniform(0.02, 0.4))

        async with open_store() as store:
            found = await store.definitions.load(TENANT)
            secret = store.vault.reveal(TENANT, "CRM/key")
            history = await store.definitions.history(TENANT, limit=10_000)

        number = found.definitions.webhooks[0].name[1:].partition("-")[0]
        assert f"secret-{number}" == secret
        assert f"import {number}" == found.entry.saved_by
        expected = definitions(*(f"w{number}-{n}" for n in range(20)), key='{ vault = "CRM/key" }')
        assert write_toml(expected) == write_toml(found.definitions)
        saved = {entry.number: entry.saved_by for entry in history}
        assert all(saved[revision] == f"import {each}" for revision, each in said)
        assert list(range(len(history), 0, -1)) == [entry.number for entry in history]
    assert "ok" == sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone()[0]
