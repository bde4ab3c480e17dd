"""
A connection that is open is used again, if it may be, and is always given back.
"""

from __future__ import annotations

import asyncio
import time

import pytest

from webhook_engine.dispatch import Transport
from webhook_engine.dispatch.pool import Handler, Pool
from webhook_engine.errors import ConnectionLost, TimedOut, UnreadableResponse
from webhook_engine.settings import Limits

from .conftest import LOOPBACK, StartTarget, Visit, a_request, answer


def pool_of(transport: Transport) -> Pool:
    return transport._connections.way(LOOPBACK, None).pool


async def test_a_connection_is_kept_no_longer_than_it_may(start_target: StartTarget) -> None:
    """
    What waited longer is dialled anew, also where the loop was held up meanwhile and no timer ran: somebody
    between may have forgotten the connection without a word.
    """
    target = await start_target()
    async with Transport(Limits(keep_alive_s=0.05)) as transport:
        await transport.send(a_request(target.url()))
        time.sleep(0.06)  # that is what is tested
        await transport.send(a_request(target.url()))

    assert 2 == target.connections


async def test_every_connection_is_given_back(start_target: StartTarget) -> None:
    """
    However a request ends: one that stayed taken would be missing for good.
    """

    async def serve(visit: Visit) -> None:
        if "/hang" in visit.line:
            await asyncio.Event().wait()
        elif "/well" in visit.line:
            await visit.say(answer(b"ok"))
        else:
            await visit.say(b"SSH-2.0\r\n\r\n" if "/babble" in visit.line else b"")
            visit.writer.close()

    target = await start_target(serve)
    async with Transport() as transport:
        for _ in range(2):
            await transport.send(a_request(target.url("/well")))
            with pytest.raises(ConnectionLost):
                await transport.send(a_request(target.url("/lost")))
            with pytest.raises(UnreadableResponse):
                await transport.send(a_request(target.url("/babble")))
            with pytest.raises(TimedOut):
                await transport.send(a_request(target.url("/hang"), deadline_s=0.1))
        cut_off = asyncio.create_task(transport.send(a_request(target.url("/hang"))))
        await asyncio.sleep(0.05)
        cut_off.cancel()
        await asyncio.gather(cut_off, return_exceptions=True)

        assert set() == pool_of(transport)._acquired


async def test_who_had_to_wait_gets_a_connection_that_lives(
    start_target: StartTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Where there is but one, what was given back is looked at as well, and dialled anew where it has ended.
    """
    target = await start_target()
    looked_at = []

    def has_ended(protocol: Handler) -> bool:
        looked_at.append(protocol)
        return len(looked_at) == 1

    monkeypatch.setattr(Handler, "has_ended", has_ended)
    async with Transport(Limits(connections=1)) as transport:
        sends = [transport.send(a_request(target.url())) for _ in range(2)]
        responses = await asyncio.gather(*sends)

    assert [200, 200] == [response.status for response in responses]
    assert (1, 2, 2) == (len(looked_at), target.connections, len(target.visits))


async def test_a_look_costs_no_new_poll(start_target: StartTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    It is made once for each connection.
    """
    target = await start_target()
    async with Transport() as transport:
        await transport.send(a_request(target.url()))
        monkeypatch.setattr("webhook_engine.dispatch.pool.select.poll", None)
        for _ in range(3):
            await transport.send(a_request(target.url()))

    assert 1 == target.connections


async def test_what_a_target_does_not_read_is_not_kept() -> None:
    """
    A request that was given up takes its connection along, however much of it was not sent.
    """
    reading = asyncio.Event()

    async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport that reads too
        await reading.wait()
        writer.close()

    server = await asyncio.start_server(ignore, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with Transport() as transport:
        request = a_request(f"http://127.0.0.1:{port}/", method="POST", body=b"x" * 20_000_000)
        sending = asyncio.create_task(
            transport.send(request, deadline=asyncio.get_running_loop().time() + 0.3)
        )
        while not pool_of(transport)._acquired:
            await asyncio.sleep(0.01)
        [handler] = pool_of(transport)._acquired
        wire = handler.transport
        with pytest.raises(TimedOut):
            await sending
        await asyncio.sleep(0)

        assert wire is not None
        assert 0 == wire.get_write_buffer_size()
    reading.set()
    server.close()
