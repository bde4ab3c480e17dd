"""
An agent waits: what `Engine.ask` does about a target that fails, and about agents who ask the same.
"""

import asyncio
from contextlib import asynccontextmanager

import pytest

from webhook_engine import CallContext, CallEvent, Engine
from webhook_engine.definitions import read_text
from webhook_engine.errors import TargetPaused, TimedOut
from webhook_engine.responses import Outcome

PATIENCE_S = 20.0
"""How long a test waits for what must come; only a failure takes so long."""

CALL = CallContext(caller_number="0821234567", extension="100-Euphoria")

DEFINITIONS = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"
[[agent]]
extension = "101-Euphoria"

[[webhook]]
name = "Lookup"
type = "ajax-get"
url = "http://127.0.0.1:{port}/contacts?phone={{CALLERID_NUMBER}}"
deadline_s = {deadline_s}
stale_s = {stale_s}

[[webhook]]
name = "Note"
type = "ajax-post"
url = "http://127.0.0.1:{port}/notes"

[[webhook]]
name = "Search"
type = "ajax-post"
url = "http://127.0.0.1:{port}/search"
content_type = "json"
safe = true

[[webhook]]
name = "Note afterwards"
type = "ajax-post"
url = "http://127.0.0.1:{port}/notes"
delivery = "durable"

[[rule]]
name = "Note each call"
on = ["ended"]
webhooks = ["Note afterwards"]
"""

FOUND = b'{"results": [{"id": 1, "name": "Thandi", "town": "Durban"}]}'


class Target:
    """
    Gives its answers one after the other, the last one for ever: a status and a body, or nothing.
    """

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.arrived = asyncio.Event()

    async def serve(self, reader, writer):
        try:
            while line := (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0]:
                self.asked.append(line.decode().removesuffix(" HTTP/1.1"))
                self.arrived.set()
                await self.gate.wait()
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if answer is None:
                    break
                status, body = answer
                writer.write(b"HTTP/1.1 %d It\r\nContent-Type: application/json\r\n" % status)
                writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def asking(target, *, deadline_s=PATIENCE_S, stale_s=0, queue=None):
    """
    An engine whose webhooks ask *target*.
    """
    async with await asyncio.start_server(target.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        text = DEFINITIONS.format(port=port, deadline_s=deadline_s, stale_s=stale_s)
        async with Engine(read_text(text), queue=queue) as engine:
            yield engine
        target.gate.set()


async def test_a_search_by_post_is_tried_again():
    """
    Where its webhook says that it is safe; the agent sees what the target said then.
    """
    target = Target(None, (200, FOUND))
    async with asking(target) as engine:
        view = await engine.ask("Search", CALL)

    assert (None, [("1", "Thandi", "Durban")]) == (view.error, [tuple(map(str, row)) for row in view.rows])
    assert ["POST /search"] * 2 == target.asked


async def test_a_target_that_keeps_failing_is_left_alone():
    """
    The agent reads so at once, and it is not asked.
    """
    target = Target((500, b"{}"))
    async with asking(target) as engine:
        for _ in range(5):
            assert (await engine.ask("Note", CALL)).error is None
        view = await engine.ask("Note", CALL)
        lookup = await engine.ask("Lookup", CALL)

    assert 5 == len(target.asked)
    for each in (view, lookup):
        assert (Outcome.TARGET_FAILED, 0) == (each.outcome, each.attempts)
        assert isinstance(each.error, TargetPaused)
        assert "failed 5 times in a row" in each.sentence


async def test_what_agents_meet_deliveries_know(tmp_path):
    """
    A target that failed for agents is not asked for what was written down either: there is one breaker.
    """
    target = Target((500, b"{}"))
    async with asking(target, queue=tmp_path / "deliveries.db") as engine:
        for _ in range(5):
            await engine.ask("Note", CALL)
        await engine.notify(CallEvent("ended", CALL))

        (treated,) = engine.report().targets

    assert ("open", 5) == (str(treated.state), len(target.asked))


async def test_a_lookup_that_broke_off_is_tried_once_more():
    """
    And the agent sees the second answer, and that there were two.
    """
    target = Target(None, (200, FOUND))
    async with asking(target) as engine:
        view = await engine.ask("Lookup", CALL)

    assert (Outcome.OK, 2, 2) == (view.outcome, view.attempts, len(target.asked))


async def test_a_note_that_broke_off_is_not_sent_twice():
    """
    The target may have written it down.
    """
    target = Target(None, (200, FOUND))
    async with asking(target) as engine:
        view = await engine.ask("Note", CALL)

    assert (Outcome.TARGET_FAILED, 1, 1) == (view.outcome, view.attempts, len(target.asked))


async def together(engine, target, webhook, *calls):
    target.gate.clear()
    tasks = [asyncio.create_task(engine.ask(webhook, call)) for call in calls]
    await target.arrived.wait()
    target.gate.set()
    return await asyncio.gather(*tasks)


async def test_agents_who_look_up_the_same_share_one_request():
    """
    A call rings at a whole team; each agent has the whole answer.
    """
    target = Target((200, FOUND))
    async with asking(target) as engine:
        views = await together(
            engine, target, "Lookup", *[CALL.replace(extension=f"{100 + n % 2}-Euphoria") for n in range(8)]
        )

    assert 1 == len(target.asked)
    assert [1] * 8 == [len(view.rows) for view in views]


async def test_notes_are_never_shared():
    """
    Two notes are two notes, and two callers two lookups.
    """
    target = Target((200, FOUND))
    async with asking(target) as engine:
        await together(engine, target, "Note", CALL, CALL)
        await together(engine, target, "Lookup", CALL, CALL.replace(caller_number="0837654321"))

    assert 2 == target.asked.count("POST /notes")
    assert 2 == len({line for line in target.asked if line.startswith("GET")})


async def test_what_comes_late_is_dropped():
    """
    The agent reads so when the time is over, and the next one is not shown what came too late.
    """
    target = Target((200, FOUND))
    async with asking(target, deadline_s=0.2) as engine:
        target.gate.clear()
        view = await engine.ask("Lookup", CALL)
        target.gate.set()
        again = await engine.ask("Lookup", CALL)

    assert (Outcome.TARGET_FAILED, TimedOut) == (view.outcome, type(view.error))
    assert (Outcome.OK, 2) == (again.outcome, len(target.asked))


async def test_an_older_answer_stands_in_and_says_so():
    """
    With its age in words, where the webhook allows it.
    """
    target = Target((200, FOUND), (500, b"{}"))
    async with asking(target, stale_s=60) as engine:
        before = await engine.ask("Lookup", CALL)
        view = await engine.ask("Lookup", CALL)

    assert (before.rows, Outcome.OK) == (view.rows, view.outcome)
    assert f"{before.sentence} That is from 0 s ago." == view.sentence


@pytest.mark.parametrize(("stale_s", "test_values"), [(0, False), (60, True)], ids=["not allowed", "a test"])
async def test_else_the_agent_sees_that_it_fails(stale_s, test_values):
    """
    Whoever tries a webhook wants to know what happens now.
    """
    target = Target((200, FOUND), (500, b"{}"))
    async with asking(target, stale_s=stale_s) as engine:
        await engine.ask("Lookup", CALL, test_values=test_values)
        view = await engine.ask("Lookup", CALL, test_values=test_values)

    assert (Outcome.TARGET_FAILED, 500) == (view.outcome, view.status)
