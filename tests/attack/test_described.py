"""
The service answers as its OpenAPI document says, whatever it is asked and with whichever key.

Requests are made by schemathesis from the document that a real process serves.
"""

import asyncio
import os

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from tests.faults.process import Process, Target, event
from webhook_engine.service.keys import Scope
from webhook_engine.service.openapi import DOCUMENT
from webhook_engine.service.routes import ENDPOINTS
from webhook_engine.store import Store

FEW, MANY = (20, 150) if os.environ.get("WEBHOOK_ENGINE_ATTACK") else (3, 12)
"""Requests for each operation and key, and for each operation with the key for all; the longer run is `make attack`."""

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
SCOPES = {f"{each.method} {each.path}": each.scope for each in ENDPOINTS}
OPERATIONS = list(SCOPES)
TAKES = {
    label: bool({"parameters", "requestBody"} & DOCUMENT["paths"][each.path][each.method.lower()].keys())
    for label, each in zip(SCOPES, ENDPOINTS, strict=True)
}
"""Whether something is asked for in particular."""

KNOWN = {
    "POST /v1/webhooks/{name}/ask": {"name": "Lookup"},
    "POST /v1/webhooks/{name}/open": {"name": "Page"},
    "POST /v1/webhooks/{name}/resume": {"name": "Report"},
    "POST /v1/agents/{extension}/pops/{id}/dismiss": {"extension": "100-Euphoria", "id": "1"},
}
"""What is there: a path that is made up leads to nothing."""

STREAM = "GET /v1/agents/{extension}/stream"


class Service:
    """
    A process, its document, and a key for each scope.
    """

    def __init__(self, process, keys):
        self.process, self.keys = process, keys
        self.session = requests.Session()
        self.session.trust_env = False
        self.schema = schemathesis.openapi.from_dict(process.ask("GET", "/v1/openapi.json")[1])

    def operation(self, label):
        method, path = label.split(" ")
        return self.schema[path][method]

    def ask(self, case, key):
        """
        The status of the answer, which is as described.
        """
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        # Nobody waits for the end of a stream.
        response = case.call(
            base_url=self.process.url,
            session=self.session,
            headers=headers,
            timeout=60,
            stream=case.path.endswith("/stream"),
        )
        case.validate_response(response, checks=CHECKS, headers=headers)
        return response.status_code


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("described")
    keys = asyncio.run(_keys(folder))
    with Target() as target, Process(folder, target) as process:
        process.send(event("e1"), event("e2", "ringing"))
        yield Service(process, keys)
        log = process.said()
    assert "Traceback" not in log, log[-4000:]


async def _keys(folder):
    async with Store.open(f"sqlite:///{folder / 'webhook-engine.db'}") as store:
        return {
            scope: (await store.keys.add("Euphoria", str(scope), scopes=[str(scope)], by="a test")).secret
            for scope in Scope
        }


def _tried(strategy, examples, ask):
    """
    *ask* of so many examples; a failure names the first it is seen with, as shrinking takes its time.
    """

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def each(case):
        ask(case)

    each()


@pytest.mark.parametrize(
    ("label", "mode"),
    [
        pytest.param(label, mode, id=f"{label}, {mode.value}")
        for label in OPERATIONS
        for mode in GenerationMode
        # What takes nothing cannot be asked wrongly.
        if mode is GenerationMode.POSITIVE or TAKES[label]
    ],
)
def test_each_answer_is_as_described(service, label, mode):
    """
    Of requests that the document allows, and of those that it does not.
    """
    operation = service.operation(label)
    for known in ({}, *([{"path_parameters": KNOWN[label]}] if label in KNOWN else [])):
        strategy = operation.as_strategy(mode, **known)
        _tried(strategy, MANY, lambda case: service.ask(case, service.process.key))


@pytest.mark.parametrize("scope", [None, "none such", *Scope], ids=str)
def test_a_key_opens_what_its_scope_says(service, scope):
    """
    Whatever else is asked: 401 without a key, 403 with one for something else, and neither where it is the right one.
    """
    key = service.keys.get(scope, scope)
    for label, needed in SCOPES.items():
        seen = set()
        _tried(
            service.operation(label).as_strategy(),
            FEW,
            lambda case, seen=seen: seen.add(service.ask(case, key)),
        )
        if needed is not None and scope not in tuple(Scope):
            assert {401} == seen, label
        elif needed is not None and scope is not needed:
            assert {403} == seen, label
        else:
            assert not seen & {401, 403}, label


def test_the_document_is_that_of_this_service(service):
    """
    Every address, and no other.
    """
    found = {result.ok().label for result in service.schema.get_all_operations()}

    assert set(OPERATIONS) == found
