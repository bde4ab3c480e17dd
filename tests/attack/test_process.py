"""
What a process keeps from others on its machine, and how much of it clients can hold.
"""

import asyncio
import json
import os
import resource
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import web

from tests.faults.process import COMMAND, DEFINITIONS, Process, Target, event, until
from webhook_engine.process import listening
from webhook_engine.settings import Settings

MANY = 9_990 if os.environ.get("WEBHOOK_ENGINE_ATTACK") else 150
"""Connections of one client; the longer run is `make attack`."""

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def _core_limits(pid):
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return next(line for line in lines if line.startswith("Max core file size")).split()[4:6]


@linux
@pytest.mark.parametrize("name", ["up", "worker", "api"])
def test_no_memory_is_left_in_a_core_file(name, tmp_path):
    """
    Secrets are in clear in memory while a process works: it leaves no core, whatever limit it was started under.
    """
    flags = ["--insecure-http"] if name == "api" else []
    with Process(tmp_path, command=[str(COMMAND), name, *flags]) as process:
        limits = _core_limits(process.pid)

    assert ["0", "0"] == limits


def test_what_a_command_leaves_is_its_users_alone(tmp_path):
    """
    Whoever may read the deliveries knows what callers said; whoever may read a lock's file can keep its owner out.
    """
    (tmp_path / "integration.toml").write_text(DEFINITIONS.format(target="http://127.0.0.1:1", deadline_s=5))
    (tmp_path / "calls.jsonl").write_text(json.dumps(event("private")))
    given = set(tmp_path.iterdir())
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WEBHOOK_ENGINE")}

    for command in ("import integration.toml", "key add dialer", "vault new-key", "emit calls.jsonl"):
        subprocess.run(
            [COMMAND, *command.split()],
            check=True,
            timeout=60,
            cwd=tmp_path,
            env=environment,
            umask=0o022,
            capture_output=True,
        )

    left = {file.name: oct(file.stat().st_mode & 0o777) for file in set(tmp_path.iterdir()) - given}
    assert "webhook-engine.deliveries.db" in left
    assert dict.fromkeys(left, "0o600") == left


@linux
def test_another_process_of_the_same_user_reads_no_memory():
    """
    Nor its environment, where the key of the vault may be: it does not count as dumpable.
    """
    code = (
        "import ctypes\n"
        "from webhook_engine.process.privacy import keep_private\n"
        "get = lambda: ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)\n"
        "before = get()\n"
        "keep_private()\n"
        "print(before, get())\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True)

    assert "1 0" == ran.stdout.strip()


@linux
def test_more_connections_than_there_is_room_for(tmp_path):
    """
    Of clients that connect and say nothing the oldest are closed, and others are served meanwhile.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    granted = 2 * MANY
    limited = [sys.executable, "-c", _LIMITED.format(files=granted, command=str(COMMAND)), "up"]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 3 * MANY)), hard))
    with Target() as target, Process(tmp_path, target, command=[*limited, "integration.toml"]) as process:
        port = int(process.url.rpartition(":")[2])
        screen = _stream(process, port)
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(MANY + 20)]
        try:
            until(lambda: _closed(silent) >= 20, lambda: f"{_closed(silent)} closed; {process._log_text()}")
            process.send(event("served all the same"))
            target.until(lambda: "served" in " ".join(target.calls()))
            assert 0 == _closed([screen])
            assert process.peak_bytes() < 512 * 2**20
        finally:
            for each in (screen, *silent):
                each.close()


_LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({files}, {files}))
os.execv({command!r}, [{command!r}, *sys.argv[1:]])
"""


def _stream(process, port):
    """
    An agent's screen that has its beginning, and waits for what comes.
    """
    screen = socket.create_connection(("127.0.0.1", port))
    path = "/v1/agents/100-Euphoria/stream"
    screen.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {process.key}\r\n\r\n".encode())
    assert screen.recv(4096).startswith(b"HTTP/1.1 200 ")
    return screen


def _closed(sockets):
    found = 0
    for each in sockets:
        each.setblocking(False)
        try:
            found += each.recv(1) == b""
        except BlockingIOError:
            pass
        except ConnectionError:
            found += 1
    return found


async def test_a_head_that_drips_is_given_up(monkeypatch):
    """
    A connection has so long for its next request, to the end of the head; bytes now and then gain nothing.
    """
    monkeypatch.setattr(listening, "_IDLE_S", 0.3)
    runner, url = await listening.listen(web.Application(), Settings(port=0))
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    async with asyncio.timeout(30):
        drip = asyncio.create_task(_drip(writer))
        with suppress(ConnectionError):
            assert b"" == await reader.read()
        await drip
    await runner.cleanup()

    assert writer.transport.is_closing()


async def _drip(writer):
    try:
        for each in b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 1000:
            writer.write(bytes([each]))
            await writer.drain()
            await asyncio.sleep(0.02)
    except ConnectionError:
        pass
