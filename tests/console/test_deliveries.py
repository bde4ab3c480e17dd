"""
Deliveries: the list and its filters, one of them whole, replay and drop in bulk, and targets.
"""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.console.browsing import DEFINITIONS, TENANT, Browser, consoled
from tests.console.targeting import targeted
from webhook_engine.console import ConsoleSettings
from webhook_engine.console.filters import Filter
from webhook_engine.console.readable import readable
from webhook_engine.console.works import Deed, Works
from webhook_engine.definitions import read_text
from webhook_engine.queue import AttemptRecord, Delivery, SqliteQueue, State
from webhook_engine.rules import RuleSet
from webhook_engine.store import Role
from webhook_engine.variables import CallContext, CallEvent

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"

DURABLE = (
    DEFINITIONS
    + """
[[webhook]]
name = "Call outcome"
group = "CRM"
type = "ajax-post"
content_type = "json"
delivery = "durable"
url = "https://crm.example.com/api/outcomes"

[[webhook.parameter]]
name = "notes"
value = "{CALL_NOTES}"

[[rule]]
name = "Report every call"
on = ["disposed"]
webhooks = ["Call outcome"]
"""
)


@pytest.fixture
async def filled(tmp_path):
    """
    A queue file with what no engine touches: seven dead ones of two webhooks, and one that waits for hours.
    """
    path = tmp_path / "deliveries.db"
    async with SqliteQueue(path) as queue:
        await queue.put(
            [
                Delivery(
                    event_id=f"e{n}",
                    webhook="Call outcome" if n % 2 else HOSTILE,
                    target="crm.example.com:443",
                    reference={"event": {"moment": "disposed", "call": {"CALL_NOTES": HOSTILE}}},
                )
                for n in range(7)
            ]
        )
        for lease in await queue.claim(10, lease_s=60):
            await queue.dead(lease, _record(), reason="refused")
        await queue.put([Delivery(event_id="later", webhook="Call outcome", target="t", wait_s=9_999)])
    return path


def _record():
    return AttemptRecord(
        outcome="refused",
        status=400,
        took_s=0.25,
        detail={
            "sentence": f"It said {HOSTILE}",
            "request": {
                "method": "POST",
                "url": f"https://crm.example.com/{HOSTILE}",
                "headers": {"Content-Type": "application/json", "Authorization": "***"},
                "body": '{"id":9007199254740993,"price":1.10,"none":[],"text":"a, b: {c}"}',
            },
            "response": {"status": 400, "headers": {"X": HOSTILE}, "body": HOSTILE, "took_s": 0.2},
            "error": {"kind": "RejectedResponse", "message": HOSTILE},
        },
    )


@asynccontextmanager
async def operating(store, queue, role=Role.ADMINISTRATOR, **more):
    async with consoled(store, queue=queue, definitions=DURABLE, **more) as client:
        yield await Browser(client, store).sign_in(role)


def _links(page, start):
    return [a["href"] for tag, a in page.tags if tag == "a" and a.get("href", "").startswith(start)]


async def test_without_a_queue_the_pages_say_so(administrator):
    """
    An engine that only looks up has no deliveries.
    """
    for path in ("/deliveries", "/targets"):
        page = await administrator.get(path)
        assert 200 == page.status
        assert "There is no delivery queue here" in page.words_of


async def test_deliveries_are_shown_page_by_page(store, filled):
    """
    Each once, the newest first, and the filter stays in every address.
    """
    async with operating(store, filled, settings=ConsoleSettings(page_rows=3)) as browser:
        seen, path = [], "/deliveries?state=dead"
        while path:
            page = await browser.get(path)
            seen += _links(page, "/delivery?")
            path = next(iter(_links(page, "/deliveries?after=")), None)
            assert path is None or "state=dead" in path

    assert 7 == len(seen) == len(set(seen))


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"webhook": "Call outcome"}, 4),
        ({"webhook": "Call outcome", "state": "dead"}, 3),
        ({"target": "t"}, 1),
        ({"event": "e3"}, 1),
        ({"since": "1h"}, 8),
        ({"until": "1h"}, 0),
        ({"webhook": "Nothing"}, 0),
    ],
    ids=str,
)
async def test_deliveries_are_filtered(store, filled, query, count):
    """
    By webhook, target, state, event and time; what was written stands in the form again.
    """
    async with operating(store, filled) as browser:
        page = await browser.get(f"/deliveries?{'&'.join(f'{k}={v}' for k, v in query.items())}")

    assert count == len(_links(page, "/delivery?"))
    assert query.items() <= {name: value for form in page.forms for name, value in form.items()}.items()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("since=yesterday", "Write a date and time such as"),
        ("since=9999-01-01", "Write a date and time such as"),
        ("since=1h&until=2h", "Must be later than the beginning"),
        ("state=lost", "State: there is ready"),
        ("after=99999999999999999999-1", "is not where a page ended"),
        ("after=x", "is not where a page ended"),
    ],
)
async def test_a_filter_that_cannot_be_read_says_so(store, filled, query, sentence):
    """
    At its field, with what was written.
    """
    async with operating(store, filled) as browser:
        page = await browser.get(f"/deliveries?{query}")

    assert 422 == page.status
    assert sentence in page.words_of


