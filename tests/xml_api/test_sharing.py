"""
Keys, kept answers, limits, and what is written down.
"""

import asyncio
import threading
from typing import Annotated

import pytest

from tests.xml_api.asking import (
    KEY,
    KEYS,
    NOTHING_DONE,
    OTHER_KEY,
    OTHER_TENANT,
    TENANT,
    error,
    request_of,
    sentence_of,
    serving,
)
from webhook_engine.xml_api import Input, Says, action, xml_api
from webhook_engine.xml_api.cache import AnswerCache
from webhook_engine.xml_api.faults import SipServerNotFound
from webhook_engine.xml_api.limits import CallLimits

EXCEEDED = error("Concurrent API Calls Exceeded")
FAILED = error("I'm sorry, connection to one or more of the databases failed")
OF_A = "<Of>a</Of>"


class Work:
    """
    An action that counts how often it is done, and waits until it may end.
    """

    def __init__(self, *, reads=True, limit=None, refreshes=()):
        self.count, self.running = 0, 0
        self.free = asyncio.Event()
        self.free.set()
        self.fails = False

        @action("Work", answer=Says(""), reads=reads, limit=limit, refreshes=refreshes)
        async def work(of: Annotated[str, Input("Of", "What of.", "a")]) -> str:
            self.count += 1
            self.running += 1
            number = self.count
            try:
                await self.free.wait()
                if self.fails:
                    raise SipServerNotFound
                return f"{of} {number}"
            finally:
                self.running -= 1

        self.action = work

    async def until(self, running):
        async with asyncio.timeout(10):
            while self.running != running:
                await asyncio.sleep(0.01)


class Clock:
    """
    Goes as fast as the test says.
    """

    now = 0.0

    def __call__(self):
        return self.now


# --- Keys --------------------------------------------------------------------------------------------


async def test_a_key_is_for_its_actions():
    """
    Permission is asked about once the action is known.
    """
    work = Work()
    async with serving(actions=[work.action], insecure_http=True) as client:
        client.key = "only-nothing"

        assert NOTHING_DONE == await client.ask()
        assert error("Permission Denied") == await client.ask("Work", OF_A)
        assert error("Permission Denied") == await client.ask("Work")
    assert 0 == work.count


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        ([], NOTHING_DONE),
        (["xml"], NOTHING_DONE),
        (["DoNothing", "events"], NOTHING_DONE),
        (["events"], error("Permission Denied")),
        (["donothing"], error("Permission Denied")),
    ],
    ids=str,
)
async def test_keys_of_a_store(standing, scopes, expected):
    """
    Several for a tenant, each with a name and, if wanted, the actions it is for; gone once it is removed.
    """
    made = await standing.store.keys.add(TENANT, "Another", scopes=scopes, by="an administrator")

    assert expected == await standing.ask(auth=made.secret)
    assert (await standing.store.keys.list(TENANT))[-1].last_used_at is not None
    await standing.store.keys.remove(TENANT, "Another", by="an administrator")
    assert error("Authorization Failed") == await standing.ask(auth=made.secret)


async def test_another_tenants_key_is_no_key(standing):
    """
    In what is answered, and in the work that is done to find out.
    """
    theirs = (await standing.store.keys.add(OTHER_TENANT, "theirs", by="an administrator")).secret
    compared = []

    def compare(*pair):
        compared.append(tuple(map(len, pair)))
        return False

    answers = {await standing.ask(auth=auth) for auth in (theirs, theirs[:-1] + "?", "x" * len(theirs))}
    assert {error("Authorization Failed")} == answers

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("webhook_engine.store.api_keys.hmac.compare_digest", compare)
        for auth in (theirs, theirs[:-1] + "?", "x" * len(theirs)):
            standing.store.keys.check(auth, tenant=TENANT)
    assert [(32, 32)] * 6 == compared
    keys = await standing.store.keys.list(OTHER_TENANT)
    assert keys[0].last_used_at is None


# --- Kept answers ------------------------------------------------------------------------------------


@pytest.fixture
def clock():
    return Clock()


