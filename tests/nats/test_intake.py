"""
Events come out of JetStream once each, and are acknowledged when they are committed.
"""

import asyncio
import json
from contextlib import asynccontextmanager, suppress

import pytest

from tests.faults.process import event
from tests.servers.nats import NatsNode
from webhook_engine.errors import QueueUnavailable, StoreUnavailable, StoreUncertain
from webhook_engine.nats import NatsIntake, connecting, intake, open_publisher, prepare
from webhook_engine.nats.connecting import connected_to_any
from webhook_engine.nats.names import EVENTS, REFUSED, consumer_of
from webhook_engine.nats.pulling import Pull
from webhook_engine.nats.refusing import WHY

TENANT = "Euphoria"


class Backend:
    """
    Takes events as an engine does, and fails as it is told.
    """

    def __init__(self):
        self.taken, self.refused, self.batches = [], 0, []
        self.fails = lambda events: None

    async def notify(self, events):
        names = [each.id for each in events]
        self.batches.append(names)
        if (error := self.fails(names)) is not None:
            raise error
        self.taken += names

    def count(self):
        self.refused += 1


@pytest.fixture
def backend():
    return Backend()


@asynccontextmanager
async def taking(url, backend, tenant=TENANT):
    intake = NatsIntake(url, backend.notify, tenant=lambda: tenant, on_refused=backend.count)
    task = asyncio.create_task(intake.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(fact, patience_s=20):
    async with asyncio.timeout(patience_s):
        while not (found := fact()):
            await asyncio.sleep(0.01)
    return found


async def publish(url, *names):
    async with open_publisher(url, TENANT) as publisher:
        return await publisher.publish([(name, json.dumps(event(name)).encode()) for name in names])


async def waiting(client):
    """
    How many messages the stream still holds.
    """
    return (await client.jetstream().stream_info(EVENTS)).state.messages


async def emptied(client):
    async with asyncio.timeout(20):
        while await waiting(client):
            await asyncio.sleep(0.02)


async def test_takes_what_is_published_and_leaves_nothing_behind(prepared, backend):
    """
    Each event is handed in once, and the stream is empty afterwards.
    """
    names = [f"e{n}" for n in range(600)]
    async with taking(prepared.url, backend):
        await publish(prepared.url, *names)
        async with connected_to_any(prepared.url) as client:
            await emptied(client)

    assert sorted(names) == sorted(backend.taken)


async def test_the_same_published_twice_is_taken_once(prepared, backend):
    """
    A dialer that heard no acknowledgement publishes again, and JetStream knows it.
    """
    first = await publish(prepared.url, "e1", "e2")
    again = await publish(prepared.url, "e2", "e3")
    async with taking(prepared.url, backend):
        await until(lambda: len(backend.taken) >= 3)

    assert [(2, 0), (2, 1)] == [first, again]
    assert ["e1", "e2", "e3"] == sorted(backend.taken)


async def test_what_the_database_does_not_take_is_given_out_again(prepared, backend):
    """
    Nothing is acknowledged that is not committed; when the database is back, everything is taken.
    """
    backend.fails = lambda names: QueueUnavailable(path="db", why="away")
    await publish(prepared.url, "e1", "e2", "e3")
    async with taking(prepared.url, backend), connected_to_any(prepared.url) as client:
        await until(lambda: len(backend.batches) >= 2)
        waited = await waiting(client)
        backend.fails = lambda names: None
        await emptied(client)

    assert 3 == waited
    assert ["e1", "e2", "e3"] == sorted(backend.taken)


async def test_what_is_no_event_is_set_aside_in_words_and_takes_nobody_with_it(prepared, backend):
    """
    A person finds what it was and why it was refused; the events beside it are taken.
    """
    wrong = [b"no JSON", b'{"id": "x", "moment": "no moment"}', b"[1]", b" " * 300_000]
    async with connected_to_any(prepared.url) as client:
        js = client.jetstream()
        for each in wrong:
            await js.publish("events.Euphoria", each)
        await publish(prepared.url, "e1")
        async with taking(prepared.url, backend):
            await emptied(client)
        kept = [await js.get_msg(REFUSED, seq=number) for number in (1, 2, 3, 4)]

    assert ["e1"] == backend.taken
    assert 4 == backend.refused
    assert [*wrong[:3], wrong[3][: 256 * 1024]] == [each.data for each in kept]
    assert "is no JSON" in kept[0].headers[WHY]
    assert "moment" in kept[1].headers[WHY]
    assert "must be a JSON object" == kept[2].headers[WHY]
    assert "takes 300,000 bytes, more than 262,144" == kept[3].headers[WHY]


async def test_a_message_larger_than_all_that_is_pulled_at_once_hides_nothing(tmp_path, backend):
    """
    Where a server was told to take very large messages, one of them is set aside, and what is behind it is taken.
    """
    stores = f'jetstream {{ store_dir: "{tmp_path}/data", max_mem: 16M, max_file: 200M }}'
    async with NatsNode(tmp_path, f"max_payload: 8MB\n{stores}") as node:
        async with connected_to_any(node.url) as client:
            await prepare(client, [TENANT])
            await client.jetstream().publish("events.Euphoria", b" " * 5 * 2**20)
        await publish(node.url, "e1")
        async with taking(node.url, backend):
            await until(lambda: backend.taken)

    assert (["e1"], 1) == (backend.taken, backend.refused)


async def test_an_event_that_fails_alone_does_not_keep_the_others(prepared, backend):
    """
    A batch that fails is halved until the one is found that does it.
    """
    backend.fails = lambda names: RuntimeError("cannot be taken") if "e7" in names else None
    names = [f"e{n}" for n in range(20)]
    await publish(prepared.url, *names)
    async with taking(prepared.url, backend):
        await until(lambda: len(backend.taken) == 19)

    assert sorted(set(names) - {"e7"}) == sorted(backend.taken)


async def test_an_event_without_an_id_has_the_same_one_each_time_it_comes(prepared, backend):
    """
    So the database knows it when it is given out again.
    """
    document = event("e1")
    del document["id"]
    backend.fails = lambda names: QueueUnavailable(path="db", why="away")
    async with connected_to_any(prepared.url) as client:
        await client.jetstream().publish("events.Euphoria", json.dumps(document).encode())
        async with taking(prepared.url, backend):
            await until(lambda: len(backend.batches) >= 2)

    assert 1 == len({name for names in backend.batches for name in names})
    assert backend.batches[0][0].startswith("nats-1-")


async def test_no_more_is_asked_for_than_can_be_taken(prepared, backend):
    """
    While one batch is on its way to the disk, at most one more is on its way here.
    """
    names = [f"e{n}" for n in range(1_500)]
    await publish(prepared.url, *names)
    go_on = asyncio.Event()

    async def slow(events):
        await go_on.wait()
        await Backend.notify(backend, events)

    backend.notify = slow
    async with connected_to_any(prepared.url) as client, taking(prepared.url, backend):
        await asyncio.sleep(1)
        info = await client.jetstream().consumer_info(EVENTS, consumer_of(TENANT))
        go_on.set()
        await until(lambda: len(backend.taken) == 1_500)

    assert 0 < info.num_ack_pending <= 2 * 256


async def test_what_is_in_hand_at_the_end_is_finished_and_the_rest_given_back(prepared, backend):
    """
    Whoever comes next finds nothing that is waited for: what was committed is acknowledged, the rest is there at once.
    """
    await publish(prepared.url, *[f"e{n}" for n in range(400)])
    held, go_on = asyncio.Event(), asyncio.Event()

    async def slow(events):
        held.set()
        await go_on.wait()
        await Backend.notify(backend, events)

    backend.notify = slow
    async with connected_to_any(prepared.url) as client:
        async with taking(prepared.url, backend):
            await held.wait()
            asyncio.get_running_loop().call_later(0.2, go_on.set)
        first = list(backend.taken)
        async with taking(prepared.url, backend), asyncio.timeout(5):
            await emptied(client)

    assert first
    assert sorted(f"e{n}" for n in range(400)) == sorted(backend.taken)


async def test_a_database_that_hangs_keeps_no_intake(prepared, backend, monkeypatch):
    """
    What it has in hand is given up in time and not acknowledged, so it comes again.
    """
    monkeypatch.setattr("webhook_engine.nats.intake._LAST_S", 0.1)
    await publish(prepared.url, "e1")
    held = asyncio.Event()

    async def hanging(_):
        held.set()
        await asyncio.Event().wait()

    backend.notify = hanging
    async with connected_to_any(prepared.url) as client:
        async with asyncio.timeout(10), taking(prepared.url, backend):
            await held.wait()
        waited = await waiting(client)

    assert 1 == waited


async def test_one_worker_keeps_the_order_while_the_database_is_away(prepared, backend):
    """
    What it could not commit is committed before what came later, so that a call is not answered after its end.
    """
    names = [f"e{n:04}" for n in range(1_200)]
    away = QueueUnavailable(path="db", why="away")
    backend.fails = lambda _: away if len(backend.batches) <= 2 else None
    for start in range(0, len(names), 100):
        await publish(prepared.url, *names[start : start + 100])
    async with taking(prepared.url, backend):
        await until(lambda: len(backend.taken) >= len(names))

    assert names == backend.taken


async def test_what_takes_long_to_commit_is_given_to_nobody_else(prepared, backend, monkeypatch):
    """
    Neither what is in hand nor what came behind it: so nothing is worked on twice, and nothing counts as tried.
    """
    monkeypatch.setattr("webhook_engine.nats.intake._CLAIMED_EVERY_S", 0.2)
    await publish(prepared.url, *[f"e{n}" for n in range(400)])

    async def slow(events):
        await asyncio.sleep(1.5)
        await Backend.notify(backend, events)

    backend.notify = slow
    async with connected_to_any(prepared.url) as client:
        js = client.jetstream()
        consumer = (await js.consumer_info(EVENTS, consumer_of(TENANT))).config
        await js.add_consumer(EVENTS, consumer.evolve(ack_wait=1))
        monkeypatch.setattr("webhook_engine.nats.intake.check", lambda *_: asyncio.sleep(0, ""))
        async with taking(prepared.url, backend):
            await emptied(client)

    assert 400 == len(backend.taken)


async def test_who_hangs_loses_what_it_has_in_hand(prepared, backend, monkeypatch):
    """
    After a while it says no longer that it works on it, and another worker has it.
    """
    monkeypatch.setattr("webhook_engine.nats.intake._CLAIMED_EVERY_S", 0.2)
    monkeypatch.setattr("webhook_engine.nats.intake._LONGEST_IN_HAND_S", 0.4)
    await publish(prepared.url, "e1")
    go_on, hanging = asyncio.Event(), Backend()

    async def hang(events):
        await go_on.wait()
        await Backend.notify(hanging, events)

    hanging.notify = hang
    monkeypatch.setattr("webhook_engine.nats.intake.check", lambda *_: asyncio.sleep(0, ""))
    async with connected_to_any(prepared.url) as client:
        js = client.jetstream()
        consumer = (await js.consumer_info(EVENTS, consumer_of(TENANT))).config
        await js.add_consumer(EVENTS, consumer.evolve(ack_wait=1))
        async with taking(prepared.url, hanging):
            await asyncio.sleep(0.5)
            async with taking(prepared.url, backend):
                await until(lambda: backend.taken)
                had_by_who_hangs = list(hanging.taken)
                go_on.set()

    assert [] == had_by_who_hangs


async def test_an_outage_makes_no_event_poison(prepared, backend, monkeypatch):
    """
    However often it was given back meanwhile, and whatever the store said: only its own failures count.
    """
    monkeypatch.setattr("webhook_engine.nats.intake._LATER_S", 0.05)
    away = [
        StoreUncertain(path="db"),
        StoreUnavailable(path="db", why="away"),
        QueueUnavailable(path="db", why="away"),
    ]
    backend.fails = lambda _: (
        away[len(backend.batches) % 3] if len(backend.batches) <= 12 else next(once, None)
    )
    once = iter([RuntimeError("once")])
    names = [f"e{n}" for n in range(20)]
    await publish(prepared.url, *names)
    async with connected_to_any(prepared.url) as client, taking(prepared.url, backend):
        await emptied(client)

    assert names == sorted(backend.taken, key=names.index)
    assert 0 == backend.refused


async def test_order_is_kept_after_an_outage_of_many_tries(prepared, backend, monkeypatch):
    """
    What was given out often for no reason of its own is nothing to be handled apart, behind what came later.
    """
    monkeypatch.setattr("webhook_engine.nats.intake._LATER_S", 0.05)
    away = QueueUnavailable(path="db", why="away")
    backend.fails = lambda _: away if len(backend.batches) <= 8 else None
    names = [f"e{n:03}" for n in range(40)]
    await publish(prepared.url, *names[:20])
    async with taking(prepared.url, backend):
        await until(lambda: len(backend.batches) >= 7)
        await publish(prepared.url, *names[20:])
        await until(lambda: len(backend.taken) == 40)

    assert names == backend.taken


async def test_an_event_that_fails_although_others_are_taken_is_set_aside_after_five_tries(
    prepared, backend, monkeypatch
):
    """
    Where nothing else is taken between two of its tries, that says nothing about it.
    """
    monkeypatch.setattr("webhook_engine.nats.intake._LONGEST_LATER_S", 0.1)
    backend.fails = lambda names: RuntimeError("cannot be taken") if "bad" in names else None
    async with taking(prepared.url, backend), open_publisher(prepared.url, TENANT) as publisher:
        await publisher.publish([("first", json.dumps(event("first")).encode())])
        await until(lambda: backend.taken)
        await publisher.publish([("bad", json.dumps(event("bad")).encode())])
        await until(lambda: backend.batches.count(["bad"]) >= 8)
        alone = backend.refused
        number = 0
        async with asyncio.timeout(20):
            while not backend.refused:
                number += 1
                await publisher.publish([(f"e{number}", json.dumps(event(f"e{number}")).encode())])
                await asyncio.sleep(0.1)

    assert 0 == alone
    assert number >= 3


async def test_at_the_end_nothing_is_left_on_its_way(prepared):
    """
    What came in the last moment, with a pull that is open, is in hand, and is given back from there.
    """
    async with connected_to_any(prepared.url) as client:
        pull = Pull(client, EVENTS, consumer_of(TENANT))
        hear = pull._hear

        async def slowly(message):
            await asyncio.sleep(0.005)
            await hear(message)

        pull._hear = slowly
        async with pull:
            await pull.some(256)
            await publish(prepared.url, *[f"e{n}" for n in range(50)])
        given_out = (await client.jetstream().consumer_info(EVENTS, consumer_of(TENANT))).num_ack_pending

    assert given_out == len(pull.left())
    assert given_out > 0


@pytest.mark.parametrize(
    "place", [(connecting._Client, "connect"), (intake, "check")], ids=["connects", "looks"]
)
async def test_who_is_told_to_go_while_an_answer_comes_goes(prepared, backend, monkeypatch, place):
    """
    The client's waiting may forget it at that moment; nobody waits for good for whoever was told.
    """
    waits = getattr(*place)

    async def forgets(*args, **kwargs):
        answer = await waits(*args, **kwargs)
        asyncio.current_task().cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
        return answer

    monkeypatch.setattr(*place, forgets)
    task = asyncio.create_task(NatsIntake(prepared.url, backend.notify, tenant=lambda: TENANT).run())
    done, _ = await asyncio.wait({task}, timeout=5)
    task.cancel()

    assert {task} == done
    assert task.cancelled()


async def test_an_event_whose_change_was_lost_again_and_again_is_not_set_aside(
    prepared, backend, monkeypatch
):
    """
    Not even where others are taken between: that nobody knows what became of it is not its fault.
    """
    monkeypatch.setattr("webhook_engine.nats.intake._LATER_S", 0.05)
    tries = []

    def fails(names):
        if "e1" in names and len(tries) < 10:
            tries.append(names)
            return StoreUncertain(path="db")
        return None

    backend.fails = fails
    async with (
        connected_to_any(prepared.url) as client,
        open_publisher(prepared.url, TENANT) as publisher,
        taking(prepared.url, backend),
    ):
        await publisher.publish([("e1", json.dumps(event("e1")).encode())])
        for number in range(2, 40):
            await publisher.publish([(f"e{number}", json.dumps(event(f"e{number}")).encode())])
            await asyncio.sleep(0.05)
        await emptied(client)

    assert 10 == len(tries)
    assert 0 == backend.refused
    assert "e1" in backend.taken
