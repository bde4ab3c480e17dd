"""
A response whose values look like templates, tokens, addresses or orders: whatever is handed on is a text, asked or durable.
"""

import asyncio
import json
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from webhook_engine import CallContext, CallEvent, Engine
from webhook_engine.definitions import read_text
from webhook_engine.rules import ChainLimits
from webhook_engine.testing import FakeTarget

HOSTILE = json.loads(Path(__file__).with_name("corpus").joinpath("hostile.json").read_text(encoding="utf-8"))
HOSTILE += [
    "{DYNAMIC_PARAMETER}",
    "{{ DYNAMIC_PARAMETER }}",
    "{{ response }}",
    "{{ API_KEY }}",
    "{USERNAME}",
    "{PASSWORD}",
]

PATIENCE_S = 60

OF_THE_CALL, OF_THE_GROUP = "canary-of-the-call", "canary-of-the-group"

DEFINITIONS = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

[[group]]
name = "CRM"
authentication = "api-key"
key_name = "X-Api-Key"
key = "canary-of-the-group"

[[webhook]]
name = "Find"
group = "CRM"
type = "ajax-get"
delivery = "DELIVERY"
url = "URL/find"
[webhook.view]
records = "results"
[[webhook.view.column]]
path = "id"
link = "Note"

[[webhook]]
name = "Note"
type = "ajax-post"
delivery = "DELIVERY"
content_type = "json"
url = "URL/note?id={DYNAMIC_PARAMETER}&again={{ DYNAMIC_PARAMETER }}"
body = '''{"token": "{DYNAMIC_PARAMETER}", "value": {{ DYNAMIC_PARAMETER }}, "{DYNAMIC_PARAMETER}": 1}'''

[[webhook]]
name = "Page"
type = "ajax-get"
delivery = "DELIVERY"
url = "URL/page/{DYNAMIC_PARAMETER}/end"
header = [{ name = "X-Note", value = "note {DYNAMIC_PARAMETER}" }]

[[rule]]
name = "Chain"
on = ["disposed"]
webhooks = ["Find"]

LINKS"""

LINKS = "".join(
    f"""
