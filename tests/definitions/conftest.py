"""
What the tests of definitions share.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from webhook_engine.definitions import read_text
from webhook_engine.errors import DefinitionError

FLOOR = """
[tenant]
name = "Euphoria"
country = "ZA"

[[agent]]
extension = "100-Euphoria"

[[agent]]
extension = "101-Euphoria"
"""


@pytest.fixture
def floor() -> str:
    """
    A tenant with two agents, to which a test adds what it is about.
    """
    return FLOOR


@pytest.fixture
def refusals() -> Callable[[str], list[str]]:
    """
    Reads a text on top of the floor that must be refused: `path: message` of every problem.
    """

    def read(text: str) -> list[str]:
        with pytest.raises(DefinitionError) as caught:
            read_text(FLOOR + text)
        return [f"{each.path}: {each.message}" for each in caught.value.problems]

    return read
