"""
The service refuses before its memory grows, and loses nothing that it did not refuse.
"""

import asyncio
import gzip
import io
import json
import re
import time

import pytest

from tests.service.serving import KEY, call, served, told
from webhook_engine import Engine
from webhook_engine.definitions import read_text
from webhook_engine.demo import scenes
from webhook_engine.queue import QueueSettings, SqliteQueue
from webhook_engine.service import ServiceSettings
from webhook_engine.service.app import SERVICE

JSON = {"Content-Type": "application/json"}


async def test_a_body_that_says_it_is_too_long(backend):
    """
    Refused before it is read.
    """
    async with served(backend, settings=ServiceSettings(body_bytes=1000)) as client:
        status, found = await client.told("post", "/v1/events", data=b" " * 1001, headers=JSON)

    assert (413, "too-large") == (status, found["error"]["code"])


@pytest.mark.parametrize("how", ["in chunks", "compressed"])
async def test_a_body_that_turns_out_too_long(backend, how):
    """
    Whatever its head says: it is counted as it is taken in, after decompression.
    """

    async def chunks():
        for _ in range(50):
            yield b" " * 100

    data = chunks() if how == "in chunks" else gzip.compress(b" " * 100_000)
    headers = JSON if how == "in chunks" else JSON | {"Content-Encoding": "gzip"}
    async with served(backend, settings=ServiceSettings(body_bytes=1000)) as client:
        status, found = await client.told("post", "/v1/events", data=data, headers=headers)

    assert (413, "too-large") == (status, found["error"]["code"])


async def test_too_many_events_at_once(backend):
    """
    413, and none of them is accepted.
    """
    async with served(backend, settings=ServiceSettings(events_per_request=2)) as client:
        found = [
            (await client.told("post", "/v1/events", json=[told(id=f"e{n}") for n in range(count)]))[0]
            for count in (2, 3)
        ]

    assert ([202, 413], 2) == (found, len(backend.seen))


FLOODS = {
    "lines": ("application/x-ndjson", b"1\n" * 2_000_000, 413),
    "lines that are no JSON": ("application/x-ndjson", b"x\n" * 2_000_000, 413),
    "blank lines": ("application/x-ndjson", b"\n" * 4_000_000, 422),
    "numbers": ("application/json", b"[" + b"1," * 2_000_000 + b"1]", 413),
}


@pytest.mark.parametrize(("kind", "body", "status"), FLOODS.values(), ids=FLOODS.keys())
async def test_a_body_of_crumbs_holds_up_nobody(backend, kind, body, status):
    """
    Millions of things that are no events are not looked at one by one: others are answered meanwhile.
    """
    waits = []

    async def others():
        while True:
            began = time.perf_counter()
            try:
                await asyncio.sleep(0.005)
            finally:
                waits.append(time.perf_counter() - began)

    async with served(backend) as client:
        watching = asyncio.create_task(others())
        found, _ = await client.told(
            "post", "/v1/events", data=io.BytesIO(body), headers={"Content-Type": kind}
        )
        watching.cancel()
        await asyncio.wait([watching])

    assert status == found
    # Two million objects would take seconds. What is left is to parse four megabytes in one go.
    assert max(waits) < 0.7


@pytest.mark.parametrize(("depth", "status"), [(10, 422), (200, 422), (300, 400), (1000, 400), (2000, 400)])
@pytest.mark.parametrize("place", ["call", "moment"])
async def test_nesting_is_a_mistake_like_others(backend, depth, status, place):
    """
    However deep, however long the body is for other reasons, and whoever reads it.
    """
    nested = b"[" * depth + b"]" * depth

    def body(document):
        return (
            json.dumps(document)
            .encode()
            .replace(b'"%b": 1' % place.encode(), b'"%b": %b' % (place.encode(), nested))
        )

    event = body(told() | {place: 1})
    asked = body({"call": {"CALL_DIR": 1} if place == "moment" else 1}).replace(
        b'DIR": 1', b'DIR": ' + nested
    )
    async with served(backend, settings=ServiceSettings(event_bytes=5_000)) as client:
        found = [
            (await client.told("post", path, data=data, headers=JSON))[0]
            for path, data in (
                ("/v1/events", event),
                ("/v1/events", event + b" " * 10_000),
                ("/v1/webhooks/Contact%20lookup/ask", asked),
            )
        ]
        lines, _ = await client.told(
            "post", "/v1/events", data=event, headers={"Content-Type": "application/x-ndjson"}
        )

    assert [status] * 3 == found
    assert 422 == lines


