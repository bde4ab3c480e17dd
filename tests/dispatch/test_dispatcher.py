"""
One dispatch is one attempt, recorded whatever becomes of it.
"""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections.abc import AsyncIterator

import pytest

from webhook_engine.dispatch import Dispatcher, Fault, Masker, resolver
from webhook_engine.dispatch.guard import Dial
from webhook_engine.errors import (
    ConnectFailed,
    ConnectionLost,
    EgressRefused,
    LimitExceeded,
    ResponseTooLarge,
    TimedOut,
)
from webhook_engine.settings import Limits

from .conftest import PATIENCE_S, PUBLIC_ONLY, Clock, StartTarget, Visit, a_request, answer, until


async def hang(visit: Visit) -> None:
    """
    Takes a request and never answers.
    """
    await asyncio.Event().wait()


@pytest.fixture
async def dispatcher() -> AsyncIterator[Dispatcher]:
    """
    A dispatcher with the default limits.
    """
    async with Dispatcher() as dispatcher:
        yield dispatcher


async def test_an_attempt_is_the_whole_story(dispatcher: Dispatcher, start_target: StartTarget) -> None:
    """
    What was sent, what came back, over which address, and how long it took.
    """
    target = await start_target()

    attempt = await dispatcher.dispatch(a_request(target.url("/a")), number=3)

    assert attempt.response is not None
    assert (3, 200, None, None) == (attempt.number, attempt.response.status, attempt.error, attempt.fault)
    assert (Dial("127.0.0.1"),) == attempt.dials
    assert attempt.sent
    assert not attempt.maybe_delivered
    assert 0 < attempt.response.took_s <= attempt.took_s < PATIENCE_S


async def test_a_refusal_sends_nothing(dispatcher: Dispatcher, start_target: StartTarget) -> None:
    """
    The error is in the record, with the address and the reason.
    """
    target = await start_target()

    attempt = await dispatcher.dispatch(a_request(target.url(), policy=PUBLIC_ONLY))

    assert isinstance(attempt.error, EgressRefused)
    assert (Fault.POLICY, False, False) == (attempt.fault, attempt.sent, attempt.maybe_delivered)
    assert (Dial("127.0.0.1", "is a loopback address"),) == attempt.dials


async def test_maybe_delivered_is_told_from_not_delivered(
    dispatcher: Dispatcher, start_target: StartTarget
) -> None:
    """
    A target that hung up may have acted; one that is not there has not; one that answered has.
    """

    async def serve(visit: Visit) -> None:
        if "/large" in visit.line:
            await visit.say(answer(b"", length=99_000_000))
        visit.writer.close()

    target = await start_target(serve)
    lost = await dispatcher.dispatch(a_request(target.url()))
    large = await dispatcher.dispatch(a_request(target.url("/large")))
    absent = await dispatcher.dispatch(a_request("http://127.0.0.1:1/"))

    assert isinstance(lost.error, ConnectionLost)
    assert isinstance(large.error, ResponseTooLarge)
    assert (True, True, False) == (lost.maybe_delivered, large.maybe_delivered, absent.maybe_delivered)


async def test_a_groups_limit_holds_across_its_webhooks(
    dispatcher: Dispatcher, start_target: StartTarget
) -> None:
    """
    Two at a time, and everybody gets a turn.
    """
    under_way = most = 0
    pair = asyncio.Barrier(2)

    async def serve(visit: Visit) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await pair.wait()
        under_way -= 1
        await visit.say(answer(b"ok"))

    target = await start_target(serve)
    requests = [a_request(target.url(), webhook=f"W{n % 3}", group="CRM", max_in_flight=2) for n in range(10)]

    attempts = await asyncio.gather(*map(dispatcher.dispatch, requests))

    assert [200] * 10 == [attempt.response.status for attempt in attempts if attempt.response]
    assert 2 == most


async def test_waiting_for_a_turn_is_within_the_deadline(
    dispatcher: Dispatcher, start_target: StartTarget, clock: Clock
) -> None:
    """
    Who had no turn sent nothing, and the target is not to blame.
    """
    target = await start_target(hang)
    slow = asyncio.create_task(dispatcher.dispatch(a_request(target.url(), group="CRM", max_in_flight=1)))
    await until(lambda: target.visits)
    waiting = asyncio.create_task(
        dispatcher.dispatch(a_request(target.url(), group="CRM", max_in_flight=1, deadline_s=4.0))
    )
    await clock.forward(3.9)
    was_early = waiting.done()
    await clock.forward(0.2)

    attempt = await waiting
    slow.cancel()

    assert not was_early
    assert isinstance(attempt.error, LimitExceeded)
    assert (Fault.POLICY, False) == (attempt.fault, attempt.sent)
    assert attempt.took_s == pytest.approx(4.1)


