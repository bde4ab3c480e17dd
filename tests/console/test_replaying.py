"""
Before a webhook is saved, its form says what that would change about recorded calls.
"""

import json

import pytest

from tests.console.browsing import TENANT
from webhook_engine.store import RecordedEvent, RecordedResponse

CALL = {"CALLERID_NUMBER": "0821234567", "CALL_QUEUE": "Sales", "EXTENSION": "100-Euphoria"}
FOUND = {
    "status": 200,
    "headers": {"Content-Type": "application/json"},
    "body": '{"id": 7, "name": "<b>Ann</b>"}',
}


def _event(name, **call):
    document = {"id": name, "moment": "ringing", "at": "2026-11-22T10:00:00+02:00", "call": CALL | call}
    return RecordedEvent(name, json.dumps(document).encode())


@pytest.fixture
async def recorded(store):
    """
    Two calls, one of them with what the CRM answered.
    """
    response = RecordedResponse("1", "Contact lookup", json.dumps(FOUND).encode())
    await store.recordings.add(TENANT, [_event("1"), _event("2")], [response])


async def replayed(browser, **changes):
    """
    What the edit page says of its form with *changes*.
    """
    await browser.get("/webhook?webhook=Contact+lookup")
    return await browser.submit("/webhook/replay", **changes)


async def test_a_form_as_it_is_changes_nothing(manager, recorded):
    """
    A manager may ask, who may not save.
    """
    page = await replayed(manager)

    assert "It would change nothing about the last 2 recorded events." in page.words_of


CHANGES = {
    "a request": (
        {"url": "https://crm.example.com/people"},
        ["changes in 2", "url", "now https", "then https"],
    ),
    "an outcome": (
        {"outcome[1].when": "response.id == 7", "outcome[1].is": "refused"},
        ["changes in 1", "outcome", "now ok", "then refused"],
    ),
    "whether it is durable": ({"delivery": "durable"}, ["changes in 2", "way", "then durable"]),
    "its name": ({"name": "Search"}, ["Contact lookup no longer starts in 2", "Search starts in 2"]),
}


@pytest.mark.parametrize(("changes", "told"), CHANGES.values(), ids=CHANGES.keys())
async def test_a_difference_is_told(administrator, recorded, changes, told):
    """
    In what starts, in requests, and in what recorded responses come to.
    """
    page = await replayed(administrator, **changes)

    assert (200, []) == (page.status, [each for each in told if each not in page.words_of]), page.words_of


async def test_nothing_is_saved_and_nothing_sent(administrator, recorded):
    """
    The form is played, and that is all.
    """
    before = await administrator.store.definitions.load(TENANT)

    await replayed(administrator, url="https://crm.example.com/people")

    assert before == await administrator.store.definitions.load(TENANT)
    assert administrator.engine.report() is None


async def test_a_form_that_is_wrong_is_not_played(administrator, recorded):
    """
    What is wrong stands in place of differences.
    """
    page = await replayed(administrator, url="https://crm.example.com/{CALL_QUEU}")

    assert "Nothing can be played yet" in page.words_of
    assert "did you mean CALL_QUEUE" in page.words_of


async def test_without_recorded_calls_it_says_where_they_come_from(administrator):
    """
    A link to the tenant.
    """
    page = await replayed(administrator)

    assert "No call is recorded yet." in page.words_of
    assert ("a", {"href": "/tenant"}) in page.tags


async def test_what_a_call_holds_is_text(administrator, store, recorded):
    """
    Never markup of the page.
    """
    await store.recordings.add(TENANT, [_event("<i>3</i>", CALL_QUEUE="<b>x</b>")])

    page = await replayed(administrator, **{"header[1].name": "X-Queue", "header[1].value": "{CALL_QUEUE}"})

    assert "<b>" not in page.text
    assert "<i>" not in page.text
    assert "&lt;b&gt;x&lt;/b&gt;" in page.text


async def test_a_new_webhook_that_nothing_starts_changes_nothing(administrator, recorded):
    """
    As nothing would start it.
    """
    await administrator.get("/webhook")

    page = await administrator.submit(
        "/webhook/replay", name="New", url="https://crm.example.com/new", group="CRM"
    )

    assert "It would change nothing" in page.words_of
