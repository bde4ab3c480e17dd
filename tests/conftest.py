"""
What every test shares.
"""

import contextlib
import gc
import os
import random
import socket
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

HERE = Path(__file__).parent

# These machines are shared: a deadline would measure the neighbours.
settings.register_profile(
    "default", deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "long", deadline=None, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


# Files that take long, longest first: the others fill the workers' time behind them.
SLOW = (
    "faults/test_disk.py",
    "attack/test_floods.py",
    "attack/test_described.py",
    "attack/test_egress.py",
    "attack/test_access.py",
    "attack/test_secrets.py",
    "console/test_in_a_browser.py",
    "console/test_operation_in_a_browser.py",
    "console/test_desktop_in_a_browser.py",
    "nats/test_working.py",
    "nats/test_faults.py",
    "queue/test_durability.py",
    "faults/",
    "cluster/",
    "nats/",
    "reliability/",
    "packaging/",
    "attack/test_process.py",
    "console/test_rules_in_a_browser.py",
    "console/test_columns_in_a_browser.py",
    "store/test_kill.py",
    "xml_api/test_kill.py",
    "xml_api/test_commands.py",
    "xml_api/test_readme.py",
    "docs/",
    "examples/",
    "process/",
    "queue/",
    "store/",
    "responses/test_hostile.py",
    "pops/",
)


# Tests of the whole, dear to follow line by line; the floor of coverage is reached without them.
UNCOUNTED = ("attack/", "cluster/", "docs/", "examples/", "faults/")


def pytest_collection_modifyitems(items):
    """
    Between workers, what takes long begins first; and nothing is slowed by coverage that tells it nothing new:
    hundreds of examples of a property, and what ends in lines that the tests of each room reach by themselves.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=_turn)
    for item in items:
        is_property = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        if is_property or _place(item).startswith(UNCOUNTED):
            item.add_marker("no_cover")


def pytest_collection_finish(session):
    """
    What was collected stays to the end: the collector of garbage need not look through it at each of its turns.
    """
    gc.collect()
    gc.freeze()


def _turn(item):
    path = _place(item)
    return next((turn for turn, slow in enumerate(SLOW) if path.startswith(slow)), len(SLOW))


def _place(item):
    return item.path.relative_to(HERE).as_posix()


@pytest.fixture
def patience(request):
    """
    How many times longer work takes when coverage looks at every line of it, or when the collector of garbage
    looks through all that a process of thousands of tests has kept.
    """
    if request.node.get_closest_marker("no_cover"):
        return 3
    monitoring = getattr(sys, "monitoring", None)  # from Python 3.12 on
    looks = sys.gettrace() or (monitoring and monitoring.get_tool(monitoring.COVERAGE_ID))
    return 10 if looks else 1


@pytest.fixture(scope="session")
def free_port():
    """
    Finds a port that nothing listens on, for a server that has to be told where to listen.

    It is below those that the system hands out by itself, so that none of the many sockets of
    the tests beside this one is given it before the server has it.
    """

    def free_port():
        for port in random.sample(range(20_000, 30_000), 1_000):
            with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
                return port
        pytest.fail("a thousand ports between 20000 and 30000 are taken")

    return free_port


@pytest.fixture(scope="session")
def postgresql():
    """
    A real PostgreSQL server, for all tests of this process; each makes a database of its own in it.
    """
    from tests.servers.postgresql import PostgresqlServer

    with PostgresqlServer() as server:
        yield server


@pytest.fixture(scope="session")
def cheap_passwords():
    """
    Hashes that cost nothing: what they cost is argon2's business, and these are nobody's passwords.
    """
    from argon2 import PasswordHasher

    from webhook_engine.store import passwords

    dear = passwords._hasher
    passwords._hasher = lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    yield
    passwords._hasher = dear
