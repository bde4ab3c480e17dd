"""
What all processes of a queue may ask of a target together is divided among them, and never more.
"""

import asyncio
import random

import asyncpg
import pytest

from webhook_engine.queue import PostgresqlQueue
from webhook_engine.queue.portions import DividingQueue, PortionAsk, TargetNews

LONG_S, SOON_S = 60.0, 0.3


@pytest.fixture
async def queues(url):
    async with (
        PostgresqlQueue(url, worker="a") as one,
        PostgresqlQueue(url, worker="b") as other,
        PostgresqlQueue(url, worker="c") as third,
    ):
        yield one, other, third


async def asked(queue, *, length_s=LONG_S, **facts):
    (portion,) = await queue.divide([PortionAsk(**{"target": "crm:443", "slots": 10, **facts})], length_s)
    return portion


async def test_a_queue_in_postgresql_divides_targets(queues):
    """
    Whoever performs finds that out by its kind, and not by an address.
    """
    assert all(isinstance(queue, DividingQueue) for queue in queues)


async def test_who_is_alone_has_everything(queues):
    """
    One process on the database is spared nothing by others that are not there.
    """
    portion = await asked(queues[0], starts=7)

    assert (10, 10, 7, 7) == (portion.slots, portion.goal, portion.starts, portion.starts_goal)


async def test_who_comes_later_waits_for_what_is_given_away(queues):
    """
    What is under way is not taken from anybody: a part grows as the other one shrinks.
    """
    one, other, _ = queues
    await asked(one)

    first = await asked(other)
    told = await asked(one, keeps=10)  # has just heard of it, and has ten under way
    still = await asked(other)
    await asked(one, keeps=7)  # three have ended
    some = await asked(other)
    await asked(one, keeps=5)
    half = await asked(other, keeps=some.slots)

    assert (0, 5) == (first.slots, first.goal)
    assert (10, 5) == (told.slots, told.goal)
    assert (0, 3, 5) == (still.slots, some.slots, half.slots)


async def test_what_cannot_be_divided_evenly_is_divided_all_the_same(queues):
    """
    Of one slot somebody has it and the others have none; of ten three have four, three and three.
    """
    for target, slots in (("one", 1), ("ten", 10)):
        for _ in range(3):
            goals = [(await asked(queue, target=target, slots=slots, keeps=0)).goal for queue in queues]
        assert sorted({1: [0, 0, 1], 10: [3, 3, 4]}[slots]) == sorted(goals)


async def test_who_is_not_heard_of_any_more_has_no_part(queues):
    """
    A process that was killed leaves its part to the others when its time is over, and not before.
    """
    one, other, _ = queues
    await asked(one, length_s=SOON_S)

    before = await asked(other)
    await asyncio.sleep(SOON_S + 0.1)
    after = await asked(other)

    assert (0, 10) == (before.slots, after.slots)


async def test_who_was_killed_is_known_by_its_session(queues):
    """
    Long before its time is over: a process that is started anew does not wait for the one that it was.
    """
    one, other, _ = queues
    await asked(one)
    one._dividing._drop()  # as a process that was killed: the server sees its connection end

    first = await asked(other)
    async with asyncio.timeout(25):  # a server that has just been started lets all come back first
        while (portion := await asked(other)).slots < 10:
            await asyncio.sleep(0.2)

    assert 0 == first.slots
    assert 10 == portion.slots


async def test_who_only_says_nothing_for_a_while_is_not_taken_for_killed(queues):
    """
    A process that is frozen may have requests under way: it has its part for as long as it was given.
    """
    one, other, _ = queues
    await asked(one)

    await asyncio.sleep(4)

    assert 0 == (await asked(other)).slots


async def test_who_leaves_gives_back_at_once(queues):
    """
    A process that ends in order costs the others no wait.
    """
    one, other, _ = queues
    await asked(one)

    await asked(one, wishes=False)

    assert 10 == (await asked(other)).slots


async def test_there_is_never_more_than_there_is(queues):
    """
    Whoever asks, keeps, leaves or comes back, at the same time as others: the parts together are what is allowed.
    """
    has = dict.fromkeys(range(3), 0)
    together = []

    async def ask_on(place, chance):
        for _ in range(60):
            keeps = chance.randint(0, has[place])
            has[place] = keeps
            portion = await asked(queues[place], keeps=keeps, wishes=chance.random() > 0.1)
            has[place] = min(portion.slots, portion.goal)
            together.append(sum(has.values()))

    await asyncio.gather(*(ask_on(place, random.Random(place)) for place in range(3)))

    assert 10 == max(together)


# --- What is known about a target ----------------------------------------------------------------


async def test_one_process_alone_asks_a_target_that_fails(queues):
    """
    Who found out asks again; the others leave it alone, for as long, and know why.
    """
    one, other, third = queues
    for queue in queues:
        await asked(queue)

    told = await asked(one, news=TargetNews("open", 5.0, 1))
    heard = await asked(other)
    (shut,) = await third.shut()

    assert (10, 0) == (told.goal, heard.goal)
    assert ("open", 1) == (heard.state, heard.opened)
    assert 4 < heard.wait_s <= 5
    assert ("crm:443", "open", heard.generation) == (shut.target, shut.state, shut.generation)


async def test_another_one_asks_where_that_process_has_gone(queues):
    """
    Nobody waits for a process that was killed to find out that a target works again.
    """
    one, other, _ = queues
    await asked(one, length_s=SOON_S, news=TargetNews("open", 0.1, 1))

    before = await asked(other)
    await asyncio.sleep(SOON_S + 0.1)
    after = await asked(other)

    assert (0, 10) == (before.goal, after.goal)


async def test_a_target_that_works_again_is_divided_as_before(queues):
    """
    When it is told by who knows the last of it, and not by who has not heard that it failed once more.
    """
    one, other, _ = queues
    await asked(other)
    first = await asked(one, news=TargetNews("open", 5.0, 1))
    again = await asked(one, knows=first.generation, news=TargetNews("open", 10.0, 2))

    late = await asked(other, knows=first.generation, news=TargetNews("closed"))
    well = await asked(one, knows=again.generation, keeps=5, news=TargetNews("closed"))

    assert ("open", 0) == (late.state, late.goal)
    assert ("closed", 5) == (well.state, well.goal)
    assert () == await one.shut()


async def test_the_longest_pause_counts(queues):
    """
    A target that asked for five minutes is not asked sooner because another process saw it fail.
    """
    one, other, _ = queues
    await asked(one, news=TargetNews("paused", 300.0))
    await asked(other, news=TargetNews("open", 5.0, 1))

    portion = await asked(one)

    assert portion.wait_s > 290


async def test_who_hears_of_news_is_told_at_once(queues):
    """
    Nobody has to look for it.
    """
    one, other, _ = queues
    heard = asyncio.Event()
    other.hear_of_portions(heard.set)
    await asyncio.sleep(0.5)
    heard.clear()

    one.tell_of_portions()

    await asyncio.wait_for(heard.wait(), 5)


async def test_a_clock_that_is_set_back_keeps_no_part_for_long(queues, url):
    """
    A process that was killed before leaves its part to the others as it would have.
    """
    one, other, _ = queues
    await asked(one, length_s=10.0)
    database = await asyncpg.connect(url)
    await database.execute(
        "UPDATE portion SET until = until + 3600000"
    )  # as if the clock stood an hour earlier
    await database.close()

    assert 10 == (await asked(other, length_s=10.0)).slots
