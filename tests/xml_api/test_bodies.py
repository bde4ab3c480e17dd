"""
A body that arrives slowly, or not at all, keeps nobody else's from being read.
"""

import asyncio

import pytest

from tests.xml_api.asking import NOTHING_DONE, error, request_of, serving
from webhook_engine.xml_api import bodies
from webhook_engine.xml_api.reading import Bounds

NOT_LOADED = error("Input XML not loaded")
LONG = request_of(inputs=f"<Long>{'x' * 200_000}</Long>").encode()
ALL = 16
"""As many long bodies as are taken in at a time."""


class Sender:
    """
    A connection that sends a long request bit by bit.
    """

    def __init__(self, port):
        self._port = port

    async def send(self, *parts):
        if not hasattr(self, "_writer"):
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
            head = f"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(LONG)}\r\n\r\n"
            self._writer.write(head.encode())
        for part in parts:
            self._writer.write(part)
            await self._writer.drain()

    async def answer(self):
        async with asyncio.timeout(30):
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            found = await self._reader.readexactly(int(length))
        self._writer.close()
        return found


async def in_two(client, pause_s=0.05):
    """
    The answer to a long request that does not come at once.
    """
    sender = Sender(client.port)
    await sender.send(LONG[:100_000])
    await asyncio.sleep(pause_s)
    await sender.send(LONG[100_000:])
    return await sender.answer()


@pytest.fixture
async def client():
    async with serving(insecure_http=True) as client:
        yield client


@pytest.fixture
async def stalled(client):
    """
    Opens as many connections as there are turns, each of which sends so many bytes and then nothing.
    """
    senders = [Sender(client.port) for _ in range(ALL)]

    async def stalled(size):
        for each in senders:
            await each.send(LONG[:size])
        await asyncio.sleep(0.2)
        return senders

    yield stalled
    for each in senders:
        each._writer.close()


async def test_who_sends_next_to_nothing_has_no_turn(client, stalled):
    """
    However many do: a long request is read at once.
    """
    await stalled(1_000)

    async with asyncio.timeout(3):
        assert NOTHING_DONE == await in_two(client)


async def test_who_stops_half_way_loses_its_turn_to_who_waits(client, stalled, monkeypatch):
    """
    It is told that nothing was loaded; who waited is answered.
    """
    monkeypatch.setattr(bodies, "_PATIENCE_S", 0.5)
    senders = await stalled(100_000)

    async with asyncio.timeout(5):
        assert NOTHING_DONE == await in_two(client)
    answers = [asyncio.create_task(each.answer()) for each in senders]
    (cut, *_), others = await asyncio.wait(answers, return_when=asyncio.FIRST_COMPLETED)
    assert NOT_LOADED == cut.result()
    for each in others:
        each.cancel()


async def test_who_keeps_nobody_waiting_may_be_slow(client, monkeypatch):
    """
    Until the body is there, or half a minute is over.
    """
    monkeypatch.setattr(bodies, "_PATIENCE_S", 0.1)

    assert NOTHING_DONE == await in_two(client, pause_s=0.5)


@pytest.mark.parametrize("size", [1_000, 100_000])
async def test_a_body_has_its_time(client, monkeypatch, size):
    """
    Short or long, then it is told that nothing was loaded.
    """
    monkeypatch.setattr(bodies, "BODY_S", 0.3)
    sender = Sender(client.port)
    await sender.send(LONG[:size])

    assert NOT_LOADED == await sender.answer()


@pytest.mark.parametrize(("size", "expected"), [(500, NOTHING_DONE), (501, NOT_LOADED)])
async def test_a_bound_of_the_applications_own(size, expected):
    """
    Holds for bodies that come with their head too.
    """
    async with serving(insecure_http=True, bounds=Bounds(body_bytes=500)) as client:
        body = request_of()
        assert expected == await client.send(body + " " * (size - len(body)))
