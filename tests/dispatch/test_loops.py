"""
Whichever loop an application runs, the promises are the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest

from webhook_engine.dispatch import Dispatcher
from webhook_engine.errors import ConnectFailed, EgressRefused, TimedOut

from .conftest import LOOPBACK, OK, PUBLIC_ONLY, a_request, until

uvloop = pytest.importorskip("uvloop")


@pytest.mark.parametrize(
    "factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)
def test_every_loop_keeps_the_promises(factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """
    Sent, used again, guarded, timed and refused.
    """
    connections = under_way = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections, under_way
        connections += 1
        under_way += 1
        try:
            while b"/hang " not in await reader.readuntil(b"\r\n\r\n"):
                writer.write(OK)
            await reader.read()
        except asyncio.IncompleteReadError:
            pass
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        under_way -= 1

    async def play() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://localhost:{server.sockets[0].getsockname()[1]}"
        async with Dispatcher() as dispatcher:
            for _ in range(2):
                sent = await dispatcher.dispatch(a_request(f"{url}/", policy=LOOPBACK))
                assert sent.response is not None, sent.error
            assert 1 == connections
            guarded = await dispatcher.dispatch(a_request(f"{url}/", policy=PUBLIC_ONLY))
            assert isinstance(guarded.error, EgressRefused)
            late = await dispatcher.dispatch(a_request(f"{url}/hang", deadline_s=0.1))
            assert isinstance(late.error, TimedOut)
            absent = await dispatcher.dispatch(a_request("http://127.0.0.1:1/"))
            assert isinstance(absent.error, ConnectFailed)
        server.close()
        await until(lambda: not under_way)

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(play())
