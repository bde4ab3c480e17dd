"""
A target for the tests that want one of their own.
"""

import pytest

from tests.faults.process import Target


@pytest.fixture
def target():
    with Target() as target:
        yield target