async def test_a_reading_request_is_answered_again_for_a_while(clock):
    """
    From what was found in the last 30 seconds, each request and each tenant by itself.
    """
    work = Work()
    cache = AnswerCache(clock=clock)
    async with serving(actions=[work.action], cache=cache, insecure_http=True) as client:
        first = await client.ask("Work", OF_A)
        clock.now = 29.9
        assert first == await client.ask("Work", f"\n<!-- again -->{OF_A}<Else/>")
        assert 1 == work.count
        assert first != await client.ask("Work", "<Of>b</Of>")
        assert first != await client.ask("Work", OF_A, tenant=OTHER_TENANT, auth=OTHER_KEY)
        assert 3 == work.count
        clock.now = 30.0
        assert first != await client.ask("Work", OF_A)
    assert 4 == work.count


async def test_requests_that_write_are_done_each_time():
    """
    And what they change is read anew.
    """
    reading, writing = Work(), Work(reads=False, refreshes=["Work"])
    change = action("Change", answer=Says(""), refreshes=["Work"])(writing.action.function)
    async with serving(actions=[reading.action, change], insecure_http=True) as client:
        assert (await client.ask("Change", OF_A)) != (await client.ask("Change", OF_A))
        first = await client.ask("Work", OF_A)
        await client.ask("Change", OF_A, tenant=OTHER_TENANT, auth=OTHER_KEY)
        assert first == await client.ask("Work", OF_A)
        await client.ask("Change", OF_A)
        assert first != await client.ask("Work", OF_A)


async def test_the_same_request_at_the_same_time_is_done_once():
    """
    Everybody who asks gets what the first one found, also where the first one has gone.
    """
    work = Work()
    work.free.clear()
    async with serving(actions=[work.action], insecure_http=True) as client:
        gone = asyncio.create_task(client.ask("Work", OF_A))
        await work.until(1)
        asked = [asyncio.create_task(client.ask("Work", OF_A)) for _ in range(20)]
        await asyncio.sleep(0.1)
        gone.cancel()
        work.free.set()
        answers = await asyncio.gather(*asked)

    assert (1, 1) == (work.count, len(set(answers)))


async def test_a_failure_is_not_kept():
    """
    Who asked at the time is told; who asks next has it done anew.
    """
    work = Work()
    work.fails = True
    async with serving(actions=[work.action], insecure_http=True) as client:
        assert error("Sip Server not found") == await client.ask("Work", OF_A)
        work.fails = False
        assert sentence_of(await client.ask("Work", OF_A)) is None
    assert 2 == work.count


async def test_kept_answers_have_bounds(clock):
    """
    The least recently used go first; one that is too large is not kept.
    """
    cache = AnswerCache(room_bytes=100_000, clock=clock)

    async def body(size):
        return b"x" * size

    for number in range(12):
        await cache.once(("t", "a", number), lambda: body(9_000))
        await asyncio.sleep(0)
        cache.get(("t", "a", 0))
    await cache.once(("t", "a", "large"), lambda: body(90_000))
    await asyncio.sleep(0)

    kept = [number for number in range(12) if cache.get(("t", "a", number)) is not None]
    assert [0, *range(4, 12)] == kept
    assert cache.get(("t", "a", "large")) is None
    assert cache._bytes == 9 * (9_000 + 1_024)


# --- Limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reads", [True, False])
async def test_the_fourth_at_a_time_is_refused(reads):
    """
    At once, and before its inputs are looked at; another tenant and another action have places of their own.
    """
    work = Work(reads=reads, limit=3)
    work.free.clear()
    async with serving(actions=[work.action], insecure_http=True) as client:
        asked = [asyncio.create_task(client.ask("Work", f"<Of>{n}</Of>")) for n in range(3)]
        await work.until(3)

        assert EXCEEDED == await client.ask("Work", "<Of>4</Of>")
        assert EXCEEDED == await client.ask("Work")
        assert NOTHING_DONE == await client.ask()
        theirs = asyncio.create_task(client.ask("Work", OF_A, tenant=OTHER_TENANT, auth=OTHER_KEY))
        await work.until(4)
        work.free.set()
        assert [None] * 4 == [sentence_of(each) for each in await asyncio.gather(*asked, theirs)]
        assert sentence_of(await client.ask("Work", "<Of>4</Of>")) is None


async def test_places_are_given_back_whatever_happens():
    """
    Failures, wrong inputs and refusals leave none taken.
    """
    work = Work(limit=3)
    work.fails = True
    async with serving(actions=[work.action], insecure_http=True) as client:
        for _ in range(5):
            assert error("Sip Server not found") == await client.ask("Work", OF_A)
            assert "Incorrect" in sentence_of(await client.ask("Work"))


