"""
One request is one request, for us and for every proxy before us.
"""

import asyncio

import pytest
from aiohttp import web

from webhook_engine.process.listening import listen
from webhook_engine.settings import Settings

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"0\r\n\r\n" + HIDDEN

FRAMINGS = {
    "both framings": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED,
    "two lengths": b"Content-Length: 0\r\nContent-Length: 36\r\n\r\n" + HIDDEN,
    "a list of lengths": b"Content-Length: 0, 36\r\n\r\n" + HIDDEN,
    "a length with a sign": b"Content-Length: +36\r\n\r\n" + HIDDEN,
    "a length with an underscore": b"Content-Length: 3_6\r\n\r\n" + HIDDEN,
    "a coding that ends otherwise": b"Transfer-Encoding: chunked, identity\r\n\r\n" + CHUNKED,
    "an unknown coding": b"Transfer-Encoding: xchunked\r\n\r\n" + CHUNKED,
    "a blank before the colon": b"Content-Length : 36\r\n\r\n" + HIDDEN,
    "a folded header": b"X: y\r\n Content-Length: 36\r\n\r\n" + HIDDEN,
    "a chunk size with a sign": b"Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n" + HIDDEN,
    "a chunk size in Python's spelling": b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + HIDDEN,
    "a NUL in a header": b"X: a\x00b\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
}


@pytest.mark.parametrize("framing", FRAMINGS.values(), ids=FRAMINGS.keys())
async def test_no_second_request_is_smuggled_in(framing):
    """
    A head that two readers may frame in two ways is refused, and nothing behind it is read as a request.
    """
    seen = []

    async def answer(request):
        seen.append(request.path)
        await request.read()
        return web.Response(text="here")

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    runner, url = await listen(app, Settings(port=0))
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    writer.write(b"POST /first HTTP/1.1\r\nHost: x\r\n" + framing)
    async with asyncio.timeout(10):
        said = await reader.read()
    writer.close()
    await runner.cleanup()

    assert "/hidden" not in seen
    assert b"400" == said.split(b" ", 2)[1]
