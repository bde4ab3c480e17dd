"""
A request ends at its deadline, whatever the target does.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable

import pytest

from webhook_engine.dispatch import Transport, resolver
from webhook_engine.dispatch.deadlines import Deadline, Deadlines
from webhook_engine.dispatch.guard import Exchange
from webhook_engine.errors import ConnectFailed, NameNotFound, TimedOut
from webhook_engine.settings import Limits

from .conftest import PATIENCE_S, Clock, StartTarget, Visit, a_request, until

DEADLINE_S = 4.0


async def _silent(visit: Visit) -> None:
    await asyncio.Event().wait()


async def _hints(visit: Visit) -> None:
    while True:
        await visit.say(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await asyncio.sleep(0.1)


async def _drips(visit: Visit) -> None:
    await visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        await visit.say(b"x")
        await asyncio.sleep(0.1)


async def _drips_its_head(visit: Visit) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1000:
        await visit.say(bytes([byte]))
        await asyncio.sleep(0.1)


async def _never_ends(visit: Visit) -> None:
    await visit.say(b"HTTP/1.1 200 OK\r\n\r\n")
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    "handler",
    [_silent, _hints, _drips, _drips_its_head, _never_ends],
    ids=["says nothing", "hints for ever", "drips a body", "drips a head", "never ends"],
)
async def test_ends_at_the_deadline(
    handler: Callable[[Visit], Awaitable[None]],
    transport: Transport,
    start_target: StartTarget,
    clock: Clock,
) -> None:
    """
    At the deadline, and says that the target may have acted.
    """
    target = await start_target(handler)
    sending = asyncio.create_task(transport.send(a_request(target.url(), deadline_s=DEADLINE_S)))
    await until(lambda: target.visits)
    for _ in range(39):
        await clock.forward(0.1)
    assert not sending.done()
    await clock.forward(0.1 + 0.02)

    with pytest.raises(TimedOut, match="did not answer within 4 s") as timed_out:
        await sending

    assert timed_out.value.maybe_delivered


async def test_a_late_request_keeps_its_connection_to_itself(
    transport: Transport, start_target: StartTarget, clock: Clock
) -> None:
    """
    The late answer is not taken for the next request's.
    """
    late, answered = asyncio.Event(), asyncio.Event()

    async def serve(visit: Visit) -> None:
        if visit.number == 1:
            await late.wait()
        try:
            await visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % visit.number)
        finally:
            answered.set()

    target = await start_target(serve)
    sending = asyncio.create_task(transport.send(a_request(target.url(), deadline_s=DEADLINE_S)))
    await until(lambda: target.visits)
    await clock.forward(DEADLINE_S + 0.02)
    with pytest.raises(TimedOut):
        await sending
    late.set()
    await until(answered.is_set)

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


async def test_a_black_hole_ends_at_the_bound_for_connecting(clock: Clock) -> None:
    """
    Nothing was sent, so nothing can have been delivered.
    """
    listener, waiting = _full_backlog()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    dials = [Exchange(), Exchange()]
    try:
        async with Transport(Limits(connect_s=2)) as transport:
            patient = asyncio.create_task(transport.send(a_request(url), exchange=dials[0]))
            await until(lambda: dials[0].dials)
            await clock.forward(2)
            with pytest.raises(ConnectFailed, match="did not accept a connection within 2 s") as failed:
                await patient
            hasty = asyncio.create_task(transport.send(a_request(url, deadline_s=1), exchange=dials[1]))
            await until(lambda: dials[1].dials)
            await clock.forward(1.02)
            with pytest.raises(TimedOut) as timed_out:
                await hasty
    finally:
        for each in (listener, *waiting):
            each.close()

    assert not failed.value.maybe_delivered
    assert not timed_out.value.maybe_delivered


async def test_a_dead_address_holds_up_the_next_for_a_moment(
    monkeypatch: pytest.MonkeyPatch, start_target: StartTarget, clock: Clock
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
    exchange = Exchange()

    def dialled() -> list[str]:
        return [dial.address for dial in exchange.dials]

    try:
        async with Transport() as transport:
            sending = asyncio.create_task(
                transport.send(a_request(target.url(host="crm.example")), exchange=exchange)
            )
            await until(dialled)
            await clock.forward(0.24)
            at_first = dialled()
            await clock.forward(0.02)
            response = await sending
    finally:
        for each in (listener, *waiting):
            each.close()

    assert 200 == response.status
    assert ["127.0.0.2"] == at_first
    assert ["127.0.0.2", "127.0.0.1"] == dialled()


async def test_a_name_server_that_hangs_has_a_budget_of_its_own(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    """
    And costs one thread, however many requests want the name.
    """
    asked: list[str] = []
    answered = threading.Event()

    def hang(host: str, port: int, family: int) -> OSError:
        asked.append(host)
        answered.wait(PATIENCE_S)
        return socket.gaierror(socket.EAI_AGAIN, "slow")

    monkeypatch.setattr(resolver, "_look_up", hang)
    async with Transport(Limits(dns_s=2)) as transport:
        for _ in range(2):
            sending = [
                asyncio.create_task(transport.send(a_request("http://slow.example/"))) for _ in range(20)
            ]
            await until(lambda: asked)
            await clock.forward(1.9)
            assert not any(task.done() for task in sending)
            await clock.forward(0.1)
            found = await asyncio.gather(*sending, return_exceptions=True)
    answered.set()

    assert all(isinstance(each, NameNotFound) for each in found)
    assert "no answer from the name server within 2 s" in str(found[0])
    assert ["slow.example"] == asked


async def test_dead_names_hold_up_neither_others_nor_the_application(
    monkeypatch: pytest.MonkeyPatch, start_target: StartTarget
) -> None:
    """
    Twenty dead names hang; a live one is found at once, and so is the loop's own executor free.
    """
    look_up = resolver._look_up
    asked: set[str] = set()
    answered = threading.Event()

    def some_hang(host: str, port: int, family: int) -> object:
        asked.add(host)
        if host.startswith("dead"):
            answered.wait(PATIENCE_S)
            return socket.gaierror(socket.EAI_AGAIN, "dead")
        return look_up("127.0.0.1", port, family)

    monkeypatch.setattr(resolver, "_look_up", some_hang)
    target = await start_target()
    async with Transport(Limits(dns_s=PATIENCE_S)) as transport:
        dead = [asyncio.create_task(transport.send(a_request(f"http://dead{n}.example/"))) for n in range(20)]
        await until(lambda: len(asked) == 20)
        await asyncio.to_thread(int)
        response = await transport.send(a_request(target.url(host="live.example")))
        still_hang = not any(task.done() for task in dead)
        answered.set()
        await asyncio.gather(*dead, return_exceptions=True)

    assert 200 == response.status
    assert still_hang


async def test_a_cancelled_request_is_cancelled(transport: Transport, start_target: StartTarget) -> None:
    """
    Whoever gives up gets a CancelledError, and never a deadline that did not pass.
    """
    target = await start_target(_silent)
    task = asyncio.create_task(transport.send(a_request(target.url())))
    await until(lambda: target.visits)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


class TestDeadlines:
    """
    Shared timers keep each deadline as the loop's own would.
    """

    async def test_is_late_by_a_fiftieth_of_a_second_at_most(self, clock: Clock) -> None:
        """
        And never early.
        """
        deadlines = Deadlines()
        for after_s in (0.011, 0.02, 0.03, 0.047):
            deadline = deadlines.at(clock() + after_s)

            async def work(deadline: Deadline = deadline) -> None:
                with pytest.raises(TimeoutError), deadline:
                    await asyncio.Event().wait()

            working = asyncio.create_task(work())
            await clock.forward(after_s - 0.001)
            assert not deadline.expired
            await clock.forward(0.001 + 0.02)
            assert deadline.expired
            await working
        deadlines.close()

    async def test_a_deadline_that_has_passed_ends_at_once(self) -> None:
        """
        By the loop's own clock: no timer is waited for that never comes.
        """
        deadlines = Deadlines()
        with pytest.raises(TimeoutError), deadlines.at(asyncio.get_running_loop().time()):
            await asyncio.sleep(PATIENCE_S)
        deadlines.close()

    async def test_leaves_alone_what_was_in_time(self, clock: Clock) -> None:
        """
        A deadline that passes afterwards cancels nobody.
        """
        deadlines = Deadlines()
        with deadlines.at(clock() + 0.03) as deadline:
            await asyncio.sleep(0)
        await clock.forward(0.08)

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