async def test_one_delivery_is_shown_whole(store, filled):
    """
    Why it is dead and what to do, and each attempt; nothing that a caller or a target says is markup.
    """
    async with operating(store, filled) as browser:
        listed = await browser.get("/deliveries?event=e0")
        page = await browser.get(_links(listed, "/delivery?")[0])

    assert "The target understood the request and does not want it" in page.words_of
    assert "what is wrong is in the request, so trying again does not help" in page.words_of
    assert "400" in page.words_of
    assert '"id": 9007199254740993' in page.words_of
    assert '"price": 1.10' in page.words_of
    for each in (listed, page):
        assert [] == [tag for tag, a in each.tags if tag == "img" and a.get("src") == "x"]
        assert [] == [tag for tag, a in each.tags if tag == "script" and not a.get("src")]
        assert "<script>alert" not in each.text


async def test_a_record_may_hold_little(store, tmp_path):
    """
    Other queues and older versions keep less.
    """
    path = tmp_path / "deliveries.db"
    async with SqliteQueue(path) as queue:
        await queue.put([Delivery(event_id="e", webhook="w", target="t")])
        (lease,) = await queue.claim(1, lease_s=60)
        record = AttemptRecord(outcome="odd", detail={"request": {"method": "POST"}, "response": "busy"})
        await queue.dead(lease, record, reason="an operator's own reason")
    async with operating(store, path) as browser:
        page = await browser.get(f"/delivery?delivery={lease.id}")
        nowhere = await browser.get("/delivery?delivery=beef")

    assert 200 == page.status
    assert "an operator's own reason" in page.words_of
    assert 404 == nowhere.status


async def test_one_delivery_is_replayed(store, tmp_path):
    """
    It is sent again, with the Idempotency-Key it had; the page it comes back to says so.
    """
    async with targeted(store, DURABLE) as target:
        definitions = DURABLE.replace("https://crm.example.com", target.url)
        target.says("{}", status=400)
        async with consoled(store, queue=tmp_path / "q.db", definitions=definitions) as client:
            browser = await Browser(client, store).sign_in(Role.ADMINISTRATOR)
            [delivery] = await client.engine.notify(_event("one"))
            await _until(client.engine.queue, State.DEAD, 1)
            page = await browser.get(f"/delivery?delivery={delivery.id}")
            assert "Replay" in page.words_of
            target.says("{}")
            page = await browser.post("/delivery", delivery=delivery.id, deed="replay")
            await _until(client.engine.queue, State.DONE, 1)
            again = await browser.post("/delivery", delivery=delivery.id, deed="drop")

    assert "It is offered again" in page.words_of
    assert "nothing was changed" in again.words_of
    keys = {headers["Idempotency-Key"] for _, _, headers, _ in target.requests}
    assert ({delivery.id}, 2) == (keys, len(target.requests))


async def test_a_delivery_is_explained(store, tmp_path):
    """
    From its page: the rule that started it, each variable with its source and encoder; no value is markup.
    """
    definitions = read_text(DURABLE)
    call = CallContext.from_tokens({"EXTENSION": "100-Euphoria", "CALL_NOTES": HOSTILE})
    event = CallEvent("disposed", call, id="e")
    (start,) = RuleSet(definitions).match(event).starts
    async with SqliteQueue(tmp_path / "deliveries.db") as queue:
        delivery = Delivery(
            event_id="e",
            webhook="Call outcome",
            target="crm.example.com:443",
            reference={"event": event.to_json(), "start": start.to_json()},
        )
        await queue.put([delivery])
        (lease,) = await queue.claim(1, lease_s=60)
        await queue.dead(lease, _record(), reason="refused")
    await store.definitions.save(TENANT, definitions, by="the tests")
    async with operating(store, tmp_path / "deliveries.db") as browser:
        shown = await browser.get(f"/delivery?delivery={delivery.id}")
        page = await browser.get(_links(shown, "/delivery/explanation?")[0])

    assert 200 == page.status
    for each in ("Report every call", "token CALL_NOTES of the call", "written as a JSON value"):
        assert each in page.words_of
    assert "<script>alert" not in page.text


