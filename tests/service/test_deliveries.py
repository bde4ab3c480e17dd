"""
Deliveries seen, replayed and dropped over HTTP.
"""

import pytest

from tests.service.serving import served, told
from webhook_engine.demo import crm
from webhook_engine.queue import delivery_id
from webhook_engine.service import ServiceSettings

EVENTS = [told(id=f"event-{n}") for n in range(5)]


def key(n):
    return delivery_id(f"event-{n}", "Call outcome")


async def put(client, events=EVENTS):
    assert 202 == (await client.told("post", "/v1/events", json=events))[0]


async def ids(client, **query):
    status, found = await client.told("get", "/v1/deliveries", params=query)
    assert 200 == status, found
    return [each["id"] for each in found["deliveries"]]


async def test_one_delivery_in_full(client):
    """
    With the event it came from and what was sent and answered, without a secret.
    """
    await put(client, [told()])
    (brief,) = await client.until("done", "event-1")

    status, found = await client.told("get", f"/v1/deliveries/{brief['id']}")

    assert 200 == status
    assert brief.items() <= found.items()
    assert ("disposed", "0821234567") == (found["moment"], found["call"]["CALLERID_NUMBER"])
    (record,) = found["records"]
    assert (1, "ok", 201) == (record["number"], record["outcome"], record["status"])
    assert "+27821234567" in record["detail"]["request"]["body"]


async def test_a_secret_in_the_calls_own_data_is_not_shown(client):
    """
    Nor in the request of a webhook that did not prove itself with it.
    """
    (secret,) = crm.AGENT_KEYS.values()
    document = told()
    document["call"] |= {"CALL_NOTES": f"her key is {secret}"}
    await put(client, [document])
    (brief,) = await client.until("done", "event-1")

    _, found = await client.told("get", f"/v1/deliveries/{brief['id']}")

    assert secret not in str(found)
    assert "her key is ***" == found["call"]["CALL_NOTES"]
    assert "her key is ***" in found["records"][0]["detail"]["request"]["body"]


@pytest.mark.parametrize("name", ["0" * 56, "no id", "ff"])
async def test_a_delivery_that_is_not_there(client, name):
    """
    Whatever is asked for.
    """
    status, found = await client.told("get", f"/v1/deliveries/{name}")

    assert (404, "not-found") == (status, found["error"]["code"])


async def test_pages_are_walked_to_their_end(down):
    """
    Each delivery once, the newest first.
    """
    await put(down)
    seen, after = [], {}
    while after is not None:
        _, found = await down.told("get", "/v1/deliveries", params={"limit": 2} | after)
        seen += [each["id"] for each in found["deliveries"]]
        after = found["after"] and {"after": found["after"]}

    assert [key(n) for n in (4, 3, 2, 1, 0)] == seen


async def test_filters_narrow(down):
    """
    Each by itself and together; what nothing has finds nothing.
    """
    await put(down)
    (target,) = {each["target"] for each in (await down.told("get", "/v1/deliveries"))[1]["deliveries"]}

    assert [key(3)] == await ids(down, event="event-3")
    assert 5 == len(await ids(down, webhook="Call outcome"))
    assert 5 == len(await ids(down, target=target))
    assert [key(3)] == await ids(down, event="event-3", webhook="Call outcome", target=target)
    for nothing in ({"webhook": "x"}, {"target": "x"}, {"event": "x"}, {"state": "done"}):
        assert [] == await ids(down, **nothing)


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ({"state": "lost"}, ["state"]),
        ({"limit": "0", "after": "x", "colour": "red"}, ["colour", "limit", "after"]),
        ({"limit": "1001"}, ["limit"]),
        ({"limit": "²"}, ["limit"]),
        ({"after": "9" * 30 + "-1"}, ["after"]),
    ],
)
async def test_a_question_that_makes_no_sense(client, query, paths):
    """
    Every part of it is told.
    """
    status, found = await client.told("get", "/v1/deliveries", params=query)

    assert (422, paths) == (status, [each["path"] for each in found["error"]["problems"]])


