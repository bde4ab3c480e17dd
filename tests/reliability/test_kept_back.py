"""
What waits for a webhook that is disabled, gone or deleted is kept, or dies with a reason; it is never lost.
"""

import asyncio

import pytest

from tests.reliability.conftest import CALL, LOG, event, reports, until
from webhook_engine.errors import NotFound, WebhookDisabled
from webhook_engine.performing import DISABLED, GONE
from webhook_engine.queue import State
from webhook_engine.responses import Outcome

DISABLED_LOG = LOG + "enabled = false\n"
MOVED = LOG.replace("/log", "/new")

WINDOW = LOG.replace("ajax-post", "browser-window").partition("content_type")[0] + 'url = "TARGET/page"\n'
LOOKUP = LOG.replace('delivery = "durable"\n', "").replace("longest_wait_s = 0.05\n", "")


async def kept_back(engine, count, reason):
    """
    Returns once so many wait for that reason.
    """

    async def waiting():
        found = (await engine.queue.list(state=State.WAITING)).deliveries
        return len(found) == count and {each.reason for each in found} == {reason}

    await until(waiting)


def fates(found):
    return [(each.state, each.reason) for each in found]


async def test_a_gone_target_costs_one_delivery(opened, target):
    """
    The first that is told 410 is dead, `gone`; all later ones are kept back unasked.
    """
    target.answers = [410]
    async with opened() as engine:
        await engine.notify(event(1))
        await reports(engine)
        await engine.notify_all([event(2), event(3)])
        await kept_back(engine, 2, GONE)
        found = await reports(engine, State.DEAD, State.WAITING)
        holds = engine.report().holds

    assert [(State.DEAD, "gone"), (State.WAITING, GONE), (State.WAITING, GONE)] == fates(found)
    assert ["1"] == target.asked
    assert [("Log", GONE)] == [(each.webhook, each.reason) for each in holds]


async def test_a_restart_does_not_ask_again_what_is_gone(opened, target):
    """
    The flag is on the disk with the deliveries it keeps back.
    """
    target.answers = [410]
    async with opened() as engine:
        await engine.notify(event(1))
        await reports(engine)
    async with opened() as engine:
        await engine.notify(event(2))
        await kept_back(engine, 1, GONE)

    assert ["1"] == target.asked


async def test_an_edit_lets_go_and_sends_to_the_new_address(opened, definitions, target):
    """
    What was kept back goes where the webhook leads now: nobody wants it at the old place.
    """
    target.answers = [410, 200]
    async with opened(LOG.replace('{CALL_NOTES}"', '"').replace('"notes"', '"x"')) as engine:
        await engine.notify(event(1))
        await reports(engine)
        await engine.notify(event(2))
        await kept_back(engine, 1, GONE)
        engine.redefine(definitions(MOVED.replace('{CALL_NOTES}"', '"').replace('"notes"', '"x"')))
        found = await reports(engine)
        holds = engine.report().holds

    assert [(State.DEAD, "gone"), (State.DONE, "")] == fates(found)
    assert ["/log", "/new"] == target.asked
    assert () == holds


async def test_an_edit_before_a_start_lets_go_as_well(opened, target):
    """
    Definitions may have changed while nothing ran.
    """
    target.answers = [410, 200]
    async with opened() as engine:
        await engine.notify(event(1))
        await reports(engine)
        await engine.notify(event(2))
        await kept_back(engine, 1, GONE)
    async with opened(MOVED) as engine:
        found = await reports(engine)

    assert [(State.DEAD, "gone"), (State.DONE, "")] == fates(found)


async def test_what_was_made_for_the_old_address_does_not_flag_the_new_one(opened, definitions, target):
    """
    A delivery that was under way during the edit and is told 410 says nothing about the webhook as it is now.
    """
    target.answers, target.took_s = [410, 200], 0.2
    async with opened() as engine:
        await engine.notify(event(1))
        await until(lambda: target.asked)
        engine.redefine(definitions(MOVED))
        await reports(engine)
        await engine.notify(event(2))
        found = await reports(engine)

    assert [(State.DEAD, "gone"), (State.DONE, "")] == fates(found)


@pytest.mark.parametrize("restarts", [False, True], ids=["at once", "after a restart"])
async def test_what_was_made_for_an_address_that_is_gone_goes_to_the_new_one(
    opened, definitions, target, restarts
):
    """
    Also where the target says so only after the edit, and the process has not heard it itself.
    """
    busy = {"status": 503, "headers": {"Retry-After": "2"}}
    target.answers, target.took_s = [busy, 410, 200], 0.3
    old, moved = (text.replace("0.05", "5") for text in (LOG, MOVED))
    async with opened(old) as engine:
        await engine.notify_all([event(1), event(2)])
        await until(lambda: len(target.asked) == 2)
        engine.redefine(definitions(moved))
        before = await reports(engine, State.WAITING, State.DEAD)
        found = None if restarts else await reports(engine)
    if restarts:
        async with opened(moved) as engine:
            found = await reports(engine)
            holds = engine.report().holds
        assert () == holds

    assert [State.DEAD, State.WAITING] == sorted(each.state for each in before)
    assert [State.DEAD, State.DONE] == sorted(each.state for each in found)
    assert ["/log", "/log", "/new"] == target.paths


