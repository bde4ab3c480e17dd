"""
What goes wrong between a worker and NATS costs a moment, and no event.
"""

import asyncio
import json

import pytest

from tests.faults.process import event
from tests.nats.test_intake import Backend, emptied, publish, taking, until
from tests.queue.cutting import Network
from tests.servers.nats import NatsCluster
from webhook_engine.nats import open_publisher, prepare
from webhook_engine.nats.connecting import connected_to_any
from webhook_engine.nats.names import EVENTS
from webhook_engine.nats.pulling import Pull


@pytest.fixture(scope="module")
def cluster():
    with NatsCluster(3) as cluster:
        asyncio.run(_prepared(cluster.url))
        yield cluster


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


async def test_a_subscription_that_died_is_bound_anew(prepared, monkeypatch, caplog):
    """
    Where the server forgot a subscription on a connection that works, silence is what tells.
    """
    caplog.set_level("INFO", "webhook_engine")
    pulls = []
    monkeypatch.setattr("webhook_engine.nats.pulling.SILENT_S", 1.0)
    entered = Pull.__aenter__

    async def noted(self):
        pulls.append(self)
        return await entered(self)

    monkeypatch.setattr(Pull, "__aenter__", noted)
    backend = Backend()
    async with taking(prepared.url, backend):
        await publish(prepared.url, "e1")
        await until(lambda: backend.taken)
        dead = pulls[0]
        await dead._client._send_unsubscribe(dead._subscription._id)
        await publish(prepared.url, "e2")
        await until(lambda: "e2" in backend.taken)

    assert 2 == len(pulls)
    assert "nobody said anything" in next(each.why for each in caplog.records if each.message == "nats.lost")


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