[[rule.then]]
webhook = "{webhook}"
value = "response.{half}"
at_most = 100
"""
    for webhook in ("Note", "Page")
    for half in ("first", "second")
)

CALL = CallContext(
    extension="100-Euphoria",
    notes=OF_THE_CALL,
    caller_name=OF_THE_CALL,
    dynamic_parameter=OF_THE_CALL,
    sip_id="s",
)


class Target(FakeTarget):
    """
    One that has every page.
    """

    def _answer(self, received):
        answer = super()._answer(received)
        if received.path.startswith("/page/"):
            return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        return answer


@pytest.fixture
def target():
    with Target() as target:
        target.expect(
            "GET",
            "/find",
            body={
                "first": HOSTILE[::2],
                "second": HOSTILE[1::2],
                "results": [{"id": each} for each in HOSTILE],
            },
        )
        target.expect("POST", "/note", body={"results": []})
        yield target


def _definitions(target, delivery):
    return read_text(
        DEFINITIONS.replace("URL", target.url).replace("DELIVERY", delivery).replace("LINKS", LINKS)
    )


def _check(target):
    """
    What every request but the first holds, as its receiver reads it.
    """
    notes = [each for each in target.received if each.path.startswith("/note")]
    queries = [dict(parse_qsl(each.path.partition("?")[2], keep_blank_values=True)) for each in notes]
    bodies = [json.loads(each.body) for each in notes]
    assert {(each["id"], each["again"]) for each in queries} == {(value, value) for value in HOSTILE}
    assert Counter(each["token"] for each in bodies) == Counter(each["id"] for each in queries)
    assert all(each["token"] == each["value"] and each["token"] in each for each in bodies)
    for each in target.received:
        # One request is one request: no header of its own, no other place, and nothing but what it was handed.
        sent = f"{each.path} {each.headers} {each.body!r}"
        assert OF_THE_CALL not in sent
        assert "X-Admin: 1" not in sent.replace("%0d%0aX-Admin: 1", "")
        assert "x-admin" not in {name.lower() for name, _ in each.headers}
        assert (OF_THE_GROUP in sent) == each.path.startswith("/find")
        assert each.path.partition("?")[0] in {"/find", "/note"} or each.path.startswith("/page/")
        assert each.path.count("/") == (3 if each.path.startswith("/page/") else 1)


async def test_values_of_a_table_are_texts_where_their_link_is_asked(target):
    """
    The cell becomes the linked webhook's DYNAMIC_PARAMETER, as it stands.
    """
    async with Engine(_definitions(target, "live")) as engine:
        view = await engine.ask("Find", CALL)
        assert HOSTILE == [cell for (cell,) in view.rows]
        for (cell,) in view.rows:
            called = CALL.replace(dynamic_parameter=cell)
            await engine.ask("Note", called)
            await engine.ask("Page", called)

    _check(target)
    assert len([each for each in target.received if each.path.startswith("/page/")]) > len(HOSTILE) / 3


async def test_values_of_a_response_are_texts_in_the_deliveries_that_it_starts(target, tmp_path):
    """
    Through the rules, onto the disk, read from it, and sent: the same, and each once.
    """
    async with Engine(_definitions(target, "durable"), queue=tmp_path / "deliveries.db") as engine:
        await engine.notify(CallEvent("disposed", CALL, id="e-1"))
        deliveries = await _settled(engine)

    _check(target)
    started = Counter(each.webhook for each in deliveries)
    assert {"Find": 1, "Note": len(set(HOSTILE)), "Page": len(set(HOSTILE))} == started
    assert len({each.event_id for each in deliveries if each.webhook == "Note"}) == len(set(HOSTILE))


async def _settled(engine):
    found = []
    async with asyncio.timeout(PATIENCE_S):
        while len(found) < 2 or any(each.state not in ("done", "dead") for each in found):
            await asyncio.sleep(0.1)
            page = await engine.queue.list(limit=500)
            found = list(page.deliveries)
            while page.after is not None:
                page = await engine.queue.list(limit=500, after=page.after)
                found += page.deliveries
    return found


FANNING = """
[tenant]
name = "Euphoria"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"
""" + "".join(
    f"""
[[webhook]]
name = "W{n}"
type = "ajax-post"
delivery = "durable"
url = "URL/{n}"
content_type = "json"
parameter = [{{ name = "id", value = "{{DYNAMIC_PARAMETER}}", when_empty = "send" }}]
"""
    for n in range(9)
) + """
[[rule]]
name = "Chain"
on = ["disposed"]
webhooks = ["W0"]
""" + "".join(
    f"""
[[rule.then]]
after = "W{n}"
webhook = "W{following}"
value = "response.ids"
at_most = 100
"""
    for n in range(9)
    for following in (n + 1, 0)
    if following < 9
)  # fmt: skip


@pytest.mark.parametrize("values", [1, 2, 1_000])
async def test_a_target_that_names_more_and_more_starts_no_more_than_the_bound(values, tmp_path, monkeypatch):
    """
    However many values each response has, and though each leads on: bounded in depth, in number, and without a way back.
    """
    monkeypatch.setitem(ChainLimits.__init__.__kwdefaults__ or {}, "webhooks", 100)
    limits = ChainLimits()
    with FakeTarget() as target:
        for n in range(9):
            target.expect(
                "POST", f"/{n}", body={"ids": [f"{n}-{i} W{i % 9} {{{{ W0 }}}}" for i in range(values)]}
            )
        text = FANNING.replace("URL", target.url)
        async with Engine(read_text(text), queue=tmp_path / "deliveries.db") as engine:
            await engine.notify(CallEvent("disposed", CALL.replace(dynamic_parameter=""), id="e-1"))
            deliveries = await _settled(engine)

        sent = Counter(each.path for each in target.received)
    assert {1: 6, 2: 63, 1_000: limits.webhooks}[values] == len(deliveries)
    assert len(deliveries) == sum(sent.values())
    assert 1 == sent["/0"]
    assert max(int(path[1:]) for path in sent) <= limits.depth
