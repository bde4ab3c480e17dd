"""
A recorded call is explained on a page: every webhook that it started, and what was answered.
"""

import json

import pytest

from tests.console.browsing import TENANT
from webhook_engine.store import RecordedEvent, RecordedResponse

CALL = {
    "CALLERID_NUMBER": "0821234567",
    "CALLERID_NAME": "<i>Ann</i>",
    "CALL_QUEUE": "Sales",
    "EXTENSION": "100-Euphoria",
}
FOUND = {"status": 200, "headers": {"Content-Type": "application/json"}, "body": '{"id": 7, "name": "Ann"}'}


@pytest.fixture
async def recorded(store):
    """
    A call with what the CRM answered.
    """
    document = {"id": "call 1", "moment": "ringing", "at": "2026-11-22T10:00:00+02:00", "call": CALL}
    event = RecordedEvent("call 1", json.dumps(document).encode())
    response = RecordedResponse("call 1", "Contact lookup", json.dumps(FOUND).encode())
    await store.recordings.add(TENANT, [event], [response])


async def test_it_is_found_where_one_asks_why(manager, recorded):
    """
    One click from the question to everything that came of the call.
    """
    why = await manager.get("/why")

    assert "Recorded calls, with everything that came of them" in why.words_of
    assert "/why/recorded?event=call" in why.text
    assert "<i>Ann</i>" not in why.text


async def test_everything_that_came_of_it_is_told(manager, recorded):
    """
    The rules, the lookup with its request and the outcome rule that decided.
    """
    page = await manager.get("/why/recorded?event=call 1")

    assert 200 == page.status
    for told in ("everything that came of it", "Contact lookup", "Attempt 1", "default: ", "CALLERID_NUMBER"):
        assert told in page.words_of, told
    assert "<i>Ann</i>" not in page.text


async def test_one_that_is_not_recorded_is_not_found(manager, recorded):
    """
    As every page that is not there.
    """
    assert 404 == (await manager.get("/why/recorded?event=nothing")).status


async def test_an_event_of_other_variables_is_no_fault(manager, store):
    """
    The list leaves it out, and its page says why.
    """
    await store.recordings.add(TENANT, [RecordedEvent("old", b'{"id": "old", "moment": "rang", "call": {}}')])

    why = await manager.get("/why")
    page = await manager.get("/why/recorded?event=old")

    assert "/why/recorded?event=old" not in why.text
    assert "cannot be read any more" in page.words_of
