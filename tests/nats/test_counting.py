"""
Streams have as many replicas as there are servers for them, and no server counts twice.
"""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from tests.nats.test_intake import Backend, publish, taking, until
from tests.servers.nats import NatsCluster
from webhook_engine.nats import look, prepare
from webhook_engine.nats.connecting import connected_to_any
from webhook_engine.nats.counting import keepers
from webhook_engine.nats.names import EVENTS


class Talker:
    """
    A connection as far as it is asked here: what its server said of itself.
    """

    def __init__(self, **said):
        self._server_info = said


@asynccontextmanager
async def saying(**said):
    """
    A server that introduces itself, and its place.
    """

    async def introduce(_, writer):
        writer.write(b"INFO " + json.dumps(said).encode() + b" \r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(introduce, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def test_a_server_with_many_addresses_is_one():
    """
    A node that listens on every address of its machine tells of each of them.
    """
    ours = {"cluster": "c", "jetstream": True}
    async with (
        saying(server_id="A", **ours) as one,
        saying(server_id="A", **ours) as same,
        saying(server_id="B", **ours) as other,
    ):
        told = Talker(server_id="A", connect_urls=[one, same, other], **ours)

        assert 2 == await keepers(told)


async def test_who_keeps_no_streams_of_this_cluster_does_not_count():
    """
    A node without JetStream, one of another cluster, one that is away, and somebody who is no NATS server.
    """
    ours = {"cluster": "c"}
    async with (
        saying(server_id="A", jetstream=True, **ours) as one,
        saying(server_id="B", **ours) as without,
        saying(server_id="C", jetstream=True, cluster="d") as stranger,
    ):
        told = [one, without, stranger, "127.0.0.1:1", "no address:x"]

        assert 1 == await keepers(Talker(server_id="A", jetstream=True, connect_urls=told, **ours))


async def test_servers_of_the_settings_are_counted_where_the_cluster_tells_of_none():
    """
    As one behind addresses that lead inside alone is told to.
    """
    ours = {"cluster": "c", "jetstream": True}
    async with saying(server_id="B", **ours) as one, saying(server_id="C", **ours) as other:
        assert 3 == await keepers(Talker(server_id="A", **ours), [f"nats://me:secret@{one}", other])


@pytest.fixture
def cluster():
    with NatsCluster(3) as cluster:
        yield cluster


async def test_a_stream_of_one_node_is_used_when_there_are_three_and_grows_when_told(cluster, caplog):
    """
    Doctor says that there are nodes for more replicas; a worker takes events before, while and after they are made.
    """
    caplog.set_level("INFO", "webhook_engine")
    backend = Backend()
    async with connected_to_any(cluster.url) as client:
        await prepare(client, ["Euphoria"])
        js = client.jetstream(timeout=5)
        for name in (EVENTS, "EVENTS-REFUSED"):
            config = (await js.stream_info(name)).config
            await js.update_stream(config.evolve(num_replicas=1))
        told = [each.wrong for each in await look(client, ["Euphoria"])]
        async with taking(cluster.url, backend):
            await publish(cluster.url, "before")
            await until(lambda: "before" in backend.taken)
            done = [each.done for each in await prepare(client, ["Euphoria"])]
            await publish(cluster.url, "after")
            await until(lambda: "after" in backend.taken)
        after = [each.wrong for each in await look(client, ["Euphoria"])]

    assert ["has num_replicas 1 where 3 is needed"] * 2 + [""] == told
    assert ["changed", "changed", ""] == done
    assert [""] * 3 == after
    assert not [each for each in caplog.records if each.message == "nats.unprepared"]
