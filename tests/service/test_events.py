"""
Events over HTTP: all of a request or none, once each, and every mistake at once.
"""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.service.serving import call, served, told
from webhook_engine.queue import delivery_id
from webhook_engine.service import ServiceSettings
from webhook_engine.service.diagnosis import problems_of
from webhook_engine.variables import CallEvent
from webhook_engine.variables.errors import VariableError

NDJSON = {"Content-Type": "application/x-ndjson"}


def lines(*events):
    return "".join(json.dumps(each) + "\n" for each in events).encode()


BODIES = {
    "one": {"json": told()},
    "a list": {"json": [told(), told(id="event-2")]},
    "lines": {"data": lines(told(), told(id="event-2")), "headers": NDJSON},
    "lines with gaps": {
        "data": b"\r\n" + lines(told()) + b"\n \n" + lines(told(id="event-2")).strip(),
        "headers": NDJSON,
    },
    "compressed": {
        "data": gzip.compress(json.dumps(told()).encode()),
        "headers": {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    },
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_an_event_is_accepted_with_what_it_started(client, body):
    """
    The answer names the durable deliveries, which an operator can look up at once.
    """
    status, found = await client.told("post", "/v1/events", **body)

    assert 202 == status
    for each in found["accepted"]:
        expected = {"id": delivery_id(each["id"], "Call outcome"), "webhook": "Call outcome"}
        assert [expected] == each["deliveries"]
        assert 200 == (await client.told("get", f"/v1/deliveries/{expected['id']}"))[0]
        await client.until("done", each["id"])


async def test_the_same_event_twice_is_one(client):
    """
    In one request or in two: whoever got no answer sends it again without a thought.
    """
    first = await client.told("post", "/v1/events", json=[told(), told()])
    await client.until("done", "event-1")
    second = await client.told("post", "/v1/events", json=told())

    assert (202, 202) == (first[0], second[0])
    assert first[1]["accepted"][:1] == second[1]["accepted"]
    ((only),) = await client.until("done", "event-1")
    assert 1 == only["attempts"]


async def test_an_event_without_an_id_gets_one(client):
    """
    And is told it; another one each time.
    """
    event = told()
    del event["id"]

    ids = [(await client.told("post", "/v1/events", json=event))[1]["accepted"][0]["id"] for _ in range(2)]

    assert 2 == len(set(filter(None, ids)))


async def test_an_event_that_starts_nothing_is_accepted(client):
    """
    What no rule asks for is no mistake.
    """
    assert (202, {"accepted": [{"id": "event-1", "deliveries": []}]}) == await client.told(
        "post", "/v1/events", json=told("ended")
    )


WRONG = [
    told(),
    {"moment": "rung", "call": {"CALLER": "1", "CALL_DIR": "up", "CALL_DURATION": -1}, "when": "now"},
    "an event",
    told(id="", at="yesterday", call=call(extra={"low": 1, "FINE": 1, "BAD": None}, at="soon")),
    {},
]
PLACES = [
    (1, "when"),
    (1, "moment"),
    (1, "call.CALLER"),
    (1, "call.CALL_DIR"),
    (1, "call.CALL_DURATION"),
    (2, ""),
    (3, "at"),
    (3, "id"),
    (3, "call.at"),
    (3, "call.extra.low"),
    (3, "call.extra.BAD"),
    (4, "moment"),
    (4, "call"),
]


async def test_every_mistake_of_every_event_is_told_at_once(client):
    """
    With the event's number and the place in it; the right ones are not accepted either.
    """
    status, found = await client.told("post", "/v1/events", json=WRONG)

    problems = found["error"]["problems"]
    assert (422, "invalid") == (status, found["error"]["code"])
    assert "4 events are wrong, so none was accepted" == found["error"]["message"]
    assert sorted(PLACES) == sorted((each["index"], each["path"]) for each in problems)
    assert {"deliveries": [], "after": None} == (await client.told("get", "/v1/deliveries"))[1]


async def test_lines_are_counted_as_an_editor_does(client):
    """
    A line that is no JSON is one mistake among the others.
    """
    body = b"\n" + lines(told()) + b"{\n" + lines(told(moment="rung"))

    _, found = await client.told("post", "/v1/events", data=body, headers=NDJSON)

    assert [(1, 3, ""), (2, 4, "moment")] == [
        (each["index"], each["line"], each["path"]) for each in found["error"]["problems"]
    ]


async def test_a_nearly_right_name_is_hinted_at(client):
    """
    The message says what to write.
    """
    _, found = await client.told("post", "/v1/events", json=told(call={"CALLERID_NUMER": "1"}))

    assert "did you mean CALLERID_NUMBER?" in found["error"]["problems"][0]["message"]


@pytest.mark.parametrize(
    ("status", "code", "body"),
    [
        (400, "unreadable", {"data": b"{", "headers": {"Content-Type": "application/json"}}),
        (400, "unreadable", {"data": b"\xff", "headers": {"Content-Type": "application/json"}}),
        (
            400,
            "unreadable",
            {
                "data": b"no gzip",
                "headers": {"Content-Type": "application/json", "Content-Encoding": "gzip"},
            },
        ),
        (400, "unreadable", {"data": b"[" * 5000, "headers": {"Content-Type": "application/json"}}),
        (415, "media-type", {"data": {"moment": "ended"}}),
        (415, "media-type", {"data": b"x", "headers": {"Content-Type": "text/plain"}}),
        (422, "invalid", {"json": []}),
        (422, "invalid", {"data": b"null", "headers": {"Content-Type": "application/json"}}),
        (422, "invalid", {"json": 5}),
        (422, "invalid", {"data": b" \n", "headers": NDJSON}),
    ],
)
async def test_what_is_no_event_at_all(client, status, code, body):
    """
    Each in the one shape of an error.
    """
    found = await client.told("post", "/v1/events", **body)

    assert (status, code) == (found[0], found[1]["error"]["code"])


async def test_a_flood_of_mistakes_is_cut(backend):
    """
    Beyond a bound the answer says that there is more.
    """
    wrong = told(call={f"NAME_{n}": "" for n in range(200)})
    async with served(backend, settings=ServiceSettings(problems=70)) as client:
        _, found = await client.told("post", "/v1/events", json=[wrong] * 10)

    assert 70 == len(found["error"]["problems"])
    assert found["error"]["message"].endswith("only the first problems are told")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        "CALLERID",
        "CALLERID_NAME",
        "CALL_DIR",
        "CALL_DURATION",
        "DATETIME",
        "DATETIME_TIME",
        "EXTENSION_NO",
        "EXTENSION",
        "extra",
        "at",
        "OTHER",
        "extra['x']",
        "and",
    ]
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "id": JSON_VALUES,
        "moment": JSON_VALUES | st.just("ended"),
        "at": JSON_VALUES,
        "call": JSON_VALUES | st.dictionaries(NAMES, JSON_VALUES, max_size=6),
        "other": JSON_VALUES,
    },
)


@given(EVENTS)
def test_whatever_is_sent_has_problems_or_is_an_event(document):
    """
    The two readings of a document agree, and neither fails in a way of its own.
    """
    try:
        CallEvent.from_json(document)
        is_event = True
    except VariableError:
        is_event = False

    assert is_event == (not problems_of(document))
