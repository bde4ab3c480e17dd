"""
A cluster for the tests that only ask it, and one target system.
"""

import pytest

from tests.cluster.workers import Cluster
from tests.faults.process import Target


@pytest.fixture(scope="session")
def target():
    with Target() as target:
        yield target


@pytest.fixture(scope="module")
def shared(target, postgresql, tmp_path_factory):
    """
    Two processes at work, for all tests of a file.
    """
    with Cluster(tmp_path_factory.mktemp("cluster"), postgresql.make_schema(), target) as cluster:
        cluster.one, cluster.other = cluster.start("one", "other")
        yield cluster


@pytest.fixture
def cluster(target, postgresql, tmp_path):
    """
    A cluster of the test's own, of which no process runs yet.
    """
    with Cluster(tmp_path, postgresql.make_schema(), target) as cluster:
        yield cluster
    target.answer = lambda request: 200
