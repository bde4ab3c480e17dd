"""
An agent waits: one deadline, at most one quick and safe second try, and nothing that comes late.
"""

import asyncio
import errno
from dataclasses import replace

import pytest

from tests.performing.work import CRM, PATIENCE_S, Clock, attempt, broken, request
from webhook_engine.dispatch import EgressPolicy
from webhook_engine.errors import (
    AgentRefused,
    ConnectFailed,
    ConnectionLost,
    LimitExceeded,
    NameNotFound,
    TargetPaused,
    TimedOut,
    TlsFailed,
)
from webhook_engine.performing import Breakers, BreakerSettings, Live, LiveSettings
from webhook_engine.performing.lookups import Lookups

AT_ONCE = LiveSettings(pause_s=0.0)


class Target:
    """
    Gives its answers one after the other, the last one for ever; holds them while it is told to.
    """

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.arrived = asyncio.Event()

    async def __call__(self, prepared, *, number=1, deadline=None):
        self.sent.append((prepared, deadline))
        self.arrived.set()
        await self.gate.wait()
        await asyncio.sleep(0)  # no answer is there at once
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return replace(answer, prepared=prepared, number=number)


def live(target, **facts):
    facts.setdefault("settings", AT_ONCE)
    facts.setdefault("breakers", Breakers(clock=Clock()))
    return Live(target, **facts)


def get(**facts):
    return request("GET", **facts)


REFUSED = ConnectFailed("nobody answers", target=CRM)
REFUSED.__cause__ = OSError(errno.ECONNREFUSED, "refused")
NO_ROUTE = ConnectFailed("no way", target=CRM)
NO_ROUTE.__cause__ = OSError(errno.ENETUNREACH, "no way")
LOST = ConnectionLost("broken off", target=CRM)

SECOND_TRIES = {
    "GET, nobody answers": ("GET", broken(REFUSED, sent=False), 2),
    "POST, nobody answers": ("POST", broken(REFUSED, sent=False), 2),
    "GET, broken off": ("GET", broken(LOST), 2),
    "POST, broken off": ("POST", broken(LOST), 1),
    "POST, broken off before it was sent": ("POST", broken(LOST, sent=False), 2),
    "PUT, broken off": ("PUT", broken(LOST, method="PUT"), 1),
    "GET, 503": ("GET", attempt(503, method="GET"), 2),
    "GET, 502": ("GET", attempt(502, method="GET"), 2),
    "GET, 503 and when": ("GET", attempt(503, method="GET", headers=[("Retry-After", "1")]), 1),
    "GET, 500": ("GET", attempt(500, method="GET"), 1),
    "POST, 503": ("POST", attempt(503), 1),
    "GET, 404": ("GET", attempt(404, method="GET"), 1),
    "GET, too late": ("GET", broken(TimedOut(target=CRM, after_s=4)), 1),
    "GET, no such host": ("GET", broken(NameNotFound("no", target=CRM), sent=False), 1),
    "GET, no TLS": ("GET", broken(TlsFailed("no", target=CRM), sent=False), 1),
    "GET, no way": ("GET", broken(NO_ROUTE, sent=False), 1),
    "GET, our limit": ("GET", broken(LimitExceeded("full", target=CRM), sent=False), 1),
}


@pytest.mark.parametrize(("method", "answer", "sends"), SECOND_TRIES.values(), ids=SECOND_TRIES.keys())
async def test_a_second_try_is_safe_or_not_made(method, answer, sends):
    """
    A GET where it may help, and anything else only where it never left; never a third.
    """
    target = Target(replace(answer, prepared=request(method)))

    found = await live(target).ask(request(method))

    assert (sends, sends) == (len(target.sent), found.attempt.number)


@pytest.mark.parametrize(
    ("answer", "sends"),
    [(broken(LOST), 2), (attempt(503), 2), (attempt(500), 1), (broken(TimedOut(target=CRM, after_s=4)), 1)],
    ids=["broken off", "503", "500", "too late"],
)
async def test_a_post_that_only_looks_something_up_is_tried_as_a_get(answer, sends):
    """
    Where its webhook says that it is safe.
    """
    lookup = request("POST", body=b"{}", safe=True)
    target = Target(replace(answer, prepared=lookup))

    found = await live(target).ask(lookup)

    assert (sends, sends) == (len(target.sent), found.attempt.number)


async def test_the_second_answer_counts():
    """
    The agent sees what the target said in the end.
    """
    target = Target(broken(LOST), attempt(200))

    found = await live(target).ask(get())

    assert (200, 2, None) == (found.attempt.response.status, found.attempt.number, found.age_s)