async def test_what_waits_is_dropped_and_what_is_dead_replayed(down):
    """
    By id and by filter; the reason stays with it.
    """
    await put(down)
    await down.engine.stop()  # so that nothing is leased while it is dropped

    dropped = await down.told(
        "post", "/v1/deliveries/drop", json={"ids": [key(0), key(1), "0" * 56], "reason": "a mistake"}
    )
    rest = await down.told("post", "/v1/deliveries/drop", json={"filter": {"webhook": "Call outcome"}})
    dead = (await down.told("get", "/v1/deliveries", params={"state": "dead"}))[1]["deliveries"]
    again = await down.told("post", "/v1/deliveries/replay", json={"ids": [key(0)], "expires_s": 60})
    all_the_rest = await down.told("post", "/v1/deliveries/replay", json={"filter": {}})

    assert (200, {"dropped": 2, "more": False}) == dropped
    assert (200, {"dropped": 3, "more": False}) == rest
    assert {"a mistake": 2, "dropped": 3} == {
        reason: sum(each["reason"] == reason for each in dead) for reason in ("a mistake", "dropped")
    }
    assert (200, {"replayed": 1, "more": False}) == again
    assert (200, {"replayed": 4, "more": False}) == all_the_rest
    assert [] == await ids(down, state="dead")


async def test_what_was_delivered_is_replayed_only_where_it_is_named(client):
    """
    A filter without a state means what is dead.
    """
    await put(client, EVENTS[:1])
    await client.until("done", "event-0")

    nothing = await client.told("post", "/v1/deliveries/replay", json={"filter": {}})
    named = await client.told("post", "/v1/deliveries/replay", json={"filter": {"state": "done"}})

    assert (0, 1) == (nothing[1]["replayed"], named[1]["replayed"])
    (again,) = await client.until("done", "event-0")
    assert 2 == again["attempts"]


async def test_a_bulk_is_done_in_parts(down):
    """
    One request does so many; the answer says that there is more.
    """
    await put(down)
    await down.engine.stop()
    async with served(down.engine, settings=ServiceSettings(bulk=2)) as client:
        answers = [
            (await client.told("post", "/v1/deliveries/drop", json={"filter": {}}))[1] for _ in range(3)
        ]

    assert [(2, True), (2, True), (1, False)] == [(each["dropped"], each["more"]) for each in answers]


@pytest.mark.parametrize(
    ("path", "document", "where"),
    [
        ("replay", {}, ""),
        ("replay", {"ids": [], "filter": {}}, ""),
        ("replay", {"ids": "all"}, "ids"),
        ("replay", {"ids": [1]}, "ids"),
        ("replay", {"ids": ["x"] * 10_001}, "ids"),
        ("replay", {"filter": []}, "filter"),
        ("replay", {"filter": {"state": "gone"}}, "filter.state"),
        ("replay", {"filter": {"colour": "red"}}, "filter.colour"),
        ("replay", {"filter": {"webhook": 1}}, "filter.webhook"),
        ("replay", {"filter": {"webhook": "a\0b"}}, "filter.webhook"),
        ("replay", {"ids": [], "expires_s": 0}, "expires_s"),
        ("replay", {"ids": [], "expires_s": True}, "expires_s"),
        ("replay", {"ids": [], "reason": "x"}, "reason"),
        ("drop", {"ids": [], "reason": ""}, "reason"),
        ("drop", {"ids": [], "reason": "a\nb"}, "reason"),
    ],
)
async def test_an_order_that_makes_no_sense(client, path, document, where):
    """
    Nothing is done, and the place is told.
    """
    status, found = await client.told("post", f"/v1/deliveries/{path}", json=document)

    assert (422, [where]) == (status, [each["path"] for each in found["error"]["problems"]])


async def test_without_a_queue_there_is_nothing_to_see(backend):
    """
    503: another process may have it.
    """
    async with served(backend) as client:
        found = [
            (await client.told("get", "/v1/deliveries"))[0],
            (await client.told("get", f"/v1/deliveries/{key(0)}"))[0],
            (await client.told("post", "/v1/deliveries/drop", json={"ids": []}))[0],
        ]

    assert [503] * 3 == found


async def test_a_delivery_explains_itself(client):
    """
    What is told of it to programs is told in lines as well.
    """
    await put(client, [told()])
    (brief,) = await client.until("done", "event-1")

    status, found = await client.told("get", f"/v1/deliveries/{brief['id']}/explanation")

    assert 200 == status, found
    (start,) = found["starts"]
    assert ("Call outcome", brief["id"]) == (start["webhook"], found["delivery"]["id"])
    assert {"token"} <= {each["source"] for each in start["variables"]}
    assert [("ok", 201)] == [(each["outcome"], each["status"]) for each in start["attempts"]]
    assert any("attempt 1 at" in each["text"] for each in found["lines"])


async def test_what_is_not_there_cannot_be_explained(client):
    """
    As it cannot be shown.
    """
    status, found = await client.told("get", f"/v1/deliveries/{'0' * 56}/explanation")

    assert (404, "not-found") == (status, found["error"]["code"])
