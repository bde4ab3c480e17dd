"""
An XML API on loopback, with real TLS where a test asks for it.
"""

import asyncio
import shutil
import ssl

import pytest
import trustme

from tests.xml_api.asking import TENANT, serving
from webhook_engine.definitions import read_text
from webhook_engine.store import Store
from webhook_engine.xml_api import store_api

DEFINITIONS = f"""
[tenant]
name = "{TENANT}"
country = "ZA"

[[agent]]
extension = "100-{TENANT}"
name = "Naledi & Co"

[[agent]]
extension = "101-{TENANT}"
"""


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture(scope="session")
def server_tls(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(scope="session")
def client_tls(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
async def api():
    """
    The API with nothing but what it always has, over plain HTTP.
    """
    async with serving(insecure_http=True) as client:
        yield client


@pytest.fixture(scope="session")
def _furnished(tmp_path_factory):
    path = tmp_path_factory.mktemp("xml_api") / "store.db"
    asyncio.run(_furnish(path))
    return path


async def _furnish(path):
    async with Store.open(f"sqlite:///{path}") as store:
        await store.definitions.save(TENANT, read_text(DEFINITIONS), by="an administrator")
        await store.campaigns.add(
            TENANT,
            "SalesCampaign",
            lists=["ListNumber5"],
            labels=["Policy"],
            agents=["100"],
            by="an administrator",
        )


@pytest.fixture
async def store(tmp_path, _furnished):
    """
    A store with a campaign, its list and its agent, and with a tenant's country.
    """
    path = shutil.copy(_furnished, tmp_path / "store.db")
    async with Store.open(f"sqlite:///{path}") as store:
        yield store


@pytest.fixture
async def standing(store):
    """
    The whole API over that store.
    """
    key = (await store.keys.add(TENANT, "CRM", by="an administrator")).secret
    async with serving(app=store_api(store, insecure_http=True)) as client:
        client.key, client.store = key, store
        yield client
