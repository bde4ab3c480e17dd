"""
What goes wrong between a worker and NATS costs a moment, and no event.
"""

import asyncio
import json
import time
from functools import partial

import pytest

from tests.faults.process import event
from tests.nats.test_intake import Backend, emptied, publish, taking, until
from tests.queue.cutting import Network
from tests.servers.nats import NatsCluster
from webhook_engine.errors import NatsUnavailable
from webhook_engine.nats import open_publisher, prepare
from webhook_engine.nats.connecting import connected_to_any
from webhook_engine.nats.names import EVENTS
from webhook_engine.nats.pulling import Pull


@pytest.fixture(scope="module")
def cluster():
    with NatsCluster(3) as cluster:
        asyncio.run(_prepared(cluster.url))
        yield cluster


@pytest.fixture
def pulls(monkeypatch):
    """
    All that were begun.
    """
    begun = []
    entered = Pull.__aenter__

    async def noted(self):
        begun.append(self)
        return await entered(self)

    monkeypatch.setattr(Pull, "__aenter__", noted)
    return begun


async def forget(pull):
    """
    Have the server forget what is asked on, and say nothing.
    """
    for _, each in pull._subscriptions:
        await pull._client._send_unsubscribe(each._id)


async def _prepared(url):
    async with connected_to_any(url) as client:
        for _ in range(50):
            found = await prepare(client, ["Euphoria"])
            if not any(each.wrong for each in found):
                return
            await asyncio.sleep(0.1)


async def leader(url):
    async with connected_to_any(url) as client:
        cluster = (await client.jetstream(timeout=2).stream_info(EVENTS)).cluster
        return int(cluster.leader.removeprefix("node")), 1 + len(cluster.replicas)


async def test_the_leader_of_the_stream_is_killed_and_every_event_is_taken(cluster, monkeypatch):
    """
    It is the node that the worker is connected to. The other two go on with what three had, and so does the worker.
    """
    monkeypatch.setattr("webhook_engine.nats.connecting.random.shuffle", lambda _: None)
    names = [f"e{n}" for n in range(2_000)]
    backend = Backend()
    number, replicas = await leader(cluster.url)
    others = [each for each in cluster.urls if each != cluster.urls[number]]
    mine = ",".join([cluster.urls[number], *others])
    async with taking(mine, backend), open_publisher(cluster.url, "Euphoria") as publisher:
        for start in range(0, len(names), 100):
            if start == 1_000:
                cluster.kill(number)
            some = names[start : start + 100]
            await publisher.publish([(name, json.dumps(event(name)).encode()) for name in some])
        await until(lambda: len(set(backend.taken)) == len(names), patience_s=30)
    cluster.start(number)
    await asyncio.to_thread(cluster.wait)

    assert 3 == replicas
    assert set(names) == set(backend.taken)


async def test_the_network_is_cut_and_stalls_and_nothing_is_lost(prepared, monkeypatch):
    """
    A connection that ends is made anew at once; one on which nothing arrives any more is noticed within seconds.
    """
    monkeypatch.setattr("webhook_engine.nats.pulling.SILENT_S", 2.0)
    backend = Backend()
    port = int(prepared.url.rpartition(":")[2])
    async with (
        Network(port) as network,
        connected_to_any(prepared.url) as client,
        taking(f"nats://127.0.0.1:{network.port}", backend),
    ):
        await publish(prepared.url, "before")
        await until(lambda: backend.taken)
        network.cut()
        await publish(prepared.url, "cut")
        await until(lambda: "cut" in backend.taken)
        network.stall()
        await publish(prepared.url, "stalled")
        await asyncio.sleep(1.5)
        before = list(backend.taken)
        asyncio.get_running_loop().call_later(1, network.flow)
        await until(lambda: "stalled" in backend.taken, patience_s=30)
        await emptied(client)

    assert ["before", "cut"] == before
    assert {"before", "cut", "stalled"} == set(backend.taken)


async def test_a_subscription_that_died_costs_a_second_at_the_most(prepared, pulls, caplog):
    """
    Where the server forgot a subscription on a connection that works, silence is what tells; the connection stays.
    """
    caplog.set_level("INFO", "webhook_engine")
    backend, took = Backend(), []
    async with taking(prepared.url, backend), open_publisher(prepared.url, "Euphoria") as publisher:
        await until(lambda: pulls)
        for number in range(5):
            await asyncio.sleep(0.3 + 0.17 * number)
            await forget(pulls[0])
            began = time.monotonic()
            await publisher.publish([(f"e{number}", json.dumps(event(f"e{number}")).encode())])
            await until(lambda n=number: f"e{n}" in backend.taken)
            took.append(time.monotonic() - began)
    said = [each.message for each in caplog.records]

    assert sorted(took)[2] < 1, took
    assert 1 == len(pulls)
    assert 1 == said.count("nats.connected")
    assert said.count("nats.deaf") >= 5