async def test_an_operator_lets_go(opened, target):
    """
    Where the target is back as it was, no edit is needed; what was kept back goes as it stands.
    """
    target.answers = [410, 200]
    async with opened() as engine:
        await engine.notify(event(1))
        await reports(engine)
        await engine.notify(event(2))
        await kept_back(engine, 1, GONE)
        count = await engine.resume("Log")
        found = await reports(engine)

    assert 1 == count
    assert [(State.DEAD, "gone"), (State.DONE, "")] == fates(found)
    assert ["1", "2"] == target.asked


async def test_a_rule_of_the_webhooks_own_stands_above_410(opened, target):
    """
    Some systems say 410 for a record that was closed; then it is no news about the webhook.
    """
    target.answers = [410, 200]
    closed = "[[webhook.outcome]]\nwhen = 'status == 410'\nis = 'ok'\n"
    async with opened(LOG + closed) as engine:
        await engine.notify(event(1))
        await reports(engine)
        await engine.notify(event(2))
        found = await reports(engine)

    assert [(State.DONE, ""), (State.DONE, "")] == fates(found)


async def test_a_disabled_webhook_keeps_what_waits_and_what_comes(opened, definitions, target):
    """
    Nothing is sent while it is disabled, and everything once it is enabled.
    """
    async with opened(DISABLED_LOG) as engine:
        await engine.notify_all([event(1), event(2)])
        await kept_back(engine, 2, DISABLED)
        assert [("Log", DISABLED)] == [(each.webhook, each.reason) for each in engine.report().holds]
        assert [] == target.asked
        engine.redefine(definitions(LOG))
        found = await reports(engine)

    assert {State.DONE} == {each.state for each in found}
    assert ["1", "2"] == sorted(target.asked)


async def test_a_webhook_disabled_in_the_middle_keeps_its_retry(opened, definitions, target):
    """
    A retry whose time comes while the webhook is disabled waits on, and is not counted.
    """
    target.answers = [503, 200]
    async with opened(LOG.replace("0.05", "0.5")) as engine:
        await engine.notify(event(1))
        await until(lambda: target.asked)
        engine.redefine(definitions(DISABLED_LOG))
        await kept_back(engine, 1, DISABLED)
        engine.redefine(definitions(LOG))
        (found,) = await reports(engine)

    assert (State.DONE, 1, 2) == (found.state, found.failures, found.attempts)


async def test_a_disabled_webhook_expires_what_it_keeps(opened):
    """
    Kept is not kept for ever: the webhook's `expires_s` goes on.
    """
    async with opened(DISABLED_LOG.replace("longest_wait_s = 0.05", "expires_s = 0.3")) as engine:
        await engine.notify(event(1))
        found = await reports(engine)

    assert [(State.DEAD, "expired")] == fates(found)


async def test_a_disabled_webhook_is_not_resumed_by_hand(opened):
    """
    Its definition says so, and its definition has to change.
    """
    async with opened(DISABLED_LOG) as engine:
        with pytest.raises(WebhookDisabled, match="enabled = true"):
            await engine.resume("Log")
        with pytest.raises(NotFound):
            await engine.resume("Lag")


async def test_a_disabled_lookup_says_so(opened, target):
    """
    An agent reads why there is nothing; no request is sent.
    """
    async with opened(LOOKUP + "enabled = false\n") as engine:
        view = await engine.ask("Log", CALL)
        await engine.notify(event(1))
        await asyncio.sleep(0.1)

    assert Outcome.REFUSED is view.outcome
    assert "is disabled" in view.sentence
    assert [] == target.asked


async def test_a_disabled_page_is_not_opened(opened):
    """
    Neither by hand nor by an event.
    """
    async with opened(WINDOW + "enabled = false\n") as engine:
        await engine.notify(event(1))
        with pytest.raises(WebhookDisabled):
            engine.open("Log", CALL)

        assert () == tuple(engine.pops.open_pops("100-Euphoria"))


async def test_what_waits_for_a_deleted_webhook_dies(opened, definitions, target):
    """
    Kept back or waiting for its retry: `deleted`, and nothing is sent.
    """
    target.answers = [503]
    async with opened(LOG.replace("0.05", "0.5")) as engine:
        await engine.notify(event(1))
        await until(lambda: target.asked)
        engine.redefine(definitions(DISABLED_LOG))
        await engine.notify(event(2))
        await kept_back(engine, 2, DISABLED)
        engine.redefine(definitions(None))
        found = await reports(engine)

    assert [(State.DEAD, "deleted"), (State.DEAD, "deleted")] == fates(found)
    assert ["1"] == target.asked


async def test_a_missing_secret_is_waited_for(opened, target, monkeypatch):
    """
    A delivery whose key is not there is tried again uncounted, with the reason on record, and goes when it is.
    """
    monkeypatch.delenv("LOG_KEY", raising=False)
    group = (
        '[[group]]\nname = "G"\nauthentication = "api-key"\nkey_name = "X-Key"\nkey = { env = "LOG_KEY" }\n'
    )
    async with opened(group + LOG + 'group = "G"\nmax_attempts = 1\n') as engine:
        (delivery,) = await engine.notify(event(1))
        records = await until(lambda: _records(engine, delivery.id, 3))
        monkeypatch.setenv("LOG_KEY", "k")
        (found,) = await reports(engine)

    assert {"SecretMissing"} == {each.detail["error"]["kind"] for each in records}
    assert (State.DONE, 0) == (found.state, found.failures)
    assert ["1"] == target.asked


async def _records(engine, delivery, count):
    records = (await engine.queue.show(delivery)).records
    return records if len(records) >= count else None