async def test_two_applications_that_count_together():
    """
    As processes do over one database: what is under way in one takes places of the other.
    """
    work, limits = Work(limit=3), CallLimits()
    work.free.clear()
    shared = {"actions": [work.action], "limits": limits, "insecure_http": True}
    async with serving(**shared) as one, serving(**shared) as other:
        asked = [
            asyncio.create_task(client.ask("Work", f"<Of>{n}</Of>"))
            for n, client in enumerate([one, other, one])
        ]
        await work.until(3)

        assert [EXCEEDED] * 2 == [await client.ask("Work", "<Of>4</Of>") for client in (one, other)]
        work.free.set()
        assert [None] * 3 == [sentence_of(each) for each in await asyncio.gather(*asked)]


async def test_a_thread_that_was_given_up_keeps_its_place():
    """
    As many at a time as the action allows are at work, whoever waits for them; then the places are free again.
    """
    free, begun = threading.Event(), threading.Semaphore(0)

    @action("Slow", answer=Says(""), limit=3, deadline_s=0.05)
    def slow() -> str:
        begun.release()
        free.wait(30)
        return "done"

    async with serving(actions=[slow], insecure_http=True) as client:
        try:
            given_up = await asyncio.gather(*(client.ask("Slow") for _ in range(3)))
            assert [FAILED] * 3 == given_up
            assert [EXCEEDED] * 3 == [await client.ask("Slow") for _ in range(3)]
            assert FAILED == await client.ask("Slow", tenant=OTHER_TENANT, auth=OTHER_KEY)
        finally:
            free.set()
        async with asyncio.timeout(10):
            while EXCEEDED == await client.ask("Slow"):
                await asyncio.sleep(0.01)
    assert begun.acquire(timeout=0)


async def test_threads_that_hang_hold_up_nobody_else():
    """
    Neither long requests that are read beside the loop, nor what the application does in its own threads.
    """
    free = threading.Event()

    @action("Hangs", answer=Says(""))
    def hangs() -> str:
        free.wait(30)
        return "done"

    async with serving(actions=[hangs], insecure_http=True) as client:
        hanging = [asyncio.create_task(client.ask("Hangs")) for _ in range(50)]
        await asyncio.sleep(0.2)
        try:
            async with asyncio.timeout(10):
                assert NOTHING_DONE == await client.ask("DoNothing", f"<Long>{'x' * 200_000}</Long>")
                assert 7 == await asyncio.to_thread(lambda: 7)
        finally:
            free.set()
        assert 50 == len(await asyncio.gather(*hanging))


# --- What is written down ----------------------------------------------------------------------------


async def test_each_request_is_written_down(standing):
    """
    When, which key, which action, how long, what came of it; nothing of what it held or was answered.
    """
    await standing.ask()
    await standing.ask("GetContacts", "<Search>canary-7f3a</Search>")
    await standing.ask("Unknown" * 40)
    await standing.ask(auth="canary-7f3a")
    await standing.ask("AddContact", "<FirstName>canary-7f3a</FirstName>")
    await standing.send("<XML>canary-7f3a")
    await standing.ask(tenant="Nobody")

    found = await standing.store.api_requests.page(TENANT)

    expected = [
        ("CRM", "AddContact", "Incorrect Input Parameters. Please check the documentation"),
        (None, "", "Authorization Failed"),
        ("CRM", ("Unknown" * 40)[:80], "Action Name Not Found"),
        ("CRM", "GetContacts", "Success"),
        ("CRM", "DoNothing", "Success"),
    ]
    assert expected == [(each.key, each.action, each.outcome) for each in found]
    assert all(0 < each.took_s < 60 and each.at.tzinfo for each in found)
    assert "canary" not in repr(found)
    assert standing.key not in repr(found)


async def test_a_log_that_fails_is_no_500(caplog):
    """
    Whatever breaks beneath the API, the answer is one that is documented.
    """

    class Broken:
        def note(self, request):
            raise OSError("canary-7f3a")

    async with serving(requests=Broken(), insecure_http=True) as client:
        answer = await client.ask()

    assert error("I'm sorry, connection to one or more of the databases failed") == answer
    assert "the XML API failed: OSError" in caplog.text


async def test_without_a_log_nothing_is_written():
    """
    An application that wants none has none.
    """
    async with serving(app=xml_api(keys=KEYS, insecure_http=True)) as client:
        assert NOTHING_DONE == await client.send(request_of(auth=KEY))
