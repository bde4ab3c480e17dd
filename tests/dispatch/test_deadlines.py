"""
A request ends at its deadline, whatever the target does.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable

import pytest

from webhook_engine.dispatch import Transport, resolver
from webhook_engine.dispatch.deadlines import Deadlines
from webhook_engine.errors import ConnectFailed, NameNotFound, TimedOut
from webhook_engine.settings import Limits

from .conftest import StartTarget, Visit, a_request

DEADLINE_S = 0.4


async def _silent(visit: Visit) -> None:
    await asyncio.sleep(30)


async def _hints(visit: Visit) -> None:
    while True:
        await visit.say(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await asyncio.sleep(0.01)


async def _drips(visit: Visit) -> None:
    await visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        await visit.say(b"x")
        await asyncio.sleep(0.05)


async def _drips_its_head(visit: Visit) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1000:
        await visit.say(bytes([byte]))
        await asyncio.sleep(0.05)


async def _never_ends(visit: Visit) -> None:
    await visit.say(b"HTTP/1.1 200 OK\r\n\r\n")
    await asyncio.sleep(30)


@pytest.mark.parametrize(
    "handler",
    [_silent, _hints, _drips, _drips_its_head, _never_ends],
    ids=["says nothing", "hints for ever", "drips a body", "drips a head", "never ends"],
)
async def test_ends_at_the_deadline(
    handler: Callable[[Visit], Awaitable[None]], transport: Transport, start_target: StartTarget
) -> None:
    """
    At the deadline, and says that the target may have acted.
    """
    target = await start_target(handler)
    began = time.monotonic()

    with pytest.raises(TimedOut, match=r"did not answer within 0\.4 s") as timed_out:
        await transport.send(a_request(target.url(), deadline_s=DEADLINE_S))

    assert DEADLINE_S <= time.monotonic() - began < DEADLINE_S + 1  # a busy machine wakes late
    assert timed_out.value.maybe_delivered


async def test_a_late_request_keeps_its_connection_to_itself(
    transport: Transport, start_target: StartTarget
) -> None:
    """
    The late answer is not taken for the next request's.
    """

    async def serve(visit: Visit) -> None:
        await asyncio.sleep(0.4 if visit.number == 1 else 0)
        await visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % visit.number)

    target = await start_target(serve)
    with pytest.raises(TimedOut):
        await transport.send(a_request(target.url(), deadline_s=0.1))
    await asyncio.sleep(0.5)

    assert b"2" == (await transport.send(a_request(target.url()))).body


def _full_backlog(host: str = "127.0.0.1", port: int = 0) -> tuple[socket.socket, list[socket.socket]]:
    """
    A listener whose queue is full, so that a further connection gets no answer at all.
    """
    listener = socket.socket()
    listener.bind((host, port))
    listener.listen(0)
    waiting = []
    for _ in range(4):
        each = socket.socket()
        each.setblocking(False)
        each.connect_ex(listener.getsockname())
        waiting.append(each)
    return listener, waiting


async def test_a_black_hole_ends_at_the_bound_for_connecting() -> None:
    """
    Nothing was sent, so nothing can have been delivered.
    """
    listener, waiting = _full_backlog()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    try:
        async with Transport(Limits(connect_s=0.2)) as transport:
            with pytest.raises(ConnectFailed, match=r"did not accept a connection within 0\.2 s") as failed:
                await transport.send(a_request(url))
            with pytest.raises(TimedOut) as timed_out:
                await transport.send(a_request(url, deadline_s=0.1))
    finally:
        for each in (listener, *waiting):
            each.close()

    assert not failed.value.maybe_delivered
    assert not timed_out.value.maybe_delivered


async def test_a_dead_address_holds_up_the_next_for_a_moment(
    monkeypatch: pytest.MonkeyPatch, start_target: StartTarget
) -> None:
    """
    A quarter of a second after the first address the second is dialled as well.
    """
    target = await start_target()
    listener, waiting = _full_backlog("127.0.0.2", target.port)
    answers = [
        {"hostname": "", "host": host, "port": target.port, "family": socket.AF_INET, "proto": 0, "flags": 0}
        for host in ("127.0.0.2", "127.0.0.1")
    ]
    monkeypatch.setattr(resolver, "_look_up", lambda *_: answers)
    try:
        async with Transport() as transport:
            began = time.monotonic()
            response = await transport.send(a_request(target.url(host="crm.example")))
            took_s = time.monotonic() - began
    finally:
        for each in (listener, *waiting):
            each.close()

    assert 200 == response.status
    assert 0.2 < took_s < 0.6


async def test_a_name_server_that_hangs_has_a_budget_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    And costs one thread, however many requests want the name.
    """
    asked: list[str] = []

    def hang(host: str, port: int, family: int) -> OSError:
        asked.append(host)
        time.sleep(0.6)
        return socket.gaierror(socket.EAI_AGAIN, "slow")

    monkeypatch.setattr(resolver, "_look_up", hang)
    async with Transport(Limits(dns_s=0.2)) as transport:
        began = time.monotonic()
        for _ in range(2):
            found = await asyncio.gather(
                *(transport.send(a_request("http://slow.example/")) for _ in range(20)),
                return_exceptions=True,
            )
        took_s = time.monotonic() - began

    assert all(isinstance(each, NameNotFound) for each in found)
    assert "no answer from the name server within 0.2 s" in str(found[0])
    assert ["slow.example"] == asked
    assert took_s < 0.55


