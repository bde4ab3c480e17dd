"""
The store on SQLite keeps the promises of every store.
"""

import asyncio
import shutil

import pytest

from webhook_engine.store import Store
from webhook_engine.testing.store_contract import StoreContract


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """
    A file with all tables and nothing in them.
    """

    async def make():
        async with Store.open(f"sqlite:///{path}", ()):
            pass

    path = tmp_path_factory.mktemp("made") / "store.db"
    asyncio.run(make())
    return path


@pytest.fixture
def path(tmp_path, made):
    """
    A copy of it: that a store makes its tables is seen elsewhere.
    """
    return shutil.copy(made, tmp_path / "store.db")


class TestSqliteStore(StoreContract):
    """
    The SQLite store keeps the store's promises.
    """
