"""
A target is never asked more than its group allows, by agents and deliveries together; and what our own
limits and its wishes hold up is not counted.
"""

import asyncio
import time

from tests.reliability.conftest import CALL, LOG, PATIENCE_S, event, reports, serving, until
from webhook_engine import CallEvent
from webhook_engine.queue import State
from webhook_engine.responses import Outcome

GROUP = '[[group]]\nname = "CRM"\n'
OF_GROUP = 'group = "CRM"\n'
ASK = (
    LOG.replace('"Log"', '"Ask"').replace('delivery = "durable"\n', "").replace("longest_wait_s = 0.05\n", "")
)
CROWD = {
    "text": "<XML><Error>Concurrent API Calls Exceeded: the amount of concurrent calls exceeds 3</Error></XML>",
    "content_type": "application/xml",
}


def group(**limits):
    return GROUP + "".join(f"{key} = {value}\n" for key, value in limits.items()) + LOG + OF_GROUP


def events(count, first=1):
    return [event(number) for number in range(first, first + count)]


def slots(engine):
    return [each.slots for each in engine.report().targets]


async def test_deliveries_keep_to_max_in_flight(opened, target):
    """
    However many are due, no more are under way, and no more are claimed than go at once.
    """
    target.took_s = 0.1
    async with opened(group(max_in_flight=3)) as engine:
        await engine.notify_all(events(15))
        await until(lambda: target.running == 3)
        taken = engine.report()
        found = await reports(engine)

    assert 3 == target.most
    assert 3 == taken.running
    assert {(State.DONE, 1)} == {(each.state, each.attempts) for each in found}


async def test_more_than_the_usual_may_be_allowed(opened, target):
    """
    A group that allows twenty has twenty.
    """
    target.took_s = 1.0
    async with opened(group(max_in_flight=20)) as engine:
        await engine.notify_all(events(20))
        await until(lambda: target.most == 20)
        found = await reports(engine)

    assert [(State.DONE, 1)] * 20 == [(each.state, each.attempts) for each in found]


async def test_an_edited_limit_holds_at_once(opened, definitions, target):
    """
    For deliveries that wait already.
    """
    target.took_s = 0.1
    async with opened(group(max_in_flight=1)) as engine:
        await engine.notify_all(events(20))
        await until(lambda: len(target.asked) >= 2)
        assert 1 == target.most
        engine.redefine(definitions(group(max_in_flight=8)))
        await reports(engine)

    assert 5 <= target.most <= 9


async def test_deliveries_keep_to_max_per_second(opened, target):
    """
    In no second more than so many are started.
    """
    async with opened(group(max_per_second=5)) as engine:
        await engine.notify_all(events(12))
        found = await reports(engine)

    assert {(State.DONE, 1)} == {(each.state, each.attempts) for each in found}
    # Where a start and its arrival may lie apart on a busy machine.
    assert all(late - early > 0.7 for early, late in zip(target.at, target.at[5:], strict=False))


async def test_waiting_for_a_limit_takes_nothing_off_the_deadline(opened, target):
    """
    A delivery has its whole deadline once it is sent.
    """
    target.took_s = 0.4
    async with opened(group(max_per_second=2) + "deadline_s = 1.0\n") as engine:
        await engine.notify_all(events(8))
        found = await reports(engine)

    assert {(State.DONE, 1)} == {(each.state, each.attempts) for each in found}


async def test_agents_and_deliveries_share_the_limit_and_agents_go_first(opened, target):
    """
    A backlog of deliveries does not keep an agent waiting for more than its turn.
    """
    target.took_s = 0.2
    async with opened(group(max_in_flight=2) + ASK + OF_GROUP) as engine:
        await engine.notify_all(events(30))
        await until(lambda: target.running == 2)
        began = time.monotonic()
        views = await asyncio.gather(*(engine.ask("Ask", CALL.replace(notes=f"a{n}")) for n in range(3)))
        took_s = time.monotonic() - began
        left = 30 - len([each for each in target.asked if not each.startswith("a")])

    assert {Outcome.OK} == {each.outcome for each in views}
    assert 2 == target.most
    assert took_s < 2.5
    assert left > 10


async def test_what_a_limit_keeps_back_is_not_counted(opened, target):
    """
    A delivery that finds no room waits untried until an agent's request ends, and has its only attempt still.
    """
    target.took_s = 1.0
    text = group(max_in_flight=1) + "max_attempts = 1\n" + ASK + OF_GROUP
    async with opened(text) as engine:
        asked = asyncio.create_task(engine.ask("Ask", CALL.replace(notes="agent")))
        await until(lambda: target.running)
        await engine.notify(event(1))
        await until(lambda: engine.report().waiting)
        assert ["agent"] == target.asked
        await asked
        (found,) = await reports(engine)

    assert (State.DONE, 0, 1) == (found.state, found.failures, found.attempts)
    assert ["agent", "1"] == target.asked


