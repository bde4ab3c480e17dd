"""
One process on one target for the tests that only ask it, and commands typed beside it.
"""

import pytest

from tests.cli.conftest import command  # noqa: F401  # a fixture
from tests.faults.process import Process, Target


@pytest.fixture(scope="session")
def target():
    with Target() as target:
        yield target


@pytest.fixture(scope="module")
def process(target, tmp_path_factory):
    with Process(tmp_path_factory.mktemp("up"), target) as process:
        yield process


@pytest.fixture
def beside(process, command, monkeypatch):  # noqa: F811  # the fixture, not its import
    """
    `webhook-engine …`, typed in the folder of the running process.
    """
    monkeypatch.chdir(process.folder)
    return command
