"""
What a test of a rule set says holds, or the test says what came instead.
"""

from __future__ import annotations

import time

import pytest

from tests.testing.conftest import DISPOSED, ENDED, RINGING
