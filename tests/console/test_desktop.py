"""
What calls bring to an agent's desktop, who may see it, and what an agent starts there.
"""

import asyncio

import orjson
import pytest

from tests.console.browsing import consoled
from tests.console.desking import CALL, HOSTILE, agent_at, desks, happened, streaming, until
from webhook_engine.console import Visitor
from webhook_engine.console.pages import desktop
from webhook_engine.store import Role


async def test_a_call_pops_on_its_agents_desktop(store):
    """
    The window at once, the table when it arrives; integers beyond 2⁵³ exactly as the target system has them.
    """
    async with desks(store) as (client, _), streaming(await agent_at(client, store)) as stream:
        assert ("snapshot", {"pops": []}) == await stream.next()
        await client.engine.notify(happened("ringing"))
        told = [await stream.next() for _ in range(3)]

    assert ["lookup", "window", "table"] == [event for event, _ in told]
    assert told[1][1]["url"].endswith("/page?name=Thandi%20Mokoena")
    assert [[HOSTILE, "9007199254740993"], ["Sipho", 4712]] == told[2][1]["view"]["rows"]


async def test_reconnecting_repeats_nothing(store):
    """
    A stream goes on after the message that was read last.
    """
    async with desks(store) as (client, _):
        browser = await agent_at(client, store)
        async with streaming(browser) as stream:
            await stream.next()
            await client.engine.notify(happened("ringing"))
            for _ in range(2):
                await stream.next()
        await until(lambda: all(pop.view or pop.url for pop in client.engine.pops.open_pops("100-Euphoria")))
        await client.engine.notify(happened("ended", after_s=60))
        async with streaming(browser, last_id=stream.id) as again:
            told = [(await again.next())[0] for _ in range(3)]

    assert ["table", "withdrawn", "withdrawn"] == told


async def test_a_transfer_moves_the_pop_and_the_end_withdraws_it(store):
    """
    The desktop that lost the call says where it went; the other one has what was known of it.
    """
    async with desks(store) as (client, _):
        looking = await agent_at(client, store, Role.ADMINISTRATOR)
        await client.engine.notify(happened("ringing"))
        await client.engine.notify(happened("answered", after_s=2))
        await _shown(client)
        async with (
            streaming(looking) as here,
            streaming(looking, agent="101-Euphoria") as there,
        ):
            await here.next()
            await there.next()
            await client.engine.notify(happened("transferred", after_s=9, extension="101-Euphoria"))
            gone = [await here.next() for _ in range(2)]
            came = [await there.next() for _ in range(2)]
            await client.engine.notify(happened("ended", after_s=60, extension="101-Euphoria"))
            ended = [await there.next() for _ in range(2)]

    assert {("moved", "101-Euphoria")} == {(event, data["to"]) for event, data in gone}
    assert {"100-Euphoria"} == {data["moved_from"] for _, data in came}
    assert {("withdrawn", "call-ended")} == {(event, data["reason"]) for event, data in ended}


async def _shown(client):
    """
    The table of the contact lookup, once it is there.
    """

    def found():
        return next((pop for pop in client.engine.pops.open_pops("100-Euphoria") if pop.view), None)

    await until(found)
    return found()


async def test_a_linked_cell_runs_the_next_webhook(store):
    """
    With the cell as DYNAMIC_PARAMETER, exactly, and with everything that is known of the call.
    """
    async with desks(store) as (client, target):
        browser = await agent_at(client, store)
        await browser.get("/desktop")
        await client.engine.notify(happened("ringing"))
        pop = await _shown(client)
        answer = await browser.post(
            "/desktop/link", pop=pop.id, row="0", column="1", shown='"9007199254740993"'
        )
        await until(lambda: len(target.requests) == 2)
        opened = [each.webhook for each in client.engine.pops.open_pops("100-Euphoria")]

    assert (200, "") == (answer.status, orjson.loads(answer.text)["said"])
    assert "/orders/9007199254740993?tag=C-1001" == target.requests[1][1]
    assert "Open orders" in opened


@pytest.mark.parametrize(
    ("row", "column", "shown", "why"),
    [
        ("0", "0", '"x"', "no such link"),
        ("7", "1", "4712", "no such link"),
        ("-1", "1", "4712", "no such link"),
        ("", "", "", "no such link"),
        ("1", "1", "4713", "has changed since you saw it"),
        ("1", "1", "no json", "has changed since you saw it"),
    ],
    ids=[
        "a column without a link",
        "no such row",
        "a row before the first",
        "nothing",
        "another value",
        "no value",
    ],
)
async def test_only_a_cell_that_is_there_leads_on(store, row, column, shown, why):
    """
    Whoever makes up a request starts no webhook with a value of their own.
    """
    async with desks(store) as (client, target):
        browser = await agent_at(client, store)
        await browser.get("/desktop")
        await client.engine.notify(happened("ringing"))
        pop = await _shown(client)
        answer = await browser.post("/desktop/link", pop=pop.id, row=row, column=column, shown=shown)

    assert 422 == answer.status
    assert why in orjson.loads(answer.text)["said"]
    assert 1 == len(target.requests)