async def test_a_subscription_that_is_late_is_no_dead_one(prepared, pulls, monkeypatch):
    """
    Another one is made beside it; what the first brings then is taken, and everything once.
    """
    monkeypatch.setattr("webhook_engine.nats.pulling.DEAF_S", 0.05)
    names = [f"e{n}" for n in range(300)]
    backend = Backend()
    async with taking(prepared.url, backend), connected_to_any(prepared.url) as client:
        await until(lambda: pulls)
        await asyncio.sleep(1)
        for start in range(0, len(names), 10):
            await publish(prepared.url, *names[start : start + 10])
        await emptied(client)

    assert sorted(names) == sorted(backend.taken)


async def test_where_no_subscription_brings_anything_the_connection_is_made_anew(
    prepared, pulls, monkeypatch, caplog
):
    """
    Whatever it is that makes it deaf.
    """
    caplog.set_level("INFO", "webhook_engine")
    monkeypatch.setattr("webhook_engine.nats.pulling.SILENT_S", 2.0)
    backend = Backend()
    async with taking(prepared.url, backend):
        await until(lambda: pulls)
        monkeypatch.setattr(pulls[0], "_bind", partial(asyncio.sleep, 0))
        await forget(pulls[0])
        await until(lambda: len(pulls) == 2)
        await publish(prepared.url, "e1")
        await until(lambda: backend.taken)

    assert "nobody said anything for 2 s" in next(
        each.why for each in caplog.records if each.message == "nats.lost"
    )


@pytest.mark.parametrize(
    "said",
    [
        b"INFO []\r\n",
        b"x" * 200_000,
        b'INFO {"max_payload":1}\r\n-ERR \xff\r\n',
        b"HTTP/1.1 400 No\r\n\r\n",
        b"",
    ],
    ids=["another document", "a line without end", "no text", "HTTP", "nothing"],
)
async def test_what_is_no_nats_server_is_told_and_ends_nothing(said):
    """
    Whatever it says; a worker whose address leads there goes on, and asks again.
    """

    async def say(_, writer):
        writer.write(said)
        writer.close()

    server = await asyncio.start_server(say, "127.0.0.1", 0)
    place = f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    with pytest.raises(NatsUnavailable, match=f"NATS at {place} cannot be used: "):
        await connected_to_any(place).__aenter__()
    async with taking(place, Backend()):
        await asyncio.sleep(0.3)
    server.close()


async def test_the_stream_is_deleted_under_a_worker_and_made_again(prepared, caplog):
    """
    It is told, and the worker goes on by itself.
    """
    caplog.set_level("INFO", "webhook_engine")
    backend = Backend()
    async with taking(prepared.url, backend), connected_to_any(prepared.url) as client:
        await publish(prepared.url, "e1")
        await until(lambda: backend.taken)
        await client.jetstream().delete_stream(EVENTS)
        await until(lambda: any(each.message == "nats.unprepared" for each in caplog.records))
        await prepare(client, ["Euphoria"])
        await publish(prepared.url, "e2")
        await until(lambda: "e2" in backend.taken)

    assert ["e1", "e2"] == backend.taken


async def test_a_server_that_is_started_anew_has_what_it_had(prepared):
    """
    What was published before is taken after, by a worker that was there all the time.
    """
    backend = Backend()
    async with taking(prepared.url, backend):
        await publish(prepared.url, "e1")
        await until(lambda: backend.taken)
        prepared.kill()
        prepared.start()
        await asyncio.to_thread(prepared.wait)
        await publish(prepared.url, "e2")
        await until(lambda: "e2" in backend.taken)

    assert ["e1", "e2"] == backend.taken


async def test_a_stream_without_room_keeps_the_publisher_waiting_and_loses_nothing(prepared):
    """
    What waits makes no way for what comes; as a worker takes some, the rest is let in.
    """
    names = [f"e{n}" for n in range(200)]
    backend = Backend()
    async with connected_to_any(prepared.url) as client:
        js = client.jetstream()
        stream = (await js.stream_info(EVENTS)).config
        await js.update_stream(stream.evolve(max_bytes=20_000))
        publishing = asyncio.create_task(publish(prepared.url, *names))
        await asyncio.sleep(0.5)
        held = (await js.stream_info(EVENTS)).state.messages
        async with taking(prepared.url, backend):
            await publishing
            await until(lambda: len(set(backend.taken)) == len(names))

    assert 0 < held < 200
    assert set(names) == set(backend.taken)
