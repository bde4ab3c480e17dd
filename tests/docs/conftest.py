"""
The port at which the pages and the examples expect the demo's CRM.
"""

import contextlib
import fcntl
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from webhook_engine.demo import crm

PATIENCE_S = 120
COMMAND = Path(sys.executable).with_name("webhook-engine")


@pytest.fixture
def usual_port():
    """
    The port, free and this test's alone among the test runs of this machine.
    """
    with open(Path(tempfile.gettempdir()) / f"webhook-engine-port-{crm.PORT}", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        give_up = time.monotonic() + PATIENCE_S
        while not _is_free():
            if time.monotonic() > give_up:
                pytest.fail(f"port {crm.PORT}, which the README names, is taken")
            time.sleep(0.2)
        yield crm.PORT


def _is_free():
    with contextlib.suppress(OSError):
        socket.create_server(("127.0.0.1", crm.PORT)).close()
        return True
    return False


@pytest.fixture
def serving(usual_port):
    """
    The demo's CRM where the README has it.
    """
    server = subprocess.Popen([COMMAND, "demo", "--serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert f"listens on 127.0.0.1:{usual_port}" in server.stdout.readline()
        yield usual_port
    finally:
        server.terminate()
        server.communicate(timeout=10)
