"""
docs/pops.md says what the streams hold, and what it shows runs.
"""

import os
import re
import subprocess
import sys
import urllib.request
from dataclasses import fields
from pathlib import Path

from webhook_engine.definitions import Withdrawal
from webhook_engine.pops import PopBounds
from webhook_engine.pops.news import NEWS
from webhook_engine.service.stream import StreamSettings

PAGE = (Path(__file__).parents[2] / "docs" / "pops.md").read_text(encoding="utf-8")
CLIENT, SERVER = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_every_event_is_on_the_page_with_its_fields():
    """
    And no event or field that there is not.
    """
    rows = re.findall(r"^\| `(\w+)` \| (`.*?) \| ", PAGE, re.MULTILINE)
    written = {event: set(re.findall(r"`(\w+)`", data)) for event, data in rows}

    assert {event: {each.name for each in fields(kind)} for event, kind in NEWS.items()} == written


def test_every_reason_is_on_the_page():
    """
    A screen may word them all.
    """
    table = PAGE.partition("| reason |")[2].partition("\n\n")[0]

    assert list(Withdrawal) == re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)


def test_the_bounds_are_those_of_the_code():
    """
    Numbers on the page are numbers in force.
    """
    bounds, settings = PopBounds(), StreamSettings()

    for said in (
        f"{bounds.messages_per_agent} messages or {bounds.message_bytes_per_agent // 1024} KiB",
        f"the first {bounds.rows} rows",
        f"for {settings.heartbeat_s:g} seconds",
        f"once {settings.unread_bytes // 2**20} MiB waits",
        f"{settings.unread_total_bytes // 2**20} MiB may wait for all",
        f"{settings.streams_per_agent} streams",
    ):
        assert said in PAGE


def test_the_browsers_example_hears_every_event():
    """
    In the promised few lines.
    """
    script = re.search(r"^```javascript\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1]

    assert set(NEWS) == set(re.findall(r'\bon\("(\w+)"', script))
    assert len(script.splitlines()) <= 16


def test_the_client_shows_what_the_server_tells(free_port):
    """
    Both as they stand on the page, in processes of their own.
    """
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    port = free_port()
    server_there = SERVER.replace("port=8765", f"port={port}")
    with (
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", server_there], stdout=subprocess.PIPE, env=environment
        ) as server,
        subprocess.Popen(
            [
                sys.executable,
                "-W",
                "error",
                "-c",
                CLIENT,
                f"http://127.0.0.1:{port}/v1/agents/100-Euphoria/stream",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # where it says that the server was not there yet
            text=True,
        ) as client,
    ):
        try:
            assert b"Running" in server.stdout.readline()
            assert "snapshot []\n" == client.stdout.readline()

            urllib.request.urlopen(f"http://127.0.0.1:{port}/ring", data=b"", timeout=10).close()

            assert "window ['Customer page']\n" == client.stdout.readline()
        finally:
            client.kill()
            server.terminate()
