"""
Calls that happened are chosen from a list, wherever a call is asked for.
"""

import asyncio

import pytest

from tests.console.desking import HOSTILE, agent_at, desks, happened
from webhook_engine.console import recorded
from webhook_engine.queue import State
from webhook_engine.store import Role

HAPPENED = {"outcome": "Sold", "caller_name": HOSTILE, "crm_tag": "C-2002"}


@pytest.fixture
async def reported(store, tmp_path):
    """
    An administrator, after a call whose outcome was delivered.
    """
    async with desks(store, queue=tmp_path / "queue.db") as (client, target):
        await client.engine.notify(happened("disposed", **HAPPENED))
        await _delivered(client.engine.queue)
        browser = await agent_at(client, store, Role.ADMINISTRATOR)
        browser.target = target
        yield browser


async def _delivered(queue):
    stats = await queue.stats()
    while not stats.states[State.DONE]:
        stats = await queue.stats()


async def _key(browser):
    return f"delivery:{(await browser.engine.queue.list()).deliveries[0].id}"


@pytest.mark.parametrize("path", ["/webhook?webhook=Contact lookup", "/webhook/test?webhook=Contact lookup"])
async def test_a_recorded_call_is_offered(reported, path):
    """
    By its time, moment, caller and agent; a hostile name is text.
    """
    page = await reported.get(path)

    assert f'<option value="{await _key(reported)}">' in page.text
    assert f"Disposed: {HOSTILE} at 100-Euphoria" in page.words_of
    assert "<img src=x" not in page.text


async def test_the_preview_is_of_the_call_as_it_was(reported):
    """
    With its own values: test values are for calls that are made up.
    """
    await reported.get("/webhook?webhook=Report the call")
    fields = {**reported.form, "parameter[1].test_value": "a test", "sample": await _key(reported)}

    page = await reported.send("/webhook/preview", list(fields.items()))

    assert '{"outcome":"Sold"}' in page.words_of
    assert "As it was: this call’s own values, and no test values." in page.words_of


async def test_a_call_that_is_gone_is_said_to_be(reported):
    """
    Deliveries are not kept for ever.
    """
    await reported.get("/webhook?webhook=Report the call")
    fields = {**reported.form, "sample": "delivery:00ff"}

    page = await reported.send("/webhook/preview", list(fields.items()))

    assert 404 == page.status
    assert "delivery" in page.words_of


async def test_a_simulated_call_is_offered_to_who_played_it(reported):
    """
    And to nobody else.
    """
    page = await reported.get("/simulator")
    fields = {"csrf": page.form["csrf"], "call": page.form["call"], "agent": "100-Euphoria", "mode": "dry"}
    fields |= {"callerid_name": "Somebody", "callerid_number": "0831112222", "moment": "ringing"}
    await reported.send("/simulator", list(fields.items()))

    page = await reported.get("/webhook?webhook=Contact lookup")
    assert "Ringing: Somebody at 100-Euphoria" in page.words_of
    key = page.text.partition('value="played:')[2].partition('"')[0]
    fields = {**page.form, "sample": f"played:{key}"}
    shown = await reported.send("/webhook/preview", list(fields.items()))
    assert "phone=0831112222" in shown.words_of

    other = await agent_at(reported.client, reported.store, Role.MANAGER)
    assert "Somebody" not in (await other.get("/webhook?webhook=Contact lookup")).words_of


async def test_a_recorded_call_is_tested_with(reported):
    """
    Where a parameter has no test value, the call's own is sent.
    """
    await reported.get("/webhook/test?webhook=Open orders")

    await reported.post(
        "/webhook/test",
        webhook="Open orders",
        agent="100-Euphoria",
        dynamic_parameter="4712",
        sample=await _key(reported),
    )

    assert "/orders/4712?tag=C-2002" == reported.target.requests[-1][1]


async def test_a_form_does_not_wait_for_a_queue_that_is_away(reported, monkeypatch):
    """
    Calls that happened are only offered: the page comes without them.
    """

    async def never(**_):
        await asyncio.Event().wait()

    monkeypatch.setattr(recorded, "PATIENCE_S", 0.05)
    monkeypatch.setattr(reported.engine.queue, "list", never)

    page = await reported.get("/webhook?webhook=Contact lookup")

    assert 200 == page.status
    assert "delivery:" not in page.text
