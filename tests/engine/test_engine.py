"""
The line from a call to what an agent sees, on a real target.
"""

import asyncio
import dataclasses
import gc
import threading
import warnings

import pytest

from webhook_engine import CallContext, Engine
from webhook_engine.definitions import read_text
from webhook_engine.demo import scenes
from webhook_engine.dispatch import LocalSecrets
from webhook_engine.errors import AgentRefused, NotFound, SecretMissing, UnsafeValue, WrongType
from webhook_engine.responses import Outcome

RINGING = scenes.RINGING


@pytest.fixture
async def engine():
    """
    The example's definitions on a CRM of their own.
    """
    async with scenes.stage(0) as (engine, _):
        yield engine


@pytest.mark.parametrize("scene", scenes.SCENES, ids=lambda scene: scene.title)
async def test_the_demo_holds_scene_by_scene(engine, scene):
    """
    Every scene of the demo ends as it says it must.
    """
    async for played in scenes.play(engine, [scene]):
        assert played.as_expected, (played.view, played.refusal)


def test_open_is_a_string_and_sends_nothing():
    """
    A page needs no event loop, no connection and no CRM.
    """
    engine = Engine.from_file(scenes.DEFINITIONS)

    url = engine.open("Customer page", RINGING)

    assert (
        "http://127.0.0.1:8765/customers/1001?caller=Thandi%20Mokoena%20%3C0821234567%40pbx0.euphoria.co.za%3E"
        == url
    )


class TestRefusals:
    """
    What is wrong before anything can be sent.
    """

    async def test_a_name_that_is_not_there(self, engine):
        """
        With the nearest that is.
        """
        with pytest.raises(NotFound, match="did you mean 'Contact lookup'"):
            await engine.ask("Contact lokup", RINGING)

    async def test_a_page_cannot_be_asked(self, engine):
        """
        Nor can a request be opened.
        """
        with pytest.raises(WrongType, match="open it"):
            await engine.ask("Customer page", RINGING)
        with pytest.raises(WrongType, match="ask for it"):
            engine.open("Contact lookup", RINGING)

    async def test_an_extension_that_is_no_agent(self, engine):
        """
        A page is refused by an error, a lookup by what the agent would see.
        """
        stranger = RINGING.replace(extension="200-Euphoria")

        with pytest.raises(AgentRefused, match="200-Euphoria"):
            engine.open("Customer page", stranger)
        view = await engine.ask("Contact lookup", stranger)
        assert (Outcome.REFUSED, 0) == (view.outcome, view.attempts)
        assert isinstance(view.error, AgentRefused)

    async def test_an_agent_without_a_key(self, engine):
        """
        Pieter has no key of his own, and nobody else's is used.
        """
        view = await engine.ask("Place an order", RINGING.replace(extension="101-Euphoria"))

        assert (Outcome.REFUSED, 0) == (view.outcome, view.attempts)
        assert "101-Euphoria" in view.sentence

    async def test_a_key_that_is_not_there(self):
        """
        The variable that should hold it is named.
        """
        engine = Engine.from_file(scenes.DEFINITIONS, secrets=LocalSecrets(environ={}))

        view = await engine.ask("Place an order", RINGING)

        assert (Outcome.REFUSED, 0) == (view.outcome, view.attempts)
        assert isinstance(view.error, SecretMissing)
        assert "CRM_KEY_100" in str(view.error)
        assert "The credentials for CRM orders are not set up. Please tell an administrator." == view.sentence

    async def test_a_value_that_a_header_cannot_carry(self, engine):
        """
        Refused, not repaired.
        """
        view = await engine.ask("Notes in a header", RINGING.replace(notes="a\r\nb: c"))

        assert (Outcome.REFUSED, 0) == (view.outcome, view.attempts)
        assert isinstance(view.error, UnsafeValue)

    @pytest.mark.parametrize("webhook", ["Orders of a customer", "Customer page"])
    def test_an_empty_value_that_would_name_something_else(self, webhook):
        """
        Orders of nobody in particular are everybody's; a page without its customer is another page.
        """
        engine = Engine.from_file(scenes.DEFINITIONS)
        engine.render(webhook, RINGING.replace(crm_tag="1001", dynamic_parameter="1001"))

        with pytest.raises(UnsafeValue, match="a part of the URL's path is empty"):
            engine.render(webhook, RINGING.replace(crm_tag="", dynamic_parameter=""))

    def test_an_empty_part_beside_a_parameter_that_is_choosy(self):
        """
        What the webhook's parameters make of a value has no say in what its path may be.
        """
        engine = Engine.from_file(scenes.DEFINITIONS)

        with pytest.raises(UnsafeValue, match="a part of the URL's path is empty"):
            engine.render("Contact lookup", RINGING.replace(call_queue=""))


