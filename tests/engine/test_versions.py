"""
A delivery is made by the definitions under which its event was accepted, with the credentials of today.
"""

import asyncio
from dataclasses import replace

import pytest
from aiohttp import web

from webhook_engine import CallContext, CallEvent, Engine
from webhook_engine.definitions import read_text
from webhook_engine.queue import SqliteQueue, State

PATIENCE_S = 60
SECRET = "k3y-of-yesterday"
DEFINITIONS = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

[[group]]
name = "CRM"
authentication = "api-key"
level = "global"
key_in = "header"
key_name = "X-Api-Key"
key = "k3y-of-yesterday"

[[webhook]]
name = "Note"
group = "CRM"
type = "ajax-post"
content_type = "text"
delivery = "durable"
url = "http://127.0.0.1:PORT/notes"
body = "as it was: {CALL_NOTES}"

[[rule]]
name = "A call is over"
on = ["disposed"]
webhooks = ["Note"]
"""
LATER = DEFINITIONS.replace("as it was", "as it is").replace(SECRET, "k3y-of-today")
EVENT = CallEvent("disposed", CallContext(notes="Likes blue", extension="100-Euphoria"), id="e-1")


class Target:
    """
    Takes what it is sent; says no as often as it is told.
    """

    def __init__(self):
        self.taken = []
        self.failures = 0

    async def take(self, request):
        self.taken.append((await request.text(), request.headers["X-Api-Key"]))
        self.failures -= 1
        return web.Response(status=503 if self.failures >= 0 else 204, headers={"Retry-After": "0"})

    async def until(self, count):
        async with asyncio.timeout(PATIENCE_S):
            while len(self.taken) < count:
                await asyncio.sleep(0.01)


@pytest.fixture
async def target():
    target = Target()
    app = web.Application()
    app.router.add_post("/notes", target.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    target.port = runner.addresses[0][1]
    yield target
    await runner.cleanup()


def definitions(text, target):
    return read_text(text.replace("PORT", str(target.port)))


async def accepted(text, target, path):
    """
    The event, accepted and not sent.
    """
    async with Engine(definitions(text, target), queue=path) as engine:
        await engine.stop()
        (delivery,) = await engine.notify(EVENT)
    return delivery


async def until_over(queue, delivery):
    async with asyncio.timeout(PATIENCE_S):
        while (report := await queue.show(delivery.id)).state not in (State.DONE, State.DEAD):
            await asyncio.sleep(0.01)
    return report


async def test_a_restart_with_other_definitions_changes_no_request(target, tmp_path):
    """
    What was accepted is what is sent; only the key is today's.
    """
    path = tmp_path / "queue.db"
    delivery = await accepted(DEFINITIONS, target, path)

    async with Engine(definitions(LATER, target), queue=path) as engine:
        report = await until_over(engine.queue, delivery)
        await engine.notify(CallEvent("disposed", EVENT.call, id="e-2"))
        await target.until(2)

    assert State.DONE is report.state
    assert [
        ("as it was: Likes blue", "k3y-of-today"),
        ("as it is: Likes blue", "k3y-of-today"),
    ] == target.taken


async def test_definitions_that_change_at_work_change_no_request(target, tmp_path):
    """
    The same without a restart.
    """
    async with SqliteQueue(tmp_path / "queue.db") as queue:
        before = Engine(definitions(DEFINITIONS, target), queue=queue)
        (delivery,) = await before.notify(EVENT)
        before.redefine(definitions(LATER, target))
        async with before:
            await until_over(queue, delivery)

    assert [("as it was: Likes blue", "k3y-of-today")] == target.taken


async def test_every_try_sends_the_same(target, tmp_path):
    """
    What was tried under old definitions is kept as it was sent, and needs them no more.
    """
    path = tmp_path / "queue.db"
    target.failures = 1
    async with Engine(definitions(DEFINITIONS, target), queue=path) as engine:
        (delivery,) = await engine.notify(EVENT)
        await target.until(1)
        async with asyncio.timeout(PATIENCE_S):
            while (await engine.queue.show(delivery.id)).frozen is None:
                await asyncio.sleep(0.01)

    async with Engine(definitions(LATER, target), queue=path) as engine:
        report = await until_over(engine.queue, delivery)

    assert ["as it was: Likes blue"] * 2 == [body for body, _ in target.taken]
    assert "as it was: Likes blue" == report.frozen["body"]


async def test_a_webhook_that_is_gone_ends_its_deliveries(target, tmp_path):
    """
    Nobody would know how to sign for it: it is dead, and says why.
    """
    path = tmp_path / "queue.db"
    delivery = await accepted(DEFINITIONS, target, path)
    without = LATER.replace('name = "Note"', 'name = "Other"').replace('["Note"]', '["Other"]')

    async with Engine(definitions(without, target), queue=path) as engine:
        report = await until_over(engine.queue, delivery)

    assert (State.DEAD, "deleted", []) == (report.state, report.reason, target.taken)


async def test_definitions_that_are_lost_end_their_deliveries(target, tmp_path):
    """
    A request is not guessed.
    """
    path = tmp_path / "queue.db"
    delivery = await accepted(DEFINITIONS, target, path)
    lost = replace(delivery, event_id="e-2", reference={**delivery.reference, "version": "never-kept"})

    async with Engine(definitions(LATER, target), queue=path) as engine:
        await engine.queue.put([lost])
        report = await until_over(engine.queue, lost)

    assert (State.DEAD, "changed") == (report.state, report.reason)
    assert "never-kept" in report.records[0].detail["error"]["message"]


async def test_no_secret_is_written_down(target, tmp_path):
    """
    Neither with the event nor with the definitions, though the key stands in them.
    """
    path = tmp_path / "queue.db"
    await accepted(DEFINITIONS, target, path)

    written = b"".join(each.read_bytes() for each in tmp_path.iterdir())

    assert b"as it was" in written
    assert SECRET.encode() not in written