async def test_what_is_left_after_a_wait_is_all_there_is(
    dispatcher: Dispatcher, start_target: StartTarget, clock: Clock
) -> None:
    """
    A turn that comes late does not make the deadline later.
    """

    async def serve(visit: Visit) -> None:
        await asyncio.sleep(3.0)
        await visit.say(answer(b"ok"))

    target = await start_target(serve)
    request = a_request(target.url(), group="CRM", max_in_flight=1, deadline_s=4.0)
    tasks = [asyncio.create_task(dispatcher.dispatch(request)) for _ in range(2)]
    await until(lambda: target.visits)
    await clock.forward(3.0)
    await until(lambda: len(target.visits) == 2)
    await clock.forward(1.1)

    first, second = await asyncio.gather(*tasks)

    assert first.response is not None
    assert isinstance(second.error, TimedOut)
    assert second.took_s == pytest.approx(4.1)


async def test_one_group_does_not_hold_up_another(dispatcher: Dispatcher, start_target: StartTarget) -> None:
    """
    A target that hangs has its own group's turns, and nobody else's.
    """
    slow, quick = await start_target(hang), await start_target()
    stuck = [
        asyncio.create_task(dispatcher.dispatch(a_request(slow.url(), group="Slow", max_in_flight=1)))
        for _ in range(5)
    ]
    await until(lambda: slow.visits)

    attempt = await dispatcher.dispatch(a_request(quick.url(), group="Quick", max_in_flight=1))

    assert attempt.response is not None
    assert not any(task.done() for task in stuck)
    await dispatcher.close()
    await asyncio.gather(*stuck)


async def test_a_cancelled_dispatch_gives_its_turn_back(
    dispatcher: Dispatcher, start_target: StartTarget
) -> None:
    """
    Cancellation is the caller's; it is not recorded, it is raised.
    """

    async def serve(visit: Visit) -> None:
        if visit.number == 1:
            await hang(visit)
        await visit.say(answer(b"ok"))

    target = await start_target(serve)
    gone = asyncio.create_task(dispatcher.dispatch(a_request(target.url(), group="CRM", max_in_flight=1)))
    await until(lambda: target.visits)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone

    attempt = await dispatcher.dispatch(a_request(target.url(), group="CRM", max_in_flight=1))

    assert attempt.response is not None


async def test_a_secret_the_target_repeats_is_hidden(
    dispatcher: Dispatcher, start_target: StartTarget
) -> None:
    """
    In the body that comes back, and in every view of the attempt.
    """

    async def serve(visit: Visit) -> None:
        await visit.say(answer(b'{"you_said":"' + visit.headers["x-api-key"].encode() + b'"}'))

    target = await start_target(serve)
    request = a_request(
        target.url("/?key=s3cret-key"), headers=(("X-Api-Key", "s3cret-key"),), mask=Masker(["s3cret-key"])
    )

    attempt = await dispatcher.dispatch(request)

    assert attempt.response is not None
    assert b'{"you_said":"***"}' == attempt.response.body
    assert target.url("/?key=***") == attempt.response.url == attempt.request.url
    assert (("X-Api-Key", "***"),) == attempt.request.headers
    assert "s3cret" not in repr(attempt) + str(attempt.response)
    assert "s3cret-key" == target.visits[0].headers["x-api-key"]


async def test_a_secret_in_a_header_of_the_response_is_hidden(
    dispatcher: Dispatcher, start_target: StartTarget
) -> None:
    """
    A log-in page is told where to come back to, key and all, and the agent is told where the page is.
    """

    async def serve(visit: Visit) -> None:
        back = visit.line.split()[1]
        await visit.say(answer(status="302 Found", headers=(f"Location: /login?back={back}",)))

    target = await start_target(serve)
    request = a_request(target.url("/?key=s3cret%2Fkey"), mask=Masker(["s3cret/key"]))

    attempt = await dispatcher.dispatch(request)

    assert attempt.response is not None
    assert "/login?back=/?key=***" == attempt.response.header("Location")
    assert "s3cret" not in repr(attempt)


async def test_headers_of_the_response_are_text(dispatcher: Dispatcher, start_target: StartTarget) -> None:
    """
    Bytes that are not UTF-8 are Latin-1, and can be printed.
    """
    target = await start_target(
        b"HTTP/1.1 200 OK\r\nX-Name: M\xfcller\r\nX-Other: M\xc3\xbcller\r\nContent-Length: 0\r\n\r\n"
    )

    attempt = await dispatcher.dispatch(a_request(target.url()))

    assert attempt.response is not None
    assert ("Müller", "Müller") == (attempt.response.header("X-Name"), attempt.response.header("X-Other"))