async def test_dead_names_hold_up_neither_others_nor_the_application(
    monkeypatch: pytest.MonkeyPatch, start_target: StartTarget
) -> None:
    """
    Twenty dead names hang; a live one is found at once, and so is the loop's own executor free.
    """
    look_up = resolver._look_up

    def some_hang(host: str, port: int, family: int) -> object:
        if host.startswith("dead"):
            time.sleep(0.5)
            return socket.gaierror(socket.EAI_AGAIN, "dead")
        return look_up("127.0.0.1", port, family)

    monkeypatch.setattr(resolver, "_look_up", some_hang)
    target = await start_target()
    async with Transport(Limits(dns_s=0.3)) as transport:
        dead = [asyncio.create_task(transport.send(a_request(f"http://dead{n}.example/"))) for n in range(20)]
        await asyncio.sleep(0.05)
        began = time.monotonic()
        await asyncio.to_thread(int)
        response = await transport.send(a_request(target.url(host="live.example")))
        took_s = time.monotonic() - began
        await asyncio.gather(*dead, return_exceptions=True)

    assert 200 == response.status
    assert took_s < 0.2


async def test_a_cancelled_request_is_cancelled(transport: Transport, start_target: StartTarget) -> None:
    """
    Whoever gives up gets a CancelledError, and never a deadline that did not pass.
    """
    target = await start_target(_silent)
    task = asyncio.create_task(transport.send(a_request(target.url())))
    await asyncio.sleep(0.05)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


class TestDeadlines:
    """
    Shared timers keep each deadline as the loop's own would.
    """

    async def test_is_late_by_a_fiftieth_of_a_second_at_most(self) -> None:
        """
        And never early.
        """
        loop = asyncio.get_running_loop()
        deadlines = Deadlines()
        for after_s in (0.0, 0.011, 0.03, 0.047):
            until = loop.time() + after_s
            with pytest.raises(TimeoutError), deadlines.at(until) as deadline:
                await asyncio.sleep(1)

            assert deadline.expired
            assert 0 <= loop.time() - until < 0.06
        deadlines.close()

    async def test_leaves_alone_what_was_in_time(self) -> None:
        """
        A deadline that passes afterwards cancels nobody.
        """
        deadlines = Deadlines()
        with deadlines.at(asyncio.get_running_loop().time() + 0.03) as deadline:
            await asyncio.sleep(0)
        await asyncio.sleep(0.08)

        assert not deadline.expired
        deadlines.close()

    async def test_a_cancellation_from_outside_wins(self) -> None:
        """
        Both at once: the task ends as whoever cancelled it wants.
        """
        deadlines = Deadlines()

        async def work() -> None:
            with deadlines.at(asyncio.get_running_loop().time()) as deadline:
                task = asyncio.current_task()
                assert task is not None
                deadline.expire()
                task.cancel()
                await asyncio.sleep(1)

        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(work())
        deadlines.close()

    async def test_many_share_a_timer(self) -> None:
        """
        A thousand deadlines of one moment cost the loop one timer.
        """
        deadlines = Deadlines()
        when = asyncio.get_running_loop().time() + 4
        for _ in range(1_000):
            with deadlines.at(when):
                pass

        assert 1 == len(deadlines._timers)
        deadlines.close()
