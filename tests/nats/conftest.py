"""
A real NATS server for the tests of this room; each has streams of its own in it.
"""

import asyncio

import pytest

from tests.cli.conftest import command  # noqa: F401  # a fixture
from tests.servers.nats import NatsCluster
from webhook_engine.nats import prepare
from webhook_engine.nats.connecting import connected_to_any


@pytest.fixture(scope="session")
def node():
    """
    One server.
    """
    with NatsCluster(1) as node:
        yield node


@pytest.fixture
def empty(node):
    """
    The server, without any streams.
    """
    asyncio.run(_emptied(node.url))
    return node


@pytest.fixture
def prepared(empty):
    """
    The server, ready for the tenant Euphoria.
    """
    asyncio.run(_prepared(empty.url))
    return empty


async def _emptied(url):
    async with connected_to_any(url) as client:
        js = client.jetstream()
        for each in await js.streams_info():
            await js.delete_stream(each.config.name)


async def _prepared(url):
    async with connected_to_any(url) as client:
        await prepare(client, ["Euphoria"])