async def test_dead_ones_are_replayed_in_bulk(store, filled):
    """
    Those that fit the filter, and only those, with how far it is.
    """
    async with operating(store, filled) as browser:
        await browser.get("/deliveries")
        page = await browser.post("/deliveries/bulk", deed="replay", webhook=HOSTILE)
        work = page.path.partition("work=")[2]
        page = await _over(browser, work)
        stats = await browser.engine.queue.stats()
        fragment = await browser.get(f"/deliveries/work?work={work}", headers={"HX-Request": "true"})

    assert "4 offered again. Done." in page.words_of
    assert "<script>alert" not in page.text
    # What is no webhook any more dies again at once.
    assert 7 == stats.states[State.DEAD] + stats.states[State.READY] + stats.states[State.LEASED]
    assert "<html" not in fragment.text
    assert "hx-get" not in fragment.text


async def test_what_waits_is_dropped_in_bulk(store, filled):
    """
    It is dead then; the count is known where the queue keeps it.
    """
    async with operating(store, filled) as browser:
        await browser.get("/deliveries")
        page = await browser.post("/deliveries/bulk", deed="drop", state="waiting")
        page = await _over(browser, page.path.partition("work=")[2])
        stats = await browser.engine.queue.stats()

    assert "1 of 1 dropped. Done." in page.words_of
    assert (8, 0) == (stats.states[State.DEAD], stats.states[State.WAITING])


@pytest.mark.parametrize(
    "fields",
    [
        {"deed": "replay", "since": "yesterday"},
        {"deed": "replay", "state": "waiting"},
        {"deed": "drop", "state": "done"},
        {"deed": "burn"},
    ],
    ids=str,
)
async def test_a_filter_that_cannot_be_read_changes_nothing(store, filled, fields):
    """
    What is unclear must not become everything.
    """
    async with operating(store, filled) as browser:
        await browser.get("/deliveries")
        page = await browser.post("/deliveries/bulk", **fields)
        stats = await browser.engine.queue.stats()

    assert page.status in (403, 404)
    assert (7, 1) == (stats.states[State.DEAD], stats.states[State.WAITING])


async def test_what_takes_long_can_be_stopped(store, filled, monkeypatch):
    """
    What is done stays done, and closing the console ends the rest.
    """
    slow = asyncio.Event()

    async def never(*_, **__):
        await slow.wait()

    async with operating(store, filled) as browser:
        monkeypatch.setattr(browser.engine.queue, "revive", never)
        await browser.get("/deliveries")
        works = [
            (await browser.post("/deliveries/bulk", deed="replay", **fields)).path.partition("work=")[2]
            for fields in ({}, {"since": "1d"}, {"since": "2d"}, {"since": "3d"})
        ]
        full = await browser.post("/deliveries/bulk", deed="replay", since="4d")
        under_way = await browser.get("/deliveries")
        page = await browser.post("/deliveries/work/stop", work=works[0])

    assert "4 of these are under way already" in full.words_of
    assert "Replay of all is under way" in under_way.words_of
    assert "0 of 7 offered again; stopped before the end" in page.words_of


async def test_a_button_that_is_pressed_twice_does_one_work(store, filled, monkeypatch):
    """
    Also where both come before anything was done for the first; what is asked for otherwise is another work.
    """
    counting = asyncio.Event()

    async with operating(store, filled) as browser:
        await browser.get("/deliveries")
        stats = browser.engine.queue.stats

        async def slowly():
            await counting.wait()
            return await stats()

        monkeypatch.setattr(browser.engine.queue, "stats", slowly)
        works, chosen = Works(), Filter(stated={}, errors={})
        first, again, other = (
            works.begin(deed, replace(chosen), browser.engine.queue, by="somebody")
            for deed in (Deed.REPLAY, Deed.REPLAY, Deed.DROP)
        )
        counting.set()
        await asyncio.wait([first.task, other.task])
        later = works.begin(Deed.REPLAY, chosen, browser.engine.queue, by="somebody")
        await later.task

    assert first is again
    assert first is not other
    assert first is not later
    assert (7, 7) == (first.done, first.total)


async def test_no_more_are_begun_at_once_than_may_be(store, filled, monkeypatch):
    """
    Twenty buttons that are pressed in one moment begin four, and the others are refused.
    """
    slow = asyncio.Event()

    async def never(*_, **__):
        await slow.wait()

    async with operating(store, filled) as browser:
        await browser.get("/deliveries")
        monkeypatch.setattr(browser.engine.queue, "stats", never)
        pages = await asyncio.wait_for(
            asyncio.gather(
                *(
                    browser.post("/deliveries/bulk", follow=False, deed="replay", target=f"t{n}.example")
                    for n in range(20)
                )
            ),
            20,
        )

    assert [303] * 4 + [403] * 16 == sorted(page.status for page in pages)