async def test_a_damaged_body_ends_its_connection_and_no_more(backend, caplog):
    """
    What is left of it would be read as the next request; the log has no traceback of what a client sends.
    """
    headers = JSON | {"Content-Encoding": "gzip"}
    async with served(backend) as client, asyncio.timeout(5):
        async with client.post("/v1/events", data=b"not compressed", headers=headers) as response:
            assert (400, "close") == (response.status, response.headers["Connection"])
        assert 202 == (await client.told("post", "/v1/events", json=told()))[0]

    assert [] == [each for each in caplog.records if each.levelname == "ERROR"]


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "x"])
async def test_a_compression_that_is_not_read_here(backend, encoding):
    """
    Is refused by name, rather than taken for JSON that is broken.
    """
    async with served(backend) as client:
        status, found = await client.told(
            "post", "/v1/events", data=b"{}", headers=JSON | {"Content-Encoding": encoding}
        )

    assert (415, "media-type") == (status, found["error"]["code"])
    assert "gzip" in found["error"]["message"]


async def test_one_event_that_is_too_long(backend):
    """
    It is told which one.
    """
    long = told(id="long", call=call(CALL_NOTES="x" * 2000))
    async with served(backend, settings=ServiceSettings(event_bytes=1000)) as client:
        status, found = await client.told("post", "/v1/events", json=[told(), long])

    assert (422, [1]) == (status, [each["index"] for each in found["error"]["problems"]])


async def test_an_event_that_makes_too_long_a_delivery(tmp_path):
    """
    Sent again it would be too long again, so it is not 503; what came with it is not accepted either.
    """
    # Whether an empty value holds it back is only known once it is made, so it is made before it is accepted.
    text = re.sub(
        r"body = '''.*?'''",
        f'[[webhook.parameter]]\nname = "notes"\nvalue = "{"{CALL_NOTES}" * 4}"\nwhen_empty = "skip"',
        scenes.DEFINITIONS.read_text(),
        flags=re.DOTALL,
    )
    long = told(id="long", call=call(CALL_NOTES="😀" * 62_000))
    async with (
        SqliteQueue(tmp_path / "queue.db") as queue,
        served(Engine(read_text(text), queue=queue)) as client,
    ):
        status, found = await client.told("post", "/v1/events", json=[told(), long])

        assert (413, "too-large") == (status, found["error"]["code"])
        assert () == (await queue.list()).deliveries


async def test_a_body_that_drips(backend):
    """
    Holds its room for a time, and no longer.
    """
    async with served(backend, settings=ServiceSettings(body_s=0.1)) as client, asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
        head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
        writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
        found = await reader.readuntil(b"\r\n\r\n")
        writer.close()

    assert found.startswith(b"HTTP/1.1 408 ")


async def test_a_client_that_leaves_is_no_error(backend, caplog):
    """
    In the middle of its body: nobody is answered, and the log has no traceback for it.
    """
    async with served(backend) as client, asyncio.timeout(5):
        _, writer = await asyncio.open_connection("127.0.0.1", client.port)
        head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
        writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
        while not service_of(client).bytes.taken:
            await asyncio.sleep(0.005)
        writer.transport.abort()
        while service_of(client).bytes.taken:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)

        assert 202 == (await client.told("post", "/v1/events", json=told()))[0]

    assert [] == [each.getMessage() for each in caplog.records if each.levelname == "ERROR"]


def service_of(client):
    return client.app[SERVICE]


async def answers(client, count, **body):
    """
    The statuses of requests that are under way at one time, those that are refused first.
    """
    tasks = [asyncio.create_task(client.told("post", "/v1/events", **body)) for _ in range(count)]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED, timeout=5)
    return tasks, done


BATCH = [told(id=f"event-{n}") for n in range(10)]


