"""
A service with the real engine, queue and CRM behind it.
"""

import pytest

from tests.service.serving import Backend, engine_on, served


@pytest.fixture
async def client(tmp_path):
    async with engine_on(tmp_path / "deliveries.db") as engine, served(engine) as client:
        client.engine = engine
        yield client


@pytest.fixture
async def down(tmp_path):
    """
    The same, while nobody answers at the CRM's address.
    """
    async with engine_on(tmp_path / "deliveries.db", port=0) as engine, served(engine) as client:
        client.engine = engine
        yield client


@pytest.fixture
async def backend():
    return Backend()
