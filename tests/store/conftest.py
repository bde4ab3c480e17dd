"""
Stores on a file of the test's own.
"""

import pytest

from webhook_engine.store import Store
from webhook_engine.testing.store.common import KEY


@pytest.fixture(scope="session", autouse=True)
def _cheap(cheap_passwords):
    pass


@pytest.fixture
def path(tmp_path):
    """
    Where the store's file is.
    """
    return tmp_path / "store.db"


@pytest.fixture
def open_store(path):
    """
    Makes a store over the test's file, not yet entered.
    """

    def open_store(*keys, no_key=False):
        return Store.open(f"sqlite:///{path}", () if no_key else keys or (KEY,))

    return open_store


@pytest.fixture
async def store(open_store):
    """
    A store that is open.
    """
    async with open_store() as store:
        yield store