async def test_a_target_that_hangs_leaves_places_for_the_others_of_its_group(opened, target):
    """
    Deliveries and agents' lookups to the healthy one get through while the other has as many as it may.
    """
    target.took_s = PATIENCE_S
    async with serving() as healthy:
        hangs = ASK.replace('"Ask"', '"Ask the other"') + OF_GROUP + "deadline_s = 15\n"
        text = group(max_in_flight=3) + "deadline_s = 15\n" + hangs
        for part in (ASK, LOG.replace('"Log"', '"Log well"')):
            text += part.replace("TARGET", healthy.url) + OF_GROUP
        rule = '[[rule]]\nname = "Well"\non = ["ended"]\nwebhooks = ["Log well"]\n'
        async with opened(text + rule) as engine:
            await engine.ask("Ask", CALL.replace(notes="first"))
            await engine.notify_all(events(10))
            other = [asyncio.create_task(engine.ask("Ask the other", CALL)) for _ in range(5)]
            await until(lambda: target.running == 2)
            views, longest_s = [], 0.0
            for n in range(20):
                began = time.monotonic()
                views.append(await engine.ask("Ask", CALL.replace(notes=f"a{n}")))
                longest_s = max(longest_s, time.monotonic() - began)
            await engine.notify_all([CallEvent("ended", CALL, id=f"well-{n}") for n in range(20)])
            await until(lambda: len(healthy.asked) == 41)
            most, running = target.most, target.running
            for each in other:
                each.cancel()
            await asyncio.gather(*other, return_exceptions=True)

    assert {Outcome.OK} == {each.outcome for each in views}
    assert (2, 2) == (most, running)
    assert longest_s < 2


async def test_a_target_that_is_crowded_is_asked_less(opened, target):
    """
    Its complaint is not counted, although a rule of the webhook's own takes every error for a refusal.
    """
    target.answers = [CROWD, 200]
    rule = '[[webhook.outcome]]\nwhen = "response.XML.Error is defined"\nis = "refused"\n'
    async with opened(group(max_in_flight=3) + "max_attempts = 1\n" + rule) as engine:
        await engine.notify(event(1))
        (found,) = await reports(engine)
        left = slots(engine)

    assert (State.DONE, 0, 2) == (found.state, found.failures, found.attempts)
    assert [2] == left


async def test_a_complaint_to_an_agent_counts_for_deliveries(opened, target):
    """
    What one finds out holds for the other.
    """
    target.answers = [CROWD, 200]
    lookup = LOG.replace('delivery = "durable"\n', "").replace("longest_wait_s = 0.05\n", "")
    async with opened(GROUP + "max_in_flight = 3\n" + lookup + OF_GROUP) as engine:
        await engine.notify(event(1))
        await until(lambda: slots(engine) == [2])

    assert ["1"] == target.asked


async def test_a_wish_to_wait_holds_for_the_whole_target(opened, target):
    """
    `Retry-After` keeps back what was never tried as well, uncounted, and agents read so at once.
    """
    target.answers = [{"status": 429, "headers": {"Retry-After": "2"}}, 200]
    async with opened(LOG.replace("0.05", "10")) as engine:
        await engine.notify(event(1))
        await until(lambda: engine.report().retried)
        await engine.notify_all(events(3, first=2))
        found = await reports(engine)

    assert [1, 0, 0, 0] == [each.failures for each in found]
    assert [2, 1, 1, 1] == [each.attempts for each in found]
    assert 1.9 < min(target.at[1:]) - target.at[0]


async def test_a_target_that_comes_back_is_asked_little_at_first(opened, target):
    """
    After an outage one request goes first; then ever more, and never more than the limit.
    """
    down = {"status": 500}
    target.answers = [down] * 5 + [200]
    async with opened(group(max_in_flight=4) + "max_attempts = 100\n") as engine:
        await engine.notify_all(events(5))
        await until(lambda: [each.state for each in engine.report().targets] == ["open"])
        asked = len(target.asked)
        await engine.notify_all(events(40, first=6))
        target.took_s = 0.1
        target.most = 0
        found = await reports(engine)

    # Nothing while it was left alone, then one, and the second only after its response.
    assert target.at[asked] - target.at[asked - 1] > 2
    assert target.at[asked + 1] - target.at[asked] > 0.09
    assert target.most <= 4
    assert {State.DONE} == {each.state for each in found}
