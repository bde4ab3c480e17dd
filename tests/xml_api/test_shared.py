"""
Several processes on one database have the limit and the kept answers of one.
"""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from tests.queue.cutting import Network
from tests.xml_api.asking import request_of, serving
from tests.xml_api.test_sharing import EXCEEDED, OF_A, Work
from webhook_engine.store.among import Among
from webhook_engine.xml_api import Says, action
from webhook_engine.xml_api.shared import SharedAnswers, SharedLimits


@action("Change", answer=Says(""), refreshes=["Work"])
async def change() -> str:
    return "changed"


@asynccontextmanager
async def processes(url, work, *, count=2):
    """
    Clients of so many APIs, each as in a process of its own.
    """
    async with AsyncExitStack() as opened:
        clients = []
        for _ in range(count):
            among = Among(url)
            await opened.enter_async_context(among.running())
            clients.append(
                await opened.enter_async_context(
                    serving(
                        actions=[work.action, change],
                        insecure_http=True,
                        cache=SharedAnswers(among),
                        limits=SharedLimits(among),
                    )
                )
            )
            clients[-1].among = among
        yield clients


@pytest.fixture
def url(postgresql):
    return postgresql.url()


async def test_three_of_a_tenant_are_under_way_in_all_processes_together(url):
    """
    The fourth is refused wherever it comes in, and takes the place of the first that ends anywhere.
    """
    work = Work(reads=False, limit=3)
    work.free.clear()
    async with processes(url, work) as (one, other):
        running = [asyncio.create_task(each.send(request_of("Work", OF_A))) for each in (one, other, one)]
        await work.until(3)
        refused = [await each.send(request_of("Work", OF_A)) for each in (one, other)]
        work.free.set()
        done = await asyncio.gather(*running)
        after = await asyncio.gather(*(each.send(request_of("Work", OF_A)) for each in (other, other, one)))

    assert [EXCEEDED] * 2 == refused
    assert EXCEEDED not in {*done, *after}


async def test_what_a_process_had_under_way_ends_with_it(url):
    """
    Its turns are others' at once: whoever is killed keeps nobody out.
    """
    among, other = Among(url), Among(url)
    async with other.running():
        async with among.running():
            taken = [await among.take("name", 3) for _ in range(4)]
            refused = await other.take("name", 3)
        async with asyncio.timeout(10):
            while (again := await other.take("name", 3)) is None:
                await asyncio.sleep(0.01)

    assert [False] * 3 + [True] == [each is None for each in taken]
    assert refused is None
    assert again is not None


async def test_a_process_that_is_cut_off_counts_its_own(url):
    """
    Without the database nobody is refused for what others do, and no more than the limit is let in; with it again all
    count together.
    """
    work = Work(reads=False, limit=3)
    work.free.clear()
    async with processes(url, work) as (one, other):
        one.among._db.terminate()
        running = [asyncio.create_task(one.send(request_of("Work", OF_A))) for _ in range(3)]
        await work.until(3)
        refused = await one.send(request_of("Work", OF_A))
        work.free.set()
        answered = await asyncio.gather(*running)
        async with asyncio.timeout(10):
            while not one.among.is_there:
                await asyncio.sleep(0.01)
        turns = [await one.among.take("name", 1), await other.among.take("name", 1)]

    assert EXCEEDED == refused
    assert EXCEEDED not in answered
    assert [False, True] == [each is None for each in turns]


async def test_a_change_at_one_makes_the_answers_of_the_other_old(url):
    """
    What the other has kept is answered anew some milliseconds later, and not in half a minute.
    """
    work = Work()
    async with processes(url, work) as (one, other):
        first = await other.send(request_of("Work", OF_A))
        kept = await other.send(request_of("Work", OF_A))
        await one.send(request_of("Change"))
        async with asyncio.timeout(10):
            while (anew := await other.send(request_of("Work", OF_A))) == first:
                await asyncio.sleep(0.005)

    assert first == kept
    assert b"a 2" in anew


async def test_nothing_is_kept_that_could_be_old_unheard(url):
    """
    A process that hears of no change answers everything anew.
    """
    work = Work()
    async with processes(url, work, count=1) as (one,):
        await one.send(request_of("Work", OF_A))
        one.among._db.terminate()
        await one.send(request_of("Work", OF_A))
        await one.send(request_of("Work", OF_A))

    assert 3 == work.count


async def test_a_connection_that_leads_nowhere_is_noticed_and_made_anew(url, postgresql, monkeypatch):
    """
    Though nobody asks on it: what others say is heard again, and that something may have been missed is told.
    """
    monkeypatch.setattr("webhook_engine.store.among._STILL_THERE_S", 0.2)
    monkeypatch.setattr("webhook_engine.store.among._ASK_S", 0.3)
    heard = []
    async with Network(postgresql.port) as network:
        among, other = Among(url.replace(f":{postgresql.port}/", f":{network.port}/")), Among(url)
        among.listen(heard.append)
        async with among.running(), other.running(), asyncio.timeout(20):
            await asyncio.sleep(0.1)
            before = list(heard)
            network.lose()
            while len(heard) < len(before) + 2 or not among.is_there:
                await asyncio.sleep(0.01)
            await other.say("word")
            while "word" not in heard:
                await asyncio.sleep(0.01)

    assert [None] == before
    assert [None, None, None, "word"] == heard[:4]
