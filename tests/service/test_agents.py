"""
An agent's screen over HTTP, from the event to the pop.
"""

import asyncio

import pytest

from tests.service.serving import served, told
from tests.service.test_stream import events
from webhook_engine.service import SERVICE, ServiceSettings

STREAM = "/v1/agents/100-Euphoria/stream"


async def test_an_event_shows_on_the_agents_screen(client):
    """
    The window at once, the table when it has been looked up; closed on one screen, it is closed on all.
    """
    async with client.get(STREAM) as one, client.get(STREAM) as two:
        for stream in (one, two):
            await events(stream, 1)

        await client.told("post", "/v1/events", json=told("ringing"))

        shown = {kind: data for kind, _, data in await events(one, 3)}
        assert {"lookup", "window", "table"} == set(shown)
        assert "Thandi Mokoena" == shown["table"]["view"]["rows"][0][0]
        await events(two, 3)
        path = f"/v1/agents/100-Euphoria/pops/{shown['window']['pop']}/dismiss"
        async with client.post(path) as first, client.post(path) as second:
            assert (204, 404) == (first.status, second.status)
        ((kind, last_id, data),) = await events(two, 1)
        assert ("withdrawn", "dismissed") == (kind, data["reason"])
    async with client.get(STREAM, headers={"Last-Event-ID": last_id}) as again:
        await client.told("post", "/v1/events", json=told("ended", id="event-2"))
        ((kind, _, data),) = await events(again, 1)
        assert ("withdrawn", "call-ended") == (kind, data["reason"])


async def test_nobody_dismisses_what_another_agent_has(client):
    """
    A pop is closed under the agent who has it.
    """
    await client.told("post", "/v1/events", json=told("ringing"))
    (pop, *_) = client.engine.pops.open_pops("100-Euphoria")

    async with client.post(f"/v1/agents/101-Euphoria/pops/{pop.id}/dismiss") as response:
        assert 404 == response.status
    assert pop.id in [each.id for each in client.engine.pops.open_pops("100-Euphoria")]


@pytest.mark.parametrize("path", ["stream", "pops/x/dismiss"])
async def test_an_extension_that_is_no_agent(client, path):
    """
    A stream that would stay empty for ever is refused, with the nearest name.
    """
    ask = client.get if path == "stream" else client.post
    async with ask(f"/v1/agents/100-Euforia/{path}") as response:
        found = await response.json()

    assert (404, True) == (response.status, "did you mean '100-Euphoria'?" in found["error"]["message"])


async def test_streams_are_bounded_in_all(backend):
    """
    And refused in the shape of every error.
    """
    async with (
        served(backend, settings=ServiceSettings(streams=1)) as client,
        client.get(STREAM) as one,
        client.get("/v1/agents/101-Euphoria/stream") as two,
    ):
        assert (200, 429) == (one.status, two.status)
        assert ("15", "busy") == (two.headers["Retry-After"], (await two.json())["error"]["code"])


async def test_a_stop_ends_the_streams(backend):
    """
    Nothing new is begun from then on.
    """
    async with served(backend) as client:
        async with client.get(STREAM) as stream:
            await events(stream, 1)
            client.app[SERVICE].stop()
            async with asyncio.timeout(5):
                assert b"" == await stream.content.read()
        for path, ask in ((STREAM, client.get), ("/v1/events", client.post)):
            async with ask(path, **({"json": told()} if ask == client.post else {})) as late:
                assert (503, "2") == (late.status, late.headers["Retry-After"])
    assert [] == backend.seen
