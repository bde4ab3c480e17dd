"""
Why a chain went on or ended: read again from the responses that are kept.
"""

import asyncio

import orjson
import pytest

from tests.console.desking import DESKTOP, HOSTILE, agent_at, desks, happened, until
from webhook_engine.queue.delivery import OPEN
from webhook_engine.store import Role

CHAINED = (
    DESKTOP
    + """
[[webhook]]
name = "Close the ticket"
group = "CRM"
type = "ajax-post"
delivery = "durable"
url = "https://crm.example.com/close/{DYNAMIC_PARAMETER}"

[[rule]]
name = "Report and close"
on = ["disposed"]
webhooks = ["Report the call"]

[[rule.then]]
webhook = "Close the ticket"
value = "response.ticket"

[[rule.then]]
webhook = "Contact lookup"
when = "response.ticket == 'T-1' and CALL_CRMTAG == 'C-9'"

[[rule.then]]
after = "Close the ticket"
webhook = "Open orders"
value = "response.ticket"

[[rule]]
name = "Tickets of who calls"
on = ["answered"]
webhooks = ["Contact lookup"]

[[rule.then]]
webhook = "Find a ticket"
value = "response.results[0].id"
"""
)


@pytest.fixture
async def desk(store, tmp_path):
    async with desks(store, CHAINED, queue=tmp_path / "queue.db") as (client, target):
        browser = await agent_at(client, store, Role.ADMINISTRATOR)
        browser.target = target
        yield browser


async def _reported(desk, count, **answer):
    desk.target.says(**answer)
    await desk.engine.notify(happened("disposed", crm_tag="C-1"))
    await until(lambda: len(desk.target.requests) >= count)
    while any(each.state in OPEN for each in (await desk.engine.queue.list()).deliveries):
        await asyncio.sleep(0.01)
    return await desk.get(f"/why?call=delivery:{await _id(desk, 'Report the call')}")


async def _id(desk, webhook):
    return (await desk.engine.queue.list(webhook=webhook)).deliveries[0].id


async def test_a_chain_is_read_from_the_response_of_its_delivery(desk):
    """
    Each link with its condition, the values that decided, and what was handed on.
    """
    page = await _reported(desk, 2, body='{"ticket":"T-<b>1"}')

    words = page.words_of
    assert "After Report the call It ended as OK" in words
    assert "goes on Report and close link 1, to Close the ticket" in words
    assert "→ starts Close the ticket with T-<b>1" in words
    assert "ends here Report and close link 2, to Contact lookup" in words
    assert "does not hold" in words
    assert "CALL_CRMTAG is C-1" in words
    assert "After Close the ticket with T-<b>1 It ended as OK" in words
    assert "→ starts Open orders with T-<b>1" in words
    assert "<b>1" not in page.text


async def test_a_chain_that_was_refused_says_after_which_outcome(desk):
    """
    An answer that is no success leads nowhere here.
    """
    page = await _reported(desk, 1, body='{"ticket":"T-1"}', status=422)

    assert "It ended as Refused" in page.words_of
    assert "the outcome is refused, and it goes on after ok" in page.words_of


async def test_without_a_response_the_links_are_told(desk):
    """
    A lookup's response is not kept; that of its last test stands in.
    """
    await desk.get("/why")
    event = orjson.dumps(happened("answered").to_json()).decode()

    page = await desk.post("/why", event=event)

    assert "The response to a lookup is not kept, so what it led to cannot be told." in page.words_of
    assert "it may go on to Find a ticket , where the outcome is OK, with response.results[0].id" in (
        page.words_of
    )

    await desk.post("/webhook/test", webhook="Contact lookup", agent="100-Euphoria")
    page = await desk.post("/why", event=event)

    assert "That is the response of its last test" in page.words_of
    assert "→ starts Find a ticket with 9007199254740993" in page.words_of
    assert HOSTILE not in page.text


async def test_a_call_is_chosen_and_not_only_pasted(desk):
    """
    From those that happened; what is not kept any more is said to be.
    """
    await _reported(desk, 2, body='{"ticket":"T-1"}')

    page = await desk.get("/why")

    assert "Disposed: Thandi Mokoena at 100-Euphoria" in page.words_of
    assert 404 == (await desk.get("/why?call=delivery:00ff")).status
    assert 404 == (await desk.get("/why?call=nonsense")).status