@pytest.mark.parametrize("waits_for", ["a turn", "a name", "a response"])
async def test_closing_ends_everything_with_a_sentence(
    waits_for: str, start_target: StartTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Whoever still waits is told, and not cancelled; and the target is not to blame.
    """
    asked, answered = threading.Event(), threading.Event()

    def slow(host: str, port: int, family: int) -> object:
        asked.set()
        answered.wait(PATIENCE_S)
        return OSError("never mind")

    monkeypatch.setattr(resolver, "_look_up", slow)
    target = await start_target(hang)
    dispatcher = Dispatcher()
    url = target.url(host="slow.example" if waits_for == "a name" else None)
    requests = [
        a_request(url, group="CRM", max_in_flight=1) for _ in range(2 if waits_for == "a turn" else 1)
    ]
    tasks = [asyncio.create_task(dispatcher.dispatch(request)) for request in requests]
    await until(asked.is_set if waits_for == "a name" else lambda: target.visits)
    await dispatcher.close()

    attempt = (await asyncio.gather(*tasks))[-1]
    answered.set()

    expected = {
        "a turn": (LimitExceeded, Fault.POLICY, False),
        "a name": (ConnectFailed, Fault.OURS, False),
        "a response": (ConnectionLost, Fault.OURS, True),
    }
    assert expected[waits_for] == (type(attempt.error), attempt.fault, attempt.maybe_delivered)
    assert "was closed" in str(attempt.error)


@pytest.mark.usefixtures("either_way")
async def test_closing_is_told_whenever_it_happens(start_target: StartTarget) -> None:
    """
    After any number of the loop's steps: a response, or an error that says what ended it.
    """
    target = await start_target(b"HTTP/1.1 302 Found\r\nLocation: /on\r\nContent-Length: 0\r\n\r\n")
    told: set[str] = set()
    for steps in range(40):
        dispatcher = Dispatcher()
        request = a_request(target.url(), group="CRM", max_in_flight=1, max_redirects=3)
        tasks = [asyncio.create_task(dispatcher.dispatch(request)) for _ in range(2)]
        for _ in range(steps):
            await asyncio.sleep(0)
        await dispatcher.close()
        for attempt in await asyncio.gather(*tasks):
            if attempt.response is None:
                told.add(str(attempt.error))
                assert attempt.fault in (Fault.OURS, Fault.POLICY)

    assert told
    assert all("was closed" in each for each in told)


async def test_webhooks_without_a_group_have_limits_of_their_own(
    dispatcher: Dispatcher, start_target: StartTarget
) -> None:
    """
    One that hangs holds up its own requests, and no other webhook's.
    """

    async def serve(visit: Visit) -> None:
        if "/slow" in visit.line:
            await hang(visit)
        await visit.say(answer(b"ok"))

    target = await start_target(serve)
    stuck = asyncio.create_task(
        dispatcher.dispatch(a_request(target.url("/slow"), webhook="Slow", max_in_flight=1))
    )
    await until(lambda: target.visits)

    attempt = await dispatcher.dispatch(a_request(target.url(), webhook="Quick", max_in_flight=1))

    assert attempt.response is not None
    assert not stuck.done()
    await dispatcher.close()
    await stuck


async def test_leaves_nothing_behind(start_target: StartTarget) -> None:
    """
    Whatever happened, closing is quiet: no warning, no task, no open connection.
    """

    async def serve(visit: Visit) -> None:
        if "/hang" in visit.line:
            await hang(visit)
        await visit.say(answer(b"ok"))

    target = await start_target(serve)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = asyncio.all_tasks()
        async with Dispatcher(Limits(connect_s=0.2)) as dispatcher:
            for path in ("/", "/hang", "/"):
                await dispatcher.dispatch(a_request(target.url(path), deadline_s=0.1))
            await dispatcher.dispatch(a_request("http://127.0.0.1:1/"))
            await dispatcher.dispatch(a_request(target.url(), policy=PUBLIC_ONLY))
        gc.collect()
        await asyncio.sleep(0)

    # What is left serves the target's side of connections.
    assert not [task for task in asyncio.all_tasks() - before if "serve" not in repr(task.get_coro())]


def test_each_loop_has_its_own() -> None:
    """
    Two loops one after the other, and nothing of the first in the second.
    """

    async def once() -> bool:
        async with Dispatcher() as dispatcher:
            attempt = await dispatcher.dispatch(a_request("http://127.0.0.1:1/", group="G", max_in_flight=1))
            return attempt.error is not None

    assert [True, True] == [asyncio.run(once()) for _ in range(2)]
