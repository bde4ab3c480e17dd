"""
A console with a real engine and a real store behind it, and users of every role.
"""

import asyncio
import shutil

import pytest

from tests.console.browsing import DEFINITIONS, KEY, PASSWORD, TENANT, Browser, consoled
from webhook_engine.definitions import read_text
from webhook_engine.store import Role, Store


@pytest.fixture(scope="session", autouse=True)
def _cheap(cheap_passwords):
    pass


@pytest.fixture(scope="session")
def _furnished(tmp_path_factory, cheap_passwords):
    path = tmp_path_factory.mktemp("console") / "store.db"
    asyncio.run(_furnish(path))
    return path


async def _furnish(path):
    async with Store.open(f"sqlite:///{path}", (KEY,)) as store:
        await store.definitions.save(TENANT, read_text(DEFINITIONS), by="an import")
        for role in Role:
            await store.users.add(
                TENANT, f"{role}@example.com", PASSWORD, role=role, extension="100-Euphoria", by="the tests"
            )
        await store.users.add(
            "Another", "administrator@another.example", PASSWORD, role=Role.ADMINISTRATOR, by="the tests"
        )


@pytest.fixture
def database(tmp_path, _furnished):
    """
    A store file of the test's own, with definitions and users in it.
    """
    return shutil.copy(_furnished, tmp_path / "store.db")


@pytest.fixture
async def store(database):
    async with Store.open(f"sqlite:///{database}", (KEY,)) as store:
        yield store


@pytest.fixture
async def browser(store):
    """
    Nobody yet, before the console.
    """
    async with consoled(store) as client:
        yield Browser(client, store)


@pytest.fixture
async def administrator(browser):
    return await browser.sign_in(Role.ADMINISTRATOR)


@pytest.fixture
async def manager(browser):
    return await browser.sign_in(Role.MANAGER)
