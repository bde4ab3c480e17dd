"""
One dispatch is one attempt, recorded whatever becomes of it.
"""

from __future__ import annotations

import asyncio
import gc
import time
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
    NameNotFound,
    ResponseTooLarge,
    TimedOut,
)
from webhook_engine.settings import Limits

from .conftest import PUBLIC_ONLY, StartTarget, Visit, a_request, answer


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
    assert attempt.response.took_s <= attempt.took_s < 1


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

    async def serve(visit: Visit) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.02)
        under_way -= 1
        await visit.say(answer(b"ok"))

    target = await start_target(serve)
    requests = [a_request(target.url(), webhook=f"W{n % 3}", group="CRM", max_in_flight=2) for n in range(10)]

    attempts = await asyncio.gather(*map(dispatcher.dispatch, requests))

    assert [200] * 10 == [attempt.response.status for attempt in attempts if attempt.response]
    assert 2 == most


async def test_waiting_for_a_turn_is_within_the_deadline(
    dispatcher: Dispatcher, start_target: StartTarget
) -> None:
    """
    Who had no turn sent nothing, and the target is not to blame.
    """

    async def serve(visit: Visit) -> None:
        await asyncio.sleep(0.4)
        await visit.say(answer(b"ok"))

    target = await start_target(serve)
    slow = asyncio.create_task(dispatcher.dispatch(a_request(target.url(), group="CRM", max_in_flight=1)))
    await asyncio.sleep(0.02)

    attempt = await dispatcher.dispatch(a_request(target.url(), group="CRM", max_in_flight=1, deadline_s=0.1))
    await slow

    assert isinstance(attempt.error, LimitExceeded)
    assert (Fault.POLICY, False) == (attempt.fault, attempt.sent)
    assert 0.1 <= attempt.took_s < 0.2


async def test_what_is_left_after_a_wait_is_all_there_is(
    dispatcher: Dispatcher, start_target: StartTarget
) -> None:
    """
    A turn that comes late does not make the deadline later.
    """

    async def serve(visit: Visit) -> None:
        await asyncio.sleep(0.2)
        await visit.say(answer(b"ok"))

    target = await start_target(serve)
    requests = [a_request(target.url(), group="CRM", max_in_flight=1, deadline_s=0.3) for _ in range(2)]

    first, second = await asyncio.gather(*map(dispatcher.dispatch, requests))

    assert first.response is not None
    assert isinstance(second.error, TimedOut)
    assert second.took_s < 0.4


async def test_one_group_does_not_hold_up_another(dispatcher: Dispatcher, start_target: StartTarget) -> None:
    """
    A target that hangs has its own group's turns, and nobody else's.
    """

    async def hang(visit: Visit) -> None:
        await asyncio.sleep(30)

    slow, quick = await start_target(hang), await start_target()
    stuck = [
        asyncio.create_task(
            dispatcher.dispatch(a_request(slow.url(), group="Slow", max_in_flight=1, deadline_s=0.5))
        )
        for _ in range(5)
    ]
    await asyncio.sleep(0.02)

    attempt = await dispatcher.dispatch(a_request(quick.url(), group="Quick", max_in_flight=1))
    await asyncio.gather(*stuck)

    assert attempt.response is not None
    assert attempt.took_s < 0.2


async def test_a_cancelled_dispatch_gives_its_turn_back(
    dispatcher: Dispatcher, start_target: StartTarget
) -> None:
    """
    Cancellation is the caller's; it is not recorded, it is raised.
    """

    async def serve(visit: Visit) -> None:
        await asyncio.sleep(30 if visit.number == 1 else 0)
        await visit.say(answer(b"ok"))

    target = await start_target(serve)
    gone = asyncio.create_task(dispatcher.dispatch(a_request(target.url(), group="CRM", max_in_flight=1)))
    await asyncio.sleep(0.05)
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


@pytest.mark.parametrize("waits_for", ["a turn", "a name", "a response"])
async def test_closing_ends_everything_with_a_sentence(
    waits_for: str, start_target: StartTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Whoever still waits is told, and not cancelled.
    """

    async def hang(visit: Visit) -> None:
        await asyncio.sleep(30)

    def slow(host: str, port: int, family: int) -> object:
        time.sleep(0.3)
        return OSError("never mind")

    monkeypatch.setattr(resolver, "_look_up", slow)
    target = await start_target(hang)
    dispatcher = Dispatcher()
    url = target.url(host="slow.example" if waits_for == "a name" else None)
    requests = [
        a_request(url, group="CRM", max_in_flight=1) for _ in range(2 if waits_for == "a turn" else 1)
    ]
    tasks = [asyncio.create_task(dispatcher.dispatch(request)) for request in requests]
    await asyncio.sleep(0.05)
    await dispatcher.close()

    attempt = (await asyncio.gather(*tasks))[-1]

    expected = {
        "a turn": LimitExceeded,
        "a name": (ConnectFailed, NameNotFound),
        "a response": ConnectionLost,
    }
    assert isinstance(attempt.error, expected[waits_for])  # type: ignore[arg-type]


async def test_webhooks_without_a_group_have_limits_of_their_own(
    dispatcher: Dispatcher, start_target: StartTarget
) -> None:
    """
    One that hangs holds up its own requests, and no other webhook's.
    """

    async def serve(visit: Visit) -> None:
        await asyncio.sleep(30 if "/slow" in visit.line else 0)
        await visit.say(answer(b"ok"))

    target = await start_target(serve)
    stuck = asyncio.create_task(
        dispatcher.dispatch(a_request(target.url("/slow"), webhook="Slow", max_in_flight=1, deadline_s=0.3))
    )
    await asyncio.sleep(0.02)

    attempt = await dispatcher.dispatch(
        a_request(target.url(), webhook="Quick", max_in_flight=1, deadline_s=0.2)
    )
    await stuck

    assert attempt.response is not None


async def test_leaves_nothing_behind(start_target: StartTarget) -> None:
    """
    Whatever happened, closing is quiet: no warning, no task, no open connection.
    """

    async def serve(visit: Visit) -> None:
        if "/hang" in visit.line:
            await asyncio.sleep(30)
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