async def test_a_button_starts_a_manual_webhook_for_the_call(store):
    """
    What the agent typed is its DYNAMIC_PARAMETER, and the call is the one that they have.
    """
    async with desks(store) as (client, target):
        browser = await agent_at(client, store)
        page = await browser.get("/desktop")
        await client.engine.notify(happened("answered"))
        answer = await browser.post("/desktop/run", webhook="Find a ticket", parameter=" T-77 & more ")
        await until(lambda: target.requests)
        [pop] = client.engine.pops.open_pops("100-Euphoria")

    assert "Start Find a ticket" in page.text
    assert 200 == answer.status
    assert "/tickets?number=T-77%20%26%20more" == target.requests[0][1]
    assert ("T-77 & more", f"sip:{CALL.sip_id}") == (pop.parameter, pop.call)


async def test_a_button_obeys_its_rule(store):
    """
    Where the rule does not want the call, nothing starts, and the agent reads why.
    """
    async with desks(store) as (client, target):
        browser = await agent_at(client, store)
        await browser.get("/desktop")
        await client.engine.notify(happened("answered", call_queue="Secret"))
        kept = await browser.post("/desktop/run", webhook="Find a ticket", parameter="1")
        other = await browser.post("/desktop/run", webhook="Open orders", parameter="1")

    assert (422, 422) == (kept.status, other.status)
    assert "CALL_QUEUE != 'Secret' does not hold" in orjson.loads(kept.text)["said"]
    assert "no rule starts it" in orjson.loads(other.text)["said"]
    assert [] == target.requests


async def test_what_is_closed_is_closed_everywhere(store):
    """
    The agent's other screens are told.
    """
    async with desks(store) as (client, _):
        browser = await agent_at(client, store)
        await browser.get("/desktop")
        await client.engine.notify(happened("ringing"))
        pop = await _shown(client)
        async with streaming(browser) as stream:
            await stream.next()
            answer = await browser.post("/desktop/dismiss", pop=pop.id)
            told = await stream.next()
        again = await browser.post("/desktop/dismiss", pop=pop.id)

    assert (200, 422) == (answer.status, again.status)
    assert ("withdrawn", "dismissed") == (told[0], told[1]["reason"])


async def test_administrators_look_and_touch_nothing(store):
    """
    What is started at a desktop goes out with its agent's own credentials.
    """
    async with desks(store) as (client, target):
        browser = await agent_at(client, store, Role.ADMINISTRATOR)
        page = await browser.get("/desktop?agent=101-Euphoria")
        answer = await browser.post(
            "/desktop/run", agent="101-Euphoria", webhook="Find a ticket", parameter="1"
        )

    assert "You are looking at another" in page.text
    assert 403 == answer.status
    assert [] == target.requests


async def test_who_looks_sees_no_key_of_the_agent(store):
    """
    A key travels in the query of a page; that is told to the agent's own browser alone.
    """
    async with desks(store) as (client, _):
        looking = await agent_at(client, store, Role.ADMINISTRATOR)
        calls = [happened("ringing", extension="101-Euphoria", sip_id=name) for name in ("one", "two")]
        await client.engine.notify(calls[0])
        async with streaming(looking, agent="101-Euphoria") as stream:
            _, snapshot = await stream.next()
            await client.engine.notify(calls[1])
            told = [await stream.next() for _ in range(4)]

    urls = [pop["url"] for pop in snapshot["pops"] if "url" in pop]
    urls += [data["url"] for event, data in told if event == "window"]
    assert 2 == len(urls)
    assert {True} == {url.endswith("/page?…") for url in urls}


@pytest.mark.parametrize("role", [Role.AGENT, Role.MANAGER])
async def test_another_agents_desktop_is_closed(store, role):
    """
    Only administrators look over a shoulder.
    """
    async with desks(store) as (client, _):
        browser = await agent_at(client, store, role)
        accept = {"Accept": "text/event-stream"}

        assert 403 == (await browser.get("/desktop?agent=101-Euphoria")).status
        assert 403 == (await browser.get("/desktop/stream?agent=101-Euphoria", headers=accept)).status


async def test_a_stream_ends_with_its_session(store, monkeypatch):
    """
    Who signs out, or is taken out, reads on for a moment at most.
    """
    monkeypatch.setattr(desktop, "CHECKED_S", 0.05)
    async with desks(store) as (client, _):
        browser = await agent_at(client, store)
        await browser.get("/desktop")
        async with streaming(browser) as stream:
            await stream.next()
            await browser.post("/sign-out")
            async with asyncio.timeout(8):
                rest = await stream.response.content.read()
        after = await browser.get("/desktop/stream", follow=False, headers={"Accept": "text/event-stream"})

    assert b"" == rest
    assert (303, "/sign-in?back=%2Fdesktop%2Fstream") == (after.status, after.headers["Location"])


async def test_who_is_no_agent_is_told_so(store):
    """
    An extension that is no agent's uses no webhook, and has nothing to wait for.
    """
    visitor = Visitor(email="a@b.c", role=Role.AGENT, extension="999-<b>Euphoria</b>")
    async with consoled(store, user_of=lambda request: visitor) as client:
        page = await (await client.get("/desktop")).text()
        stream = await client.get("/desktop/stream", headers={"Accept": "text/event-stream"})

    assert "999-&lt;b&gt;Euphoria&lt;/b&gt; is no agent" in page
    assert 404 == stream.status