@pytest.mark.parametrize(
    ("tries", "sends"),
    [
        ([broken(LOST), broken(REFUSED, sent=False)], 1),
        ([broken(REFUSED, sent=False), attempt(200)], 1),
        ([broken(REFUSED, sent=False), broken(REFUSED, sent=False)], 0),
        ([broken(LOST), attempt(200)], 2),
    ],
    ids=["the first", "the second", "neither", "both"],
)
async def test_of_two_tries_those_count_that_left(tries, sends):
    """
    How often the target was asked is not how often somebody tried.
    """
    found = await live(Target(*tries)).ask(get())

    assert (2, sends) == (found.attempt.number, found.attempt.sends)


async def test_both_tries_have_one_deadline():
    """
    The second one gets what the first left over.
    """
    target = Target(broken(LOST), attempt(200))

    await live(target, settings=LiveSettings(pause_s=0.01)).ask(get(deadline_s=2.0))

    (_, first), (_, second) = target.sent
    now = asyncio.get_running_loop().time()
    assert first is None  # the request's own
    assert now < second <= now + 2.0


async def test_a_second_try_that_is_not_let_through_changes_nothing():
    """
    The first failure is the answer: it says why the target is left alone.
    """
    target = Target(broken(LOST))
    breakers = Breakers(BreakerSettings(failures=1, slots=1), clock=Clock())

    found = await live(target, breakers=breakers).ask(get())

    assert (LOST, 1, 1) == (found.attempt.error, found.attempt.number, len(target.sent))


async def test_there_is_no_second_try_without_time():
    """
    A request that cannot be answered in time is not sent.
    """
    target = Target(broken(LOST))

    await live(target, settings=LiveSettings(pause_s=0.0, least_s=1.0)).ask(get(deadline_s=0.5))

    assert 1 == len(target.sent)


async def test_there_is_one_deadline_around_the_everyday_request():
    """
    The sender's, who is told of none: whoever asks waits as long as the request says, and not a timer more.
    """
    target = Target(attempt(200))
    target.gate.clear()
    loop = asyncio.get_running_loop()
    timers = len(loop._scheduled)

    asked = asyncio.create_task(live(target).ask(request(deadline_s=0.05)))
    await target.arrived.wait()

    assert [(request(deadline_s=0.05), None)] == target.sent
    assert timers == len(loop._scheduled)
    target.gate.set()
    await asked


# --- The breaker -----------------------------------------------------------------------------


async def test_a_failing_target_is_not_asked():
    """
    The agent reads at once that it fails, instead of waiting for it again.
    """
    target = Target(attempt(500))
    asking = live(target)
    for _ in range(5):
        await asking.ask(request())

    found = await asking.ask(request())

    assert 5 == len(target.sent)
    assert isinstance(found.attempt.error, TargetPaused)
    assert "failed 5 times in a row" in str(found.attempt.error)
    assert (False, 0.0) == (found.attempt.sent, found.attempt.took_s)


async def test_a_target_that_comes_back_is_asked_one_thing_first():
    """
    And as usual when that is answered.
    """
    clock = Clock()
    target = Target(*[attempt(500)] * 5, attempt(200))
    asking = live(target, breakers=Breakers(clock=clock))
    for _ in range(5):
        await asking.ask(request())
    clock.now += 5.0
    target.gate.clear()
    target.arrived.clear()

    probe = asyncio.create_task(asking.ask(request()))
    await target.arrived.wait()
    meanwhile = await asking.ask(request())
    target.gate.set()

    assert isinstance(meanwhile.attempt.error, TargetPaused)
    assert 200 == (await probe).attempt.response.status
    assert 200 == (await asking.ask(request())).attempt.response.status


async def test_retry_after_holds_for_agents_too():
    """
    A target that asks for a pause gets it from everybody.
    """
    clock = Clock()
    target = Target(attempt(429, headers=[("Retry-After", "30")]), attempt(200))
    asking = live(target, breakers=Breakers(clock=clock))
    await asking.ask(request())

    found = await asking.ask(request())
    assert 30.0 == found.attempt.error.wait_s
    clock.now += 30.0
    found = await asking.ask(request())

    assert 200 == found.attempt.response.status


async def test_refusals_are_no_failures():
    """
    A target that says no works.
    """
    target = Target(attempt(404))
    asking = live(target)
    for _ in range(20):
        await asking.ask(request())

    assert 20 == len(target.sent)


# --- The same asked twice --------------------------------------------------------------------


async def together(asking, target, *requests):
    target.gate.clear()
    tasks = [asyncio.create_task(asking.ask(each)) for each in requests]
    await target.arrived.wait()
    await asyncio.sleep(0)
    target.gate.set()
    return await asyncio.gather(*tasks)


async def test_the_same_lookup_is_sent_once():
    """
    Ten agents who look up one caller at one time are one request to the target.
    """
    target = Target(attempt(200, method="GET"))

    answers = await together(live(target), target, *[get() for _ in range(10)])

    assert 1 == len(target.sent)
    assert [False] + [True] * 9 == [each.shared for each in answers]
    assert {200} == {each.attempt.response.status for each in answers}


