"""
What every test shares.
"""

import os
import sys

import pytest
from hypothesis import HealthCheck, settings

# These machines are shared: a deadline would measure the neighbours.
settings.register_profile(
    "default", deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "long", deadline=None, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture
def patience():
    """
    How many times longer work takes when coverage looks at every line of it.
    """
    return 10 if sys.gettrace() else 1
