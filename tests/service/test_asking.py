"""
A webhook asked or opened over HTTP.
"""

import pytest

from tests.service.serving import call, served
from webhook_engine.pops.view import view_json
from webhook_engine.variables import CallContext


async def test_an_agent_gets_what_the_engine_finds(client):
    """
    The same view as in the library and on the stream.
    """
    expected = await client.engine.ask("Contact lookup", CallContext.from_json(call()))

    status, found = await client.told("post", "/v1/webhooks/Contact%20lookup/ask", json={"call": call()})

    assert 200 == status
    assert view_json(expected, client.engine.pops.bounds) == found
    assert ("ok", "Thandi Mokoena") == (found["outcome"], found["rows"][0][0])


async def test_what_a_target_does_is_no_error_of_ours(down):
    """
    The agent reads a sentence; the status is that of our answer.
    """
    status, found = await down.told("post", "/v1/webhooks/Contact%20lookup/ask", json={"call": call()})

    assert (200, "target-failed", None, []) == (status, found["outcome"], found["status"], found["rows"])


async def test_a_page_is_opened_and_not_asked(client):
    """
    The refusal names the address to use.
    """
    status, found = await client.told("post", "/v1/webhooks/Customer%20page/ask", json={"call": call()})
    opened = await client.told("post", "/v1/webhooks/Customer%20page/open", json={"call": call()})

    assert (409, "wrong-type") == (status, found["error"]["code"])
    assert "Customer page/open" in found["error"]["message"]
    expected = client.engine.open("Customer page", CallContext.from_json(call()))
    assert (200, {"url": expected}) == opened


async def test_a_request_is_asked_and_not_opened(client):
    """
    The other way round.
    """
    status, found = await client.told("post", "/v1/webhooks/Contact%20lookup/open", json={"call": call()})

    assert (409, True) == (status, "/ask" in found["error"]["message"])


async def test_a_page_that_cannot_be_opened(client):
    """
    Somebody who is no agent, and a value that cannot stand in the address.
    """
    for wrong in (call(EXTENSION="999-Euphoria"), call(CALL_CRMTAG="..")):
        status, found = await client.told("post", "/v1/webhooks/Customer%20page/open", json={"call": wrong})

        assert (422, "call") == (status, found["error"]["problems"][0]["path"])


async def test_a_name_that_is_not_there(client):
    """
    With the nearest that is.
    """
    status, found = await client.told("post", "/v1/webhooks/Contact%20lokup/ask", json={"call": call()})

    assert (404, "not-found") == (status, found["error"]["code"])
    assert "did you mean 'Contact lookup'?" in found["error"]["message"]


async def test_a_name_may_hold_what_an_address_cannot(client):
    """
    Percent-encoded, it is one part of the path.
    """
    status, found = await client.told("post", "/v1/webhooks/a%2Fb%3F%20%25/ask", json={"call": call()})

    assert (404, True) == (status, "'a/b? %'" in found["error"]["message"])


@pytest.mark.parametrize(
    ("document", "paths"),
    [
        ({}, ["call"]),
        ({"call": None}, ["call"]),
        ({"call": []}, ["call"]),
        ({"call": {"CALLER": 1, "CALL_DIR": "up"}}, ["call.CALLER", "call.CALL_DIR"]),
        ({"call": {}, "values": {}, "test": 1}, ["values", "test"]),
        ([], [""]),
    ],
)
async def test_every_mistake_of_a_call_is_told(client, document, paths):
    """
    At once, each with its place.
    """
    status, found = await client.told("post", "/v1/webhooks/Contact%20lookup/ask", json=document)

    assert (422, paths) == (status, [each["path"] for each in found["error"]["problems"]])


async def test_what_nobody_foresaw_tells_nothing(backend, caplog):
    """
    The client learns that it failed; the log learns why.
    """
    async with served(backend) as client:
        status, found = await client.told("post", "/v1/webhooks/Contact%20lookup/ask", json={"call": call()})

    assert (500, "internal", []) == (status, found["error"]["code"], found["error"]["problems"])
    assert "nobody foresaw" not in str(found)
    assert "ZeroDivisionError" in caplog.text
