"""
Whatever is killed, no contact is lost and none is there twice.
"""

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.xml_api.asking import TENANT
from webhook_engine.errors import TransportError
from webhook_engine.store import Store
from webhook_engine.xml_api import Client

KILLS = int(os.environ.get("WEBHOOK_ENGINE_API_KILLS", "2"))
"""How often each process is killed; a soak sets hundreds."""

COMMAND = Path(sys.executable).with_name("webhook-engine")
PATIENCE_S = 60.0
PLACE = ("--campaign", "Sales", "--list", "March")


class ApiProcess:
    """
    `webhook-engine api`, started, killed and started again on one store.
    """

    def __init__(self, folder, port):
        self.url = f"http://127.0.0.1:{port}/xml"
        self._start = [str(COMMAND), "api", "--insecure-http", "--port", str(port), "--database"]
        self._start.append(f"sqlite:///{folder / 'store.db'}")

    def __enter__(self):
        self._process = subprocess.Popen(self._start, stdout=subprocess.PIPE, text=True)
        assert "listens on" in self._process.stdout.readline()
        return self

    def kill(self):
        self._process.send_signal(signal.SIGKILL)
        assert -signal.SIGKILL == self._process.wait()

    def __exit__(self, *_):
        self._process.kill()
        self._process.communicate()


@pytest.fixture
async def key(tmp_path):
    async with Store.open(f"sqlite:///{tmp_path / 'store.db'}") as store:
        await store.campaigns.add(TENANT, "Sales", lists=["March"], agents=["100"], by="an administrator")
        return (await store.keys.add(TENANT, "CRM", by="an administrator")).secret


def stored(folder):
    """
    How often each contact is there, by its first name.
    """
    with closing(sqlite3.connect(folder / "store.db")) as db:
        assert "ok" == db.execute("PRAGMA integrity_check").fetchone()[0]
        return Counter(name for (name,) in db.execute("SELECT first_name FROM dialer_contact"))


async def test_a_server_that_is_killed(tmp_path, key, free_port):
    """
    What was acknowledged is there; what was not is there whole or not at all, and once it was sent again, once.
    """
    api, fed = ApiProcess(tmp_path, free_port()), 0
    async with Client(api.url, tenant=TENANT, key=key, insecure_http=True) as client:

        async def feed(number):
            batch = [{"FirstName": f"{number}-{n}", "PhoneNumber": "0821234567"} for n in range(40)]
            where = {"campaign": "Sales", "list_name": "March"}
            assert 40 == await client.feed(batch, **where, idempotency_key=f"batch {number}")

        for _ in range(KILLS):
            with api:
                with suppress(TransportError):
                    await feed(fed)
                until = time.monotonic() + random.uniform(0.1, 0.5)
                while time.monotonic() < until:
                    await feed(fed)
                    fed += 1
                # One is on its way while the process goes.
                going = asyncio.create_task(feed(fed))
                await asyncio.sleep(random.uniform(0, 0.02))
                api.kill()
                with suppress(TransportError):
                    await going
            parts = Counter(name.partition("-")[0] for name in stored(tmp_path))
            assert {str(n): 40 for n in range(fed)}.items() <= parts.items()
            assert {40} == set(parts.values())
            with api:
                with suppress(TransportError):  # on a connection to the process that was
                    await feed(fed)
                await feed(fed)
                fed += 1
                api.kill()

    assert {f"{number}-{n}": 1 for number in range(fed) for n in range(40)} == stored(tmp_path)


async def test_a_feed_that_is_killed(tmp_path, key, free_port):
    """
    The same command goes on where it was, also while the server is killed beneath it.
    """
    rows = 6_000
    file = tmp_path / "contacts.csv"
    file.write_text("FirstName,PhoneNumber\n" + "".join(f"N{n},08212{n:05}\n" for n in range(rows)))
    api = ApiProcess(tmp_path, free_port())
    command = [
        str(COMMAND),
        "feed",
        str(file),
        "--tenant",
        TENANT,
        *PLACE,
        "--url",
        api.url,
        "--insecure-http",
    ]
    environ = os.environ | {"WEBHOOK_ENGINE_API_KEY": key}

    for kill in range(KILLS):
        with api:
            before = sum(stored_while_it_runs(tmp_path))
            feeding = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            until = time.monotonic() + PATIENCE_S
            while sum(stored_while_it_runs(tmp_path)) < min(before + 600, rows) and time.monotonic() < until:
                time.sleep(0.01)
            if kill % 2:
                api.kill()
            feeding.kill()
            feeding.communicate()
    assert file.with_name("contacts.csv.feeding").exists()
    with api:
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)

    assert (0, "") == (done.returncode, done.stderr)
    assert f"{rows} contacts fed, 0 refused\n" == done.stdout.replace(",000", "000")
    assert {f"N{n}": 1 for n in range(rows)} == stored(tmp_path)
    assert not file.with_name("contacts.csv.feeding").exists()


def stored_while_it_runs(folder):
    with closing(sqlite3.connect(f"file:{folder / 'store.db'}?mode=ro", uri=True)) as db:
        return [count for (count,) in db.execute("SELECT count(*) FROM dialer_contact")]
