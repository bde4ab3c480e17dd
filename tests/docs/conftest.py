"""
The port at which the pages and the examples expect the demo's CRM.
"""

import socket
import time

import pytest

from webhook_engine.demo import crm


@pytest.fixture
def usual_port():
    """
    The port, free: another run on this machine may hold it for a moment.
    """
    give_up = time.monotonic() + 120
    while True:
        try:
            socket.create_server(("127.0.0.1", crm.PORT)).close()
        except OSError:
            if time.monotonic() > give_up:
                pytest.fail(f"port {crm.PORT}, which the README names, is taken")
            time.sleep(0.2)
        else:
            return crm.PORT
