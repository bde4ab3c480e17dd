"""
How the service is, for machines; and how it sits in another application.
"""

import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from tests.service.serving import Client, running, served, told
from webhook_engine.drift import Drift, DriftSettings
from webhook_engine.responses import AgentView, Column, Outcome
from webhook_engine.service import SERVICE, Endpoint, GivenKeys, Scope, make_app
from webhook_engine.service.door import HEADERS


async def samples(client):
    async with client.get("/metrics") as response:
        assert 200 == response.status
        text = await response.text()
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_what_is_counted(client):
    """
    Deliveries by state, attempts by what they came to, targets by how they are treated, requests.
    """
    await client.told("post", "/v1/events", json=[told(), told("ended", id="event-2")])
    await client.until("done", "event-1")
    async with client.get("/v1/agents/100-Euphoria/stream"):
        found = await samples(client)

    name = "webhook_engine_"
    (target,) = {
        target for (metric, target, *_) in filter(lambda key: key[0] == f"{name}target_running", found)
    }
    expected = {
        (f"{name}deliveries", "done"): 1,
        (f"{name}deliveries", "dead"): 0,
        (f"{name}attempts_total", "done"): 1,
        (f"{name}events_accepted_total",): 2,
        (f"{name}requests_total", "/v1/events", "202"): 1,
        (f"{name}request_seconds_count", "/v1/events"): 1,
        (f"{name}ready",): 1,
        (f"{name}streams",): 1,
        (f"{name}oldest_ready_seconds",): 0,
        (f"{name}target_state", *sorted((target, "closed"))): 1,
        (f"{name}target_state", *sorted((target, "open"))): 0,
    }
    assert expected == {each: found[each] for each in expected}
    assert found[f"{name}queue_file_bytes",] + found[f"{name}queue_wal_bytes",] > 0


async def test_a_column_that_drifted_is_counted(client):
    """
    As long as it has not come back.
    """
    drift = client.engine.drift = Drift(DriftSettings(every_s=0.0))
    for cell in [1] * drift.settings.streak + [None] * drift.settings.streak:
        columns = (Column(path="id"),)
        view = AgentView(outcome=Outcome.OK, sentence="", columns=columns, rows=((cell,),))
        drift.note("Contact lookup", "r", view)
    gone = await samples(client)
    drift.forget("Contact lookup")

    name = ("webhook_engine_column_drifted", "id", "vanished", "Contact lookup")
    assert 1 == {tuple(sorted(key)): value for key, value in gone.items()}[tuple(sorted(name))]
    assert not [key for key in await samples(client) if "webhook_engine_column_drifted" in key]


async def test_what_waits_for_slow_readers_is_told(client):
    """
    And how many were cut for it, by themselves or for all.
    """
    backlog = client.app[SERVICE].streams.backlog
    backlog.cut["all"] = 3
    found = await samples(client)

    assert 0 == found[("webhook_engine_streams_unread_bytes",)]
    assert {("all",): 3, ("reader",): 0} == {
        key[1:]: value for key, value in found.items() if key[0] == "webhook_engine_streams_cut_total"
    }


async def test_the_process_keeps_its_own_registry(backend):
    """
    An application's metrics are its own; two services side by side are two.
    """
    async with served(backend) as one, served(backend) as two:
        await one.told("post", "/v1/events", json=told())

        counts = [(await samples(each))[("webhook_engine_events_accepted_total",)] for each in (one, two)]

    assert [1, 0] == counts


async def test_readiness_ends_before_the_service_does(client):
    """
    A stopping engine takes nothing new; the process still answers.
    """
    before = await client.told("get", "/v1/ready")
    await client.engine.stop()
    after = await client.told("get", "/v1/ready")

    assert (200, {"status": "ready"}) == before
    assert (503, "unavailable") == (after[0], after[1]["error"]["code"])
    assert (200, {"status": "ok"}) == await client.told("get", "/v1/health")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/health", 200),
        ("HEAD", "/v1/health", 200),
        ("GET", "/nothing", 404),
        ("DELETE", "/v1/events", 405),
        ("POST", "/v1/events", 401),
        ("OPTIONS", "/v1/events", 405),
    ],
)
async def test_every_answer_is_guarded(backend, method, path, status):
    """
    Nothing is cached, framed or guessed at, and no other origin is let in.
    """
    async with (
        served(backend) as client,
        client.session.request(method, path, headers={"Origin": "https://elsewhere.example"}) as response,
    ):
        assert status == response.status
        assert HEADERS.items() <= response.headers.items()
        assert not [name for name in response.headers if name.startswith("Access-Control")]
        if status >= 400:
            assert {"code", "message", "problems"} == set((await response.json())["error"])
        if status == 405:
            assert "POST" in response.headers["Allow"]


async def test_mounted_within_another_application(backend):
    """
    Under any path and behind a smaller bound on bodies; the other's routes stay its own.
    """

    async def hello(_):
        return web.Response(text="hello")

    whole = web.Application(client_max_size=10)
    whole.router.add_get("/", hello)
    whole.add_subapp("/webhooks", make_app(backend, keys=GivenKeys({"k": ()})))
    async with running(whole) as client:
        mounted = Client(client.session, "k")
        accepted = await mounted.told("post", "/webhooks/v1/events", json=told())
        nothing = await mounted.told("get", "/webhooks/nothing")
        refused = await mounted.told("post", "/webhooks/v1/events", json=told(moment="x"))
        async with client.session.get("/") as response:
            outside = (await response.text(), "Referrer-Policy" in response.headers)

    assert ([202, 404, 422], "not-found") == (
        [accepted[0], nothing[0], refused[0]],
        nothing[1]["error"]["code"],
    )
    assert ("hello", False) == outside


async def test_an_application_adds_endpoints_behind_the_same_door(backend):
    """
    With a scope, counted, and refused in the same shape.
    """

    async def answer(service, request):
        return web.json_response({"tenant": service.engine.definitions.tenant.name})

    more = [Endpoint("GET", "/v1/tenant", Scope.ADMIN, answer)]
    async with served(backend, more=more) as client:
        found = await client.told("get", "/v1/tenant")
        narrow = await Client(client.session, "only-events").told("get", "/v1/tenant")

    assert ((200, {"tenant": "Euphoria"}), 403) == (found, narrow[0])
