"""
What a durable webhook says about order, life and attempts holds for its deliveries.
"""

from tests.reliability.conftest import LOG, event, reports, until
from webhook_engine.queue import State


def fates(found):
    return [(each.state, each.reason) for each in found]


async def test_in_strict_order_a_call_waits_for_what_failed(opened, target):
    """
    The second outcome of a call does not overtake the first, however often that is tried.
    """
    target.answers = [503, 503, 200]
    async with opened(LOG) as engine:
        await engine.notify_all([event(1, call="a"), event(2, call="a")])
        await reports(engine)

    assert ["1", "1", "1", "2"] == target.asked


async def test_what_waits_for_a_retry_can_be_passed(opened, target):
    """
    With `skip-on-failure` the second goes as soon as the first has failed.
    """
    target.answers = [503, 200]
    text = LOG.replace("longest_wait_s = 0.05", 'longest_wait_s = 30\norder = "skip-on-failure"')
    async with opened(text) as engine:
        await engine.notify_all([event(1, call="a"), event(2, call="a")])
        await until(lambda: len(target.asked) == 2)

    assert ["1", "2"] == target.asked


async def test_without_an_order_nobody_waits(opened, target):
    """
    Both of one call are under way together.
    """
    target.took_s = 0.3
    async with opened(LOG + 'order = "none"\n') as engine:
        await engine.notify_all([event(1, call="a"), event(2, call="a")])
        await reports(engine)

    assert 2 == target.most


async def test_calls_do_not_wait_for_each_other(opened, target):
    """
    The order is that of one call.
    """
    target.took_s = 0.3
    async with opened(LOG) as engine:
        await engine.notify_all([event(1, call="a"), event(2, call="b")])
        await reports(engine)

    assert 2 == target.most


async def test_the_order_holds_up_for_so_long_only(opened, target):
    """
    After `hold_s` a delivery goes ahead of what it waited for.
    """
    target.took_s = 2.0
    async with opened(LOG + "hold_s = 0.2\n") as engine:
        await engine.notify_all([event(1, call="a"), event(2, call="a")])
        await until(lambda: len(target.asked) == 2)

    assert 2 == target.most
    assert 0.15 <= target.at[1] - target.at[0]


async def test_a_life_is_over_when_the_webhook_says_so(opened, target):
    """
    What could not be delivered in `expires_s` is dead, `expired`.
    """
    target.answers = [503]
    text = LOG.replace("longest_wait_s = 0.05", "longest_wait_s = 3600\nexpires_s = 0.3")
    async with opened(text) as engine:
        await engine.notify(event(1))
        found = await reports(engine)

    assert [(State.DEAD, "expired")] == fates(found)


async def test_no_wish_outlasts_the_longest_wait(opened, target):
    """
    A target that asks for an hour is asked again when the webhook's `longest_wait_s` is over.
    """
    target.answers = [{"status": 429, "headers": {"Retry-After": "3600"}}, 200]
    async with opened() as engine:
        await engine.notify(event(1))
        (found,) = await reports(engine)

    assert (State.DONE, 2) == (found.state, found.attempts)


async def test_attempts_end(opened, target):
    """
    The last of `max_attempts` is the end.
    """
    target.answers = [503]
    async with opened(LOG + "max_attempts = 3\n") as engine:
        await engine.notify(event(1))
        found = await reports(engine)

    assert [(State.DEAD, "attempts-exhausted")] == fates(found)
    assert 3 == len(target.asked)


async def test_a_record_that_is_just_being_made_is_asked_for_again(opened, target):
    """
    A 404 in `retry_on` is tried three times more, and not for ever.
    """
    target.answers = [404, 404, 200, 404]
    async with opened(LOG + "retry_on = [404]\n") as engine:
        await engine.notify(event(1))
        await reports(engine)
        await engine.notify(event(2))
        found = await reports(engine)

    assert [(State.DONE, ""), (State.DEAD, "not-found")] == fates(found)
    assert ["1"] * 3 + ["2"] * 4 == target.asked


async def test_a_refusal_is_the_end_where_nothing_else_is_said(opened, target):
    """
    Each of 400, 401, 403, 404 and 422 is asked once.
    """
    target.answers = [400, 401, 403, 404, 422]
    async with opened(LOG + "retry_on = []\n") as engine:
        for number in range(5):
            await engine.notify(event(number))
            await reports(engine)
        found = await reports(engine)

    assert ["refused", "credentials-expired", "forbidden", "not-found", "refused"] == [
        each.reason for each in found
    ]
    assert 5 == len(target.asked)
