"""
The OpenAPI document is true: what it describes is there, and what is there it describes.
"""

import asyncio
import re
from dataclasses import replace

import orjson
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate

from tests.service.serving import Client, call, engine_on, served, told
from webhook_engine.definitions import Definitions
from webhook_engine.service import SERVICE, ServiceSettings
from webhook_engine.service.openapi import DOCUMENT
from webhook_engine.service.refusals import CODES, Code
from webhook_engine.service.routes import ENDPOINTS

OPERATIONS = {
    (method.upper(), path): operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
NDJSON = {"Content-Type": "application/x-ndjson"}
ASK = "/v1/webhooks/{name}/ask"
OPEN = "/v1/webhooks/{name}/open"
RESUME = "/v1/webhooks/{name}/resume"
STREAM = "/v1/agents/{extension}/stream"
DISMISS = "/v1/agents/{extension}/pops/{id}/dismiss"


def resolved(schema):
    return {**schema, "components": DOCUMENT["components"]}


def problems(schema, document):
    validator = Draft202012Validator(resolved(schema), format_checker=FormatChecker())
    return [f"{'/'.join(map(str, each.path))}: {each.message}" for each in validator.iter_errors(document)]


def properties(schema, document, seen, name=""):
    """
    Which properties of the components' objects a document has: (component, path) of each.
    """
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = DOCUMENT["components"]["schemas"][name]
    for each in schema.get("anyOf", ()):
        if not problems(each, document):
            properties(each, document, seen, name)
    if isinstance(document, dict):
        for key, inner in schema.get("properties", {}).items():
            if key in document:
                seen.add((name, key))
                properties(inner, document[key], seen, f"{name}.{key}")
    elif isinstance(document, list) and "items" in schema:
        for each in document:
            properties(schema["items"], each, seen, name)


def declared(schema, name, found):
    """
    The same of everything that is declared.
    """
    for key, inner in schema.get("properties", {}).items():
        found.add((name, key))
        if "$ref" not in inner:
            declared(inner, f"{name}.{key}", found)
    if "items" in schema and "$ref" not in schema["items"]:
        declared(schema["items"], name, found)


class Tour:
    """
    Asks, and holds each answer to the document.
    """

    def __init__(self):
        self.seen = set()
        self.properties = set()

    async def ask(self, client, method, path, *, into=None, where=None, key=None, **options):
        asked = Client(client.session, key) if key else client
        send = asked.get if method == "GET" else asked.post
        operation = OPERATIONS[method, path]
        if "json" in options:
            self._take_in(operation["requestBody"]["content"]["application/json"]["schema"], options["json"])
        async with send(path.format(**(where or {})), **options) as response:
            described = operation["responses"].get(str(response.status))
            assert described, f"{method} {path} does not tell of {response.status}"
            content = described.get("content", {})
            assert set(content) == ({response.content_type} if response.status != 204 else set())
            for name in described.get("headers", ()):
                assert name in response.headers
            self.seen.add((method, path, response.status))
            if response.content_type == "application/json" and response.status != 204:
                document = await response.json()
                schema = content["application/json"]["schema"]
                assert [] == problems(schema, document)
                properties(schema, document, self.properties)
                if into is not None:
                    into.append(document)
        return response.status

    def _take_in(self, schema, document):
        if not problems(schema, document):
            properties(schema, document, self.properties)


@pytest.fixture(scope="module")
def described():
    return orjson.loads(orjson.dumps(DOCUMENT))


def test_the_document_is_openapi(described):
    """
    Of version 3.1, by its own schema, with an id for each operation.
    """
    validate(described)

    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert (described["openapi"], len(ids)) == ("3.1.0", len(set(ids)))


def test_every_address_is_described_and_no_other():
    """
    With its parameters, and with a key where one is needed.
    """
    assert {(each.method, each.path) for each in ENDPOINTS} == set(OPERATIONS)
    for endpoint in ENDPOINTS:
        operation = OPERATIONS[endpoint.method, endpoint.path]
        named = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
        assert set(re.findall(r"\{(\w+)\}", endpoint.path)) == named
        assert ("security" in operation) is (endpoint.scope is not None)


def test_every_code_has_its_status():
    """
    One status for each, so that either tells the other.
    """
    assert set(Code) == set(CODES)
    assert len(CODES) == len({each.status for each in CODES.values()})


async def test_the_description_is_served(client):
    """
    As it stands.
    """
    status, found = await client.told("get", "/v1/openapi.json")

    assert (200, orjson.loads(orjson.dumps(DOCUMENT))) == (status, found)


GOOD = {"call": call(extra={"N": 1}, at="2026-11-22T10:00:00+02:00")}
FULL = told(
    "disposed",
    call={
        "CALLERID": "Thandi <0821234567@pbx0.euphoria.co.za>",
        "CALLERID_NAME": "Thandi",
        "CALLERID_NUMBER": "0821234567",
        "CALL_NUMBER": "0821234567",
        "CALL_CRMTAG": "1001",
        "CALL_DIR": "incoming",
        "CALL_DISPOSITION": "Success",
        "CALL_DURATION": 75,
        "CALL_NOTES": "",
        "CALL_OUTCOME": "x",
        "CALL_QUEUE": "Sales",
        "CALL_SIPID": "s",
        "DYNAMIC_PARAMETER": "1",
        "EXTENSION": "100-Euphoria",
        "EXTENSION_NO": "100",
        "DATETIME": "2020-01-01_00-00-00",
        "DATETIME_DATE": "2020-01-01",
        "DATETIME_TIME": "00-00-00",
        "at": "2026-11-22T10:00:00+02:00",
        "extra": {"N": 1},
    },
)


async def what_works(tour, client):
    here = {"extension": "100-Euphoria"}
    await tour.ask(client, "POST", "/v1/events", json=[FULL, told("ringing", id="event-2")])
    await tour.ask(client, "POST", "/v1/events", json=told("ended", id="event-3", call={}))
    await client.until("done", "event-1")
    for name in ("Contact lookup", "Credit check"):
        await tour.ask(client, "POST", ASK, where={"name": name}, json=GOOD)
    await tour.ask(client, "POST", OPEN, where={"name": "Customer page"}, json=GOOD)
    await tour.ask(client, "GET", STREAM, where=here)
    pop = client.engine.pops.open_pops("100-Euphoria")[0].id
    await tour.ask(client, "POST", DISMISS, where=here | {"id": pop})
    found = []
    await tour.ask(client, "GET", "/v1/deliveries", params={"limit": 1}, into=found)
    first = {"id": found[0]["deliveries"][0]["id"]}
    await tour.ask(client, "GET", "/v1/deliveries/{id}", where=first)
    await tour.ask(client, "GET", "/v1/deliveries/{id}/explanation", where=first)
    every = {"webhook": "Call outcome", "state": "dead", "target": "x", "event": "x"}
    for path, more in (("replay", {"expires_s": 5}), ("drop", {"reason": "why"})):
        await tour.ask(client, "POST", f"/v1/deliveries/{path}", json={"filter": every})
        await tour.ask(client, "POST", f"/v1/deliveries/{path}", json={"ids": [], **more})
    await tour.ask(client, "POST", RESUME, where={"name": "Call outcome"})
    for path in ("/v1/health", "/v1/ready", "/v1/openapi.json", "/metrics"):
        await tour.ask(client, "GET", path)


async def what_is_refused(tour, client):
    somewhere = {"name": "Contact lookup", "extension": "100-Euphoria", "id": "x"}
    for (method, path), operation in OPERATIONS.items():
        if "security" in operation:
            await tour.ask(client, method, path, where=somewhere, key="wrong")
            await tour.ask(client, method, path, where=somewhere, key="only-admin")
        if "requestBody" in operation:
            plain = {"headers": {"Content-Type": "application/json"}}
            await tour.ask(client, method, path, where=somewhere, data=b"{", **plain)
            await tour.ask(client, method, path, where=somewhere, data=b"x")
            await tour.ask(client, method, path, where=somewhere, data=b" " * 5000, **plain)
            await tour.ask(client, method, path, where=somewhere, data=b"[5]", **plain)
    await tour.ask(client, "POST", "/v1/events", data=b"{\n", headers=NDJSON)
    await tour.ask(client, "GET", "/v1/deliveries", params={"limit": "0"})
    for path in (ASK, OPEN):
        await tour.ask(client, "POST", path, where={"name": "none"}, json={"call": {}})
    await tour.ask(client, "POST", ASK, where={"name": "Customer page"}, json={"call": {}})
    await tour.ask(client, "POST", OPEN, where={"name": "Contact lookup"}, json={"call": {}})
    nobody = {"extension": "1", "id": "x"}
    await tour.ask(client, "GET", STREAM, where=nobody)
    await tour.ask(client, "POST", DISMISS, where=nobody)
    await tour.ask(client, "GET", "/v1/deliveries/{id}", where=nobody)
    await tour.ask(client, "GET", "/v1/deliveries/{id}/explanation", where=nobody)
    await tour.ask(client, "POST", RESUME, where={"name": "none"})
    await what_is_disabled(tour, client)


async def what_is_disabled(tour, client):
    now = client.engine.definitions
    disabled = [replace(each, enabled=False) for each in now.webhooks]
    parts = {name: getattr(now, name) for name in ("tenant", "allowed_networks", "agents", "groups", "rules")}
    client.engine.redefine(Definitions.build(**parts, webhooks=disabled))
    await tour.ask(client, "POST", OPEN, where={"name": "Customer page"}, json=GOOD)
    await tour.ask(client, "POST", RESUME, where={"name": "Call outcome"})
    await tour.ask(client, "GET", "/v1/holds")
    client.engine.redefine(now)


async def what_is_too_much(tour, backend):
    """
    A service in which nothing has room, one that waits for nobody, and one that is stopping.
    """
    somewhere = {"name": "x", "extension": "100-Euphoria", "id": "x"}
    bodied = [key for key, operation in OPERATIONS.items() if "requestBody" in operation]
    async with served(backend, settings=ServiceSettings(bytes_in_hand=1, body_s=0.01, streams=0)) as client:
        service = client.app[SERVICE]
        for method, path in bodied:
            with service.bytes.holding(1):
                await tour.ask(client, method, path, where=somewhere, json=GOOD)

            async def slow():
                yield b"{"
                await asyncio.sleep(3600)

            plain = {"headers": {"Content-Type": "application/json"}}
            await tour.ask(client, method, path, where=somewhere, data=slow(), **plain)
        await tour.ask(client, "GET", STREAM, where=somewhere)
        service.stop()
        for (method, path), operation in OPERATIONS.items():
            if "503" in operation["responses"]:
                good = {"ids": []} if "deliveries" in path else GOOD
                body = {"json": good} if "requestBody" in operation else {}
                await tour.ask(client, method, path, where=somewhere, **body)


async def test_real_answers_are_as_described_and_all_of_it_happens(tmp_path, backend):
    """
    Every answer of a tour through all that can be asked matches its schema; every status but that of our own
    faults, and every property, is met on the way.
    """
    tour = Tour()
    settings = ServiceSettings(body_bytes=4000)
    async with engine_on(tmp_path / "queue.db") as engine, served(engine, settings=settings) as client:
        client.engine = engine
        await what_works(tour, client)
        await what_is_refused(tour, client)
    await what_is_too_much(tour, backend)

    promised = {
        (method, path, int(status))
        for (method, path), operation in OPERATIONS.items()
        for status in operation["responses"]
        if status != "500"
    }
    assert set() == promised - tour.seen
    wanted = set()
    for name, schema in DOCUMENT["components"]["schemas"].items():
        declared(schema, name, wanted)
    assert set() == wanted - tour.properties


@pytest.mark.parametrize("event", [FULL, told("ringing"), *[told(moment) for moment in ("manual", "ended")]])
def test_what_is_an_event_is_described_as_one(event):
    """
    A client that checks before it sends refuses nothing that is right.
    """
    assert [] == problems({"$ref": "#/components/schemas/Event"}, event)


@pytest.mark.parametrize(
    "event", [{}, told(more=1), told(moment="rung"), told(id=""), told(call={"NOTHING": 1}), told(call=[])]
)
def test_what_is_none_is_described_as_none(event):
    """
    And finds by itself what would be refused.
    """
    assert problems({"$ref": "#/components/schemas/Event"}, event)