class TestAGoodGuest:
    """
    An engine leaves its host as it found it.
    """

    async def test_two_engines_side_by_side(self):
        """
        Neither knows of the other.
        """
        async with scenes.stage(0) as (one, _), scenes.stage(0) as (two, _):
            views = await asyncio.gather(*(each.ask("Contact lookup", RINGING) for each in (one, two) * 5))

        assert [Outcome.OK] * 10 == [view.outcome for view in views]

    def test_engines_in_threads_with_loops_of_their_own(self):
        """
        No state is shared between them.
        """
        outcomes = []

        async def play():
            async with scenes.stage(0) as (engine, _):
                outcomes.append((await engine.ask("Contact lookup", RINGING)).outcome)

        threads = [threading.Thread(target=lambda: asyncio.run(play())) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [Outcome.OK] * 3 == outcomes

    def test_an_engine_works_in_one_loop_at_a_time(self):
        """
        Closed, it refuses; opened again in another loop, it works there; left open, it says what is wrong.
        """
        engine = Engine(read_text(scenes.DEFINITIONS.read_text().replace(":8765/", ":9/")))

        async def within():
            async with engine:
                return (await engine.ask("Contact lookup", RINGING)).outcome

        async def alone():
            return (await engine.ask("Contact lookup", RINGING)).outcome

        assert Outcome.TARGET_FAILED == asyncio.run(within())
        with pytest.raises(RuntimeError, match="this engine is closed"):
            asyncio.run(alone())
        assert Outcome.TARGET_FAILED == asyncio.run(within())
        other = Engine(engine.definitions)

        async def elsewhere():
            return (await other.ask("Contact lookup", RINGING)).outcome

        assert Outcome.TARGET_FAILED == asyncio.run(elsewhere())
        with pytest.raises(RuntimeError, match="make one engine for each loop"):
            asyncio.run(elsewhere())
        asyncio.run(other.close())

    async def test_closes_what_it_opened(self):
        """
        Not one warning about something left open.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            async with scenes.stage(0) as (engine, _):
                await engine.ask("Contact lookup", RINGING)
            gc.collect()

    async def test_closing_twice_or_unused_is_nothing(self):
        """
        Whoever closes need not remember.
        """
        engine = Engine.from_file(scenes.DEFINITIONS)

        await engine.close()
        await engine.close()

        assert "http://127.0.0.1:8765/customers/1001" in engine.open("Customer page", RINGING), (
            "a page needs no loop"
        )


HOSTILE = """
[tenant]
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

[[webhook]]
name = "Lookup"
type = "ajax-get"
url = "http://127.0.0.1:{port}/"
deadline_s = 1.0
"""


async def test_a_response_made_to_take_long_holds_up_nobody():
    """
    Ten million bytes of nothing much: the agent waits no longer than the deadline, and other calls go on.
    """
    body = b"<r>" + b"<a b='1'/>" * 250_000 + b"</r>"
    gaps = []

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    async def tick():
        while True:
            before = asyncio.get_running_loop().time()
            await asyncio.sleep(0.01)
            gaps.append(asyncio.get_running_loop().time() - before)

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Engine(read_text(HOSTILE.replace("{port}", str(port)))) as engine:
            ticking = asyncio.create_task(tick())
            began = asyncio.get_running_loop().time()
            view = await engine.ask("Lookup", RINGING)
            took_s = asyncio.get_running_loop().time() - began
            ticking.cancel()

    assert view.outcome in (Outcome.TARGET_FAILED, Outcome.NO_MATCH, Outcome.OK)
    assert took_s < 20  # wide: the deadline of a second and a busy machine
    assert len(gaps) > 5, "the loop stood still"


async def test_an_agent_reads_how_often_the_target_was_asked():
    """
    Of two tries only those count in which the request left: a second one in vain does not.
    """
    server = None

    async def break_off(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        server.close()
        writer.transport.abort()

    server = await asyncio.start_server(break_off, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    definitions = read_text(HOSTILE.replace("{port}", str(port)).replace("1.0", "30"))
    async with Engine(definitions) as engine:
        view = await engine.ask("Lookup", RINGING)

    assert (Outcome.TARGET_FAILED, 1) == (view.outcome, view.attempts)


async def test_test_values_take_the_place_of_the_calls(engine):
    """
    Test and Configure needs no call.
    """
    nobody = CallContext(extension="100-Euphoria", call_queue="Sales")

    assert Outcome.SKIPPED == (await engine.ask("Contact lookup", nobody)).outcome
    view = await engine.ask("Contact lookup", nobody, test_values=True)

    assert ("Thandi Mokoena",) == view.rows[0][:1]


def test_render_shows_what_would_be_sent_without_its_secrets():
    """
    A dry run shows a key's place, not the key.
    """
    engine = Engine.from_file(
        scenes.DEFINITIONS, secrets=LocalSecrets(environ={"CRM_KEY_100": "very-secret"})
    )

    request = engine.render("Place an order", RINGING)

    assert ("X-Api-Key", "***") in request.headers
    assert "very-secret" not in repr(request) + str(request.to_json())
    assert b'{"customer":"1001","taken_by":"100-Euphoria"}' == request.body


OAUTH = """
[[agent]]
extension = "100-Euphoria"

[[group]]
name = "CRM"
authentication = "oauth2"

[group.oauth2]
token_url = "https://crm.example.com/token"
client_id = { env = "ID" }
client_secret = { env = "SECRET" }

[[webhook]]
name = "Lookup"
group = "CRM"
type = "ajax-get"
url = "https://crm.example.com/"
"""


def test_render_keeps_what_earns_a_token_to_itself():
    """
    What is rendered for people holds nothing that could be used, however one looks into it.
    """
    engine = Engine(read_text(OAUTH), secrets=LocalSecrets(environ={"ID": "us", "SECRET": "canary-4711"}))

    request = engine.render("Lookup", RINGING)

    assert ("Authorization", "Bearer ***") in request.headers
    assert "canary" not in repr(request) + repr(dataclasses.asdict(request))
