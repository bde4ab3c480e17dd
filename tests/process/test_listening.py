"""
What a process that listens tells of what comes in.
"""

import asyncio
import logging

import pytest
from aiohttp import web

from webhook_engine.process.listening import listen
from webhook_engine.settings import Settings

CANARY = b"canary-7f3a"
FIRST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"


@pytest.fixture
async def port():
    async def answer(request):
        await request.read()
        return web.Response(text="here")

    app = web.Application()
    app.router.add_post("/", answer)
    runner, url = await listen(app, Settings(port=0))
    yield int(url.rpartition(":")[2])
    await runner.cleanup()


@pytest.mark.parametrize(
    "sent",
    [
        FIRST + b"<XML><Auth>" + CANARY + b"</Auth></XML>",
        FIRST + b"<XML>GET / HTTP/1.1\r\nHost: x\r\n" + CANARY * 1000 + b": x\r\n\r\n",
        FIRST + b"<XML>POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + CANARY + b"\r\n\r\n",
    ],
    ids=["a length that is too short", "a long header", "a length that is none"],
)
async def test_what_is_no_http_is_told_without_what_it_says(port, sent, caplog):
    """
    Of a request that states too short a length it is the end, with the key and the names in it.
    """
    caplog.set_level(logging.DEBUG)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    async with asyncio.timeout(30):
        while await reader.read(4096):
            pass
    writer.close()

    [told] = [each for each in caplog.records if each.name == "webhook_engine.http"]
    assert ("request.no_http", "INFO") == (told.getMessage(), told.levelname)
    assert told.why.startswith(("Bad", "LineTooLong", "Invalid"))
    assert CANARY.decode() not in caplog.text