async def test_a_manager_sees_and_changes_nothing(store, filled):
    """
    No button is there, and what is sent all the same is refused.
    """
    async with operating(store, filled, Role.MANAGER) as browser:
        page = await browser.get("/deliveries")
        refused = await browser.post("/deliveries/bulk", deed="replay")

    assert "Replay" not in page.words_of
    assert 403 == refused.status


async def test_the_chart_leads_to_its_deliveries(store, filled):
    """
    Each bar is a link too, for who has no mouse; the chart's own numbers are data, never script.
    """
    async with operating(store, filled) as browser:
        chart = await browser.get("/deliveries/chart?state=dead", headers={"HX-Request": "true"})
        bar = await browser.get(_links(chart, "/deliveries?")[0])
        none = await browser.get("/deliveries/chart?event=e1", headers={"HX-Request": "true"})

    data = next(a["data-chart"] for _, a in chart.tags if "data-chart" in a)
    assert '"dead":' in data
    assert "7 deliveries" in chart.words_of
    assert 7 == len(_links(bar, "/delivery?"))
    assert "no chart" in none.words_of


async def test_a_chart_without_attempts_has_no_empty_axis(store, filled):
    """
    How long attempts took is drawn where there were any, and said to be unknown else.
    """
    htmx = {"HX-Request": "true"}
    async with operating(store, filled) as browser:
        made = await browser.get("/deliveries/chart?state=dead", headers=htmx)
        none = await browser.get("/deliveries/chart?state=waiting", headers=htmx)

    assert "latency" in [a.get("class") for _, a in made.tags]
    assert "latency" not in [a.get("class") for _, a in none.tags]
    assert "volume" in [a.get("class") for _, a in none.tags]
    assert "How long attempts took is not known" in none.words_of


async def test_targets_show_their_breakers_and_what_is_kept_back(store, tmp_path):
    """
    And what is kept back is let go.
    """
    async with targeted(store, DURABLE) as target:
        definitions = DURABLE.replace("https://crm.example.com", target.url)
        target.says("{}", status=410)
        async with consoled(store, queue=tmp_path / "q.db", definitions=definitions) as client:
            browser = await Browser(client, store).sign_in(Role.ADMINISTRATOR)
            await client.engine.notify(_event("one"))
            await _until(client.engine.queue, State.DEAD, 1)
            await client.engine.notify(_event("two"))
            await _until(client.engine.queue, State.WAITING, 1)
            page = await browser.get("/targets")
            target.says("{}")
            resumed = await browser.post("/targets/resume", webhook="Call outcome")
            await _until(client.engine.queue, State.DONE, 1)

    assert "Its webhook's target answered 410 to an earlier delivery." in page.words_of
    assert target.url.partition("//")[2] in page.words_of
    assert "As usual" in page.words_of
    assert "Call outcome is resumed: 1 delivery goes on." in resumed.words_of


@pytest.mark.parametrize(
    ("body", "kind", "shown"),
    [
        ('{"a":9007199254740993,"b":[1.10,"x\\"]"],"c":{}}', "application/json", None),
        ("[]", "application/json", "[]"),
        ('{"a":', "application/json", '{"a":'),
        ("[" * 5_000, "application/json", "[" * 5_000),
        ("a=1&b=%3Cb%3E&c=", "application/x-www-form-urlencoded", "a = 1\nb = <b>\nc = "),
        ("<a>{}</a>", "application/xml", "<a>{}</a>"),
    ],
)
def test_bodies_are_shown_in_lines(body, kind, shown):
    """
    The same values to the letter; what cannot be read stays as it came.
    """
    expected = shown or '{\n  "a": 9007199254740993,\n  "b": [\n    1.10,\n    "x\\"]"\n  ],\n  "c": {}\n}'

    assert expected == readable(body, {"content-type": kind})


def _event(name):
    call = CallContext(sip_id=name, extension="100-Euphoria", notes=HOSTILE)
    return CallEvent(id=name, moment="disposed", call=call, at=datetime.now(UTC))


async def _until(queue, state, count):
    async with asyncio.timeout(30):
        while (await queue.stats()).states[state] != count:
            await asyncio.sleep(0.02)


async def _over(browser, work):
    async with asyncio.timeout(30):
        while "Done." not in (page := await browser.get(f"/deliveries/work?work={work}")).words_of:
            await asyncio.sleep(0.02)
    return page
