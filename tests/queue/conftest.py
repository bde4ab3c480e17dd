"""
Queues on PostgreSQL, each in a schema of its own.
"""

import pytest


@pytest.fixture
def url(postgresql):
    """
    The address of an empty schema.
    """
    return postgresql.make_schema()