@pytest.mark.parametrize(
    "settings",
    [ServiceSettings(events_in_hand=25), ServiceSettings(bytes_in_hand=len(json.dumps(BATCH)) * 5 // 2)],
    ids=["events", "bytes"],
)
async def test_more_than_is_taken_in_hand_is_to_come_back(backend, settings):
    """
    429 with Retry-After while the disk is slow; what was taken is accepted when it is not.
    """
    backend.free.clear()
    async with served(backend, settings=settings) as client:
        tasks, _ = await answers(client, 6, json=BATCH)
        async with asyncio.timeout(5):
            while sum(task.done() for task in tasks) < 4:
                await asyncio.sleep(0.01)
        refused = [await task for task in tasks if task.done()]
        backend.free.set()
        found = await asyncio.gather(*tasks)
        async with client.post("/v1/events", json=BATCH) as later:
            assert 202 == later.status

    assert 4 == len(refused)
    assert [(429, "busy")] * 4 == [(status, each["error"]["code"]) for status, each in refused]
    assert [202] * 2 + [429] * 4 == sorted(status for status, _ in found)
    assert 30 == len(backend.seen)


async def test_a_body_of_unknown_length_counts_as_the_longest(backend):
    """
    Nobody knows what it will come to.
    """
    sent = asyncio.Event()

    async def endless():
        yield b" "
        await sent.wait()
        yield json.dumps(told()).encode()

    settings = ServiceSettings(body_bytes=10_000, bytes_in_hand=10_500)
    async with served(backend, settings=settings) as client:
        slow = asyncio.create_task(client.told("post", "/v1/events", data=endless(), headers=JSON))
        async with asyncio.timeout(5):
            while (await client.told("post", "/v1/events", json=[told()] * 3))[0] != 429:
                await asyncio.sleep(0.01)
        sent.set()

        assert 202 == (await slow)[0]


async def test_agents_who_wait_are_bounded(backend):
    """
    One who would wait for too many others is told so at once.
    """
    backend.free.clear()
    async with served(backend, settings=ServiceSettings(asks_in_hand=1)) as client:
        path = "/v1/webhooks/Contact%20lookup/ask"
        tasks = [asyncio.create_task(client.told("post", path, json={"call": call()})) for _ in range(2)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED, timeout=5)
        found = [task.result()[0] for task in tasks if task.done()]
        backend.free.set()
        await asyncio.gather(*tasks)

    assert [429] == found


async def test_a_real_queue_without_room(tmp_path):
    """
    Some are accepted and then none; those that were accepted are there, and no others.
    """
    accepted, status = [], 202
    settings = QueueSettings(limit_bytes=256 * 1024)
    async with (
        SqliteQueue(tmp_path / "queue.db", settings=settings) as queue,
        served(Engine(read_text(scenes.DEFINITIONS.read_text()), queue=queue)) as client,
    ):
        for n in range(100):
            batch = [told(id=f"event-{n}-{k}", call=call(CALL_NOTES="x" * 400)) for k in range(20)]
            status, found = await client.told("post", "/v1/events", json=batch)
            if status != 202:
                break
            accepted += [each["deliveries"][0]["id"] for each in found["accepted"]]
        kept = (await queue.list(limit=10_000)).deliveries

    assert (503, "unavailable") == (status, found["error"]["code"])
    assert accepted
    assert sorted(accepted) == sorted(each.id for each in kept)


async def test_a_disk_that_is_full_accepts_nothing(backend):
    """
    503 with Retry-After, readiness follows, and nothing tells where the file is.
    """
    backend.disk_is_full = True
    async with served(backend) as client:
        assert 200 == (await client.told("get", "/v1/ready"))[0]
        async with client.post("/v1/events", json=told()) as response:
            status, after, found = response.status, response.headers["Retry-After"], await response.json()
        not_ready = await client.told("get", "/v1/ready")
        backend.disk_is_full = False
        assert 202 == (await client.told("post", "/v1/events", json=told()))[0]
        ready = await client.told("get", "/v1/ready")

    assert (503, "2", "unavailable") == (status, after, found["error"]["code"])
    assert "no room on the disk; nothing was accepted" in found["error"]["message"]
    assert "secret-place" not in str(found)
    assert (503, 200) == (not_ready[0], ready[0])
    assert "no room on the disk" in not_ready[1]["error"]["message"]