OTHERS = {
    "another address": {"url": "https://crm.example.com/others"},
    "another agent's credentials": {"headers": (("X-Api-Key", "another"),)},
    "something to do": {"method": "POST"},
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
async def test_what_differs_in_a_byte_is_sent_twice(other):
    """
    Nobody gets an answer to another's question, nor one for another's credentials.
    """
    target = Target(attempt(200))
    facts = {"method": "GET", **other}

    await together(live(target), target, get(), request(**facts), get())

    assert 2 == len(target.sent)


async def test_what_asks_for_something_to_be_done_is_never_shared():
    """
    Two notes are two notes.
    """
    target = Target(attempt(200))

    await together(live(target), target, request(body=b"note"), request(body=b"note"))

    assert 2 == len(target.sent)


async def test_a_post_that_only_looks_something_up_is_shared():
    """
    By those who ask the same, to the last byte of its body.
    """
    target = Target(attempt(200))

    bodies = (b"1", b"2", b"1", b"1", b"2")
    await together(live(target), target, *(request("POST", body=each, safe=True) for each in bodies))

    assert [b"1", b"2"] == sorted(prepared.body for prepared, _ in target.sent)


async def test_another_policy_is_another_request():
    """
    An answer that one tenant may fetch is not handed to a tenant that may not.
    """
    target = Target(attempt(200))
    one = get()
    other = replace(one, route=replace(one.route, policy=EgressPolicy(["10.0.0.0/8"])))

    await together(live(target), target, one, other)

    assert 2 == len(target.sent)


async def test_later_the_same_is_sent_again():
    """
    Only what is under way is shared.
    """
    target = Target(attempt(200))
    asking = live(target)

    await asking.ask(get())
    await asking.ask(get())

    assert 2 == len(target.sent)


async def test_who_leaves_does_not_take_the_answer_along():
    """
    The agent whose request it was hangs up; the next one's takes its place.
    """
    target = Target(attempt(200))
    target.gate.clear()
    asking = live(target)
    first = asyncio.create_task(asking.ask(get()))
    await target.arrived.wait()
    second = asyncio.create_task(asking.ask(get()))
    await asyncio.sleep(0)

    first.cancel()
    target.gate.set()

    assert 200 == (await second).attempt.response.status
    assert 2 == len(target.sent)


async def leading(asking, target, **facts):
    """
    Somebody whose request is under way, which others may share.
    """
    target.gate.clear()
    task = asyncio.create_task(asking.ask(get(**facts)))
    await target.arrived.wait()
    target.arrived.clear()
    return task


async def test_who_shares_waits_no_longer_than_they_may():
    """
    The deadline of whoever shares is their own, although the request goes on for others.
    """
    target = Target(attempt(200))
    asking = live(target)
    first = await leading(asking, target, deadline_s=PATIENCE_S)

    async with asyncio.timeout(PATIENCE_S / 2):
        found = await asking.ask(get(deadline_s=0.05))

    assert isinstance(found.attempt.error, TimedOut)
    assert 0.05 == pytest.approx(found.attempt.took_s, abs=PATIENCE_S / 2)
    assert (True, 1) == (found.shared, len(target.sent))
    target.gate.set()
    assert 200 == (await first).attempt.response.status


RAN_OUT = {
    "the target was too slow": TimedOut(target=CRM, after_s=4),
    "our limit was too narrow": LimitExceeded("full", target=CRM),
}


@pytest.mark.parametrize("error", RAN_OUT.values(), ids=RAN_OUT.keys())
async def test_whose_time_is_not_over_asks_again(error):
    """
    Who came first runs out of time first; those who came later have some left, and one of them asks for all.
    """
    target = Target(broken(error, method="GET"), attempt(200, method="GET"))
    asking = live(target)
    first = await leading(asking, target)
    others = [asyncio.create_task(asking.ask(get())) for _ in range(3)]
    await asyncio.sleep(0)
    target.gate.set()

    answers = await asyncio.gather(first, *others)

    assert error is answers[0].attempt.error
    assert [200] * 3 == [each.attempt.response.status for each in answers[1:]]
    assert [False, True, True] == [each.shared for each in answers[1:]]
    (_, unlimited), (_, deadline) = target.sent
    now = asyncio.get_running_loop().time()
    assert unlimited is None
    assert now < deadline <= now + 4.0


async def test_whose_time_is_over_too_does_not_ask_again():
    """
    With hardly any time left, the time-out is the answer for everybody.
    """
    target = Target(broken(RAN_OUT["the target was too slow"], method="GET"), attempt(200))

    answers = await together(live(target), target, get(), get(deadline_s=0.2), get(deadline_s=0.2))

    assert 1 == len(target.sent)
    assert [TimedOut] * 3 == [type(each.attempt.error) for each in answers]


async def test_other_failures_are_shared():
    """
    A target that broke off would do so again.
    """
    target = Target(attempt(500, method="GET"))

    answers = await together(live(target), target, get(), get(), get())

    assert 1 == len(target.sent)
    assert [500] * 3 == [each.attempt.response.status for each in answers]


async def test_many_share_at_one_address():
    """
    Two agents' credentials at one address are two requests, each shared by who has them.
    """
    target = Target(attempt(200, method="GET"))
    keys = [("X-Api-Key", name) for name in "ababba"]

    answers = await together(live(target), target, *[get(headers=(key,)) for key in keys])

    assert [False, False, True, True, True, True] == [each.shared for each in answers]
    assert [(keys[0],), (keys[1],)] == [prepared.headers for prepared, _ in target.sent]
    assert keys == [each.attempt.prepared.headers[0] for each in answers]


def test_who_came_second_at_an_address_is_found_when_the_first_has_left():
    """
    Whatever else was under way there when it began.
    """
    lookups = Lookups()
    one, other = (get(headers=(("X-Api-Key", name),)) for name in "ab")
    first, _ = lookups.enter(one)
    second, began = lookups.enter(other)
    lookups.leave(first, None)

    assert began
    assert (second, False) == lookups.enter(other)


async def test_nothing_is_left_of_lookups_that_ended():
    """
    Whatever became of them: memory would fill up with addresses.
    """
    target = Target(attempt(200, method="GET"))
    asking = live(target)
    await together(asking, target, *[get(headers=(("X-Api-Key", name),)) for name in "aabbc"])
    cut_off = await leading(asking, target)
    waiting = asyncio.create_task(asking.ask(get()))
    await asyncio.sleep(0)
    waiting.cancel()
    cut_off.cancel()
    await asyncio.gather(cut_off, waiting, return_exceptions=True)

    lookups = asking._lookups
    assert ({}, 0, {}) == (lookups._running, lookups._apart, lookups._waiting)


# --- Older answers ---------------------------------------------------------------------------


async def test_an_older_answer_stands_in_where_that_is_allowed():
    """
    With its age, and with what failed now.
    """
    clock = Clock()
    target = Target(attempt(200, body=b"Jane"), broken(TimedOut(target=CRM, after_s=4)))
    asking = live(target, breakers=Breakers(clock=clock))
    await asking.ask(get(), stale_s=60)
    clock.now += 40

    found = await asking.ask(get(), stale_s=60)

    assert (b"Jane", 40.0) == (found.attempt.response.body, found.age_s)
    assert isinstance(found.failed.error, TimedOut)


REPLACED = {
    "too old": (attempt(500, method="GET"), 30, get()),
    "not allowed": (attempt(500, method="GET"), 0, get()),
    "a refusal": (attempt(403, method="GET"), 60, get()),
    "no agent": (broken(AgentRefused("no", target=CRM)), 60, get()),
    "another question": (attempt(500, method="GET"), 60, get(url="https://crm.example.com/others")),
    "another's credentials": (attempt(500, method="GET"), 60, get(headers=(("X-Api-Key", "b"),))),
}


@pytest.mark.parametrize(("answer", "stale_s", "asked"), REPLACED.values(), ids=REPLACED.keys())
async def test_nothing_else_is_replaced(answer, stale_s, asked):
    """
    Neither what the target did say, nor by what is too old or was not the same question.
    """
    clock = Clock()
    target = Target(attempt(200, body=b"Jane"), answer)
    asking = live(target, breakers=Breakers(clock=clock))
    await asking.ask(get(), stale_s=60)
    clock.now += 40

    found = await asking.ask(asked, stale_s=stale_s)

    assert (None, None) == (found.age_s, found.failed)


async def test_what_is_not_good_is_not_kept():
    """
    The caller judges: a 200 may hold an error.
    """
    target = Target(attempt(200), attempt(500))
    asking = live(target)
    await asking.ask(get(), stale_s=60, good=lambda _: False)

    assert None is (await asking.ask(get(), stale_s=60)).age_s


async def test_old_answers_take_no_more_room_than_they_may():
    """
    The oldest go first, and one that is too large is not kept at all.
    """
    target = Target(attempt(200, body=b"x" * 5000))
    asking = live(target, settings=LiveSettings(pause_s=0.0, stale_bytes=20_000, stale_answers=100))
    for n in range(10):
        await asking.ask(get(url=f"https://crm.example.com/{n}"), stale_s=60)
    target.answers = [attempt(500)]

    ages = [(await asking.ask(get(url=f"https://crm.example.com/{n}"), stale_s=60)).age_s for n in (0, 9)]

    assert [None, 0.0] == ages
