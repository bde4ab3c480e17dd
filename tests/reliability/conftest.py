"""
An engine with its queue on the disk, and a target system that answers as a test says.
"""

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from webhook_engine import CallContext, CallEvent, Engine
from webhook_engine.definitions import read_text
from webhook_engine.queue import State

PATIENCE_S = 60

BEGINNING = """
[tenant]
name = "Euphoria"
country = "ZA"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

"""

RULE = """
[[rule]]
name = "Everything"
on = ["disposed"]
webhooks = ["Log"]
"""

LOG = """
[[webhook]]
name = "Log"
type = "ajax-post"
content_type = "json"
delivery = "durable"
url = "TARGET/log"
longest_wait_s = 0.05
parameter = [{ name = "notes", value = "{CALL_NOTES}", when_empty = "send" }]
"""

CALL = CallContext.from_tokens({"EXTENSION": "100-Euphoria", "CALL_DISPOSITION": "Success"})


def event(number, *, call=""):
    """
    One of many events; those that name a call are of that call.
    """
    of_call = CALL.replace(notes=str(number), sip_id=call) if call else CALL.replace(notes=str(number))
    return CallEvent("disposed", of_call, id=f"event-{number}")


@dataclass
class Target:
    """
    A target system on loopback. Each request takes the next answer; the last one stays.
    """

    url: str = ""
    answers: list = field(default_factory=lambda: [200])
    took_s: float = 0.0
    asked: list = field(default_factory=list)
    """The body of each request, as its JSON's `notes`, or its path."""
    paths: list = field(default_factory=list)
    at: list = field(default_factory=list)
    running: int = 0
    most: int = 0
    """Most requests that were under way together."""

    async def handle(self, request):
        body = await request.text()
        self.asked.append(body.partition('"notes":"')[2].partition('"')[0] or request.path)
        self.paths.append(request.path)
        self.at.append(time.monotonic())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(self.took_s)
        finally:
            self.running -= 1
        if isinstance(answer, int):
            answer = {"status": answer}
        return web.Response(**answer)


@asynccontextmanager
async def serving():
    """
    A target that listens.
    """
    target = Target()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", target.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    target.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
    try:
        yield target
    finally:
        await runner.cleanup()


@pytest.fixture
async def target():
    async with serving() as target:
        yield target


@pytest.fixture
def definitions(target):
    """
    Definitions of a text that calls the target `TARGET`, with a rule that starts `Log`; None is without either.
    """

    def definitions(text=LOG):
        return read_text((BEGINNING + ("" if text is None else RULE + text)).replace("TARGET", target.url))

    return definitions


@pytest.fixture
def opened(definitions, tmp_path):
    """
    Opens an engine for such a text; the same file each time.
    """

    @asynccontextmanager
    async def opened(text=LOG, **facts):
        async with Engine(definitions(text), queue=tmp_path / "deliveries.db", **facts) as engine:
            yield engine

    return opened


async def until(condition):
    """
    Returns as soon as *condition*, which may be a coroutine's function, holds.
    """
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = condition()
            found = await found if asyncio.iscoroutine(found) else found
            if found:
                return found
            await asyncio.sleep(0.005)


async def reports(engine, *states):
    """
    The deliveries in the order of their events, once each is in one of *states*; done or dead where left out.
    """
    wanted = set(states or (State.DONE, State.DEAD))

    async def there():
        found = (await engine.queue.list(limit=1000)).deliveries
        return found if found and {each.state for each in found} <= wanted else None

    found = await until(there)
    return sorted(found, key=lambda each: (len(each.event_id), each.event_id))
