"""
Webhooks that are kept back, seen and let go over HTTP.
"""

import asyncio

import pytest
from aiohttp import web

from tests.service.serving import SOON_S, Client, served, told
from webhook_engine import Engine
from webhook_engine.definitions import read_text
from webhook_engine.performing import DISABLED, GONE

DEFINITIONS = """
[tenant]
name = "Euphoria"
country = "ZA"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

[[rule]]
name = "A call is over"
on = ["disposed"]
webhooks = ["Log", "Off"]

[[webhook]]
name = "Log"
type = "ajax-post"
delivery = "durable"
url = "http://127.0.0.1:PORT/log"

[[webhook]]
name = "Off"
type = "ajax-post"
delivery = "durable"
enabled = false
url = "http://127.0.0.1:PORT/off"

[[webhook]]
name = "Page"
type = "browser-window"
enabled = false
url = "http://127.0.0.1:PORT/page"
"""


@pytest.fixture
async def answers(tmp_path):
    """
    A client of an engine whose target gives these answers, one after the other.
    """
    answers = [410, 200]

    async def handle(_):
        return web.Response(status=answers.pop(0) if len(answers) > 1 else answers[0])

    app = web.Application()
    app.router.add_post("/{tail:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    text = DEFINITIONS.replace("PORT", str(runner.addresses[0][1]))
    async with Engine(read_text(text), queue=tmp_path / "queue.db") as engine, served(engine) as client:
        yield client
    await runner.cleanup()


async def states(client, event):
    _, found = await client.told("get", "/v1/deliveries", params={"event": event, "webhook": "Log"})
    return [(each["state"], each["reason"]) for each in found["deliveries"]]


async def settled(client, event, wanted):
    async with asyncio.timeout(SOON_S):
        while await states(client, event) != [wanted]:
            await asyncio.sleep(0.01)


async def test_what_is_kept_back_is_seen_and_let_go(answers: Client):
    """
    The list says why, the gauge says that it is so, and after the word of an operator it goes.
    """
    await answers.told("post", "/v1/events", json=told(id="event-1"))
    await settled(answers, "event-1", ("dead", "gone"))
    await answers.told("post", "/v1/events", json=told(id="event-2"))
    await settled(answers, "event-2", ("waiting", GONE))

    _, listed = await answers.told("get", "/v1/holds")
    async with answers.get("/metrics") as response:
        metrics = await response.text()
    resumed = await answers.told("post", "/v1/webhooks/Log/resume")
    await settled(answers, "event-2", ("done", ""))

    assert {("Log", GONE), ("Off", DISABLED)} == {
        (each["webhook"], each["reason"]) for each in listed["holds"]
    }
    assert f'webhook_engine_webhook_held{{reason="{GONE}",webhook="Log"}} 1.0' in metrics
    assert (200, {"resumed": 1}) == resumed


@pytest.mark.parametrize(
    ("path", "code"),
    [("Off/resume", "disabled"), ("Of/resume", "not-found"), ("Page/open", "disabled")],
    ids=["by hand", "nobody", "a page"],
)
async def test_what_its_definition_keeps_back(answers, path, code):
    """
    A disabled webhook is not resumed and not opened; the answer says why.
    """
    body = {"json": {"call": told()["call"]}} if path.endswith("open") else {}
    _, found = await answers.told("post", f"/v1/webhooks/{path}", **body)

    assert code == found["error"]["code"]
