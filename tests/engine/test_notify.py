"""
What happens to a call starts what the rules say: deliveries on the disk, windows and tables on a screen.
"""

import asyncio
import gc

import pytest

from webhook_engine import CallContext, CallEvent, Engine
from webhook_engine.definitions import read_text
from webhook_engine.demo import crm
from webhook_engine.errors import AgentRefused, QueueError, QueueUnavailable
from webhook_engine.queue import SqliteQueue, State

PATIENCE_S = 60

DEFINITIONS = """
[tenant]
name = "Euphoria"
country = "ZA"
allowed_networks = ["127.0.0.1/32"]

[[agent]]
extension = "100-Euphoria"

[[webhook]]
name = "Customer page"
type = "browser-window"
url = "http://127.0.0.1:PORT/customers/{CALL_CRMTAG}"

[[webhook]]
name = "Contact lookup"
type = "ajax-get"
url = "http://127.0.0.1:PORT/api/{CALL_QUEUE}/contacts"
parameter = [{ name = "phone", value = "{{ CALLERID_NUMBER | e164 }}" }]

[[webhook]]
name = "Call outcome"
type = "ajax-post"
content_type = "json"
delivery = "durable"
url = "http://127.0.0.1:PORT/echo/outcome"
parameter = [{ name = "outcome", value = "{CALL_DISPOSITION}", when_empty = "skip" }]

[[webhook]]
name = "Note"
type = "ajax-post"
content_type = "text"
delivery = "durable"
url = "http://127.0.0.1:PORT/echo/{DYNAMIC_PARAMETER}"
body = "{CALL_NOTES}"

[[rule]]
name = "A call rings"
on = ["ringing"]
webhooks = ["Customer page", "Contact lookup"]

[[rule]]
name = "A call is over"
on = ["disposed"]
webhooks = ["Call outcome"]

  [[rule.then]]
  webhook = "Note"
  value = "response.understood.body.outcome"
"""

CALL = CallContext.from_tokens(
    {"CALLERID_NUMBER": "0821234567", "CALL_CRMTAG": "1001", "CALL_QUEUE": "Sales", "EXTENSION": "100-Euphoria",
     "CALL_SIPID": "a84b4c76e66710"}
)  # fmt: skip
RINGING = CallEvent("ringing", CALL, id="ring-1")
DISPOSED = CallEvent("disposed", CALL.replace(disposition="Success", notes="Likes blue"), id="done-1")


@pytest.fixture
async def engine(tmp_path, free_port):
    port = free_port()
    definitions = read_text(DEFINITIONS.replace("PORT", str(port)))
    async with crm.serve(port=port), Engine(definitions, queue=tmp_path / "deliveries.db") as engine:
        yield engine


async def closed(engine, count):
    """
    The deliveries, once so many are done or dead.
    """
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = (await engine.queue.list()).deliveries
            if len(found) == count and all(each.state in (State.DONE, State.DEAD) for each in found):
                return {each.webhook: await engine.queue.show(each.id) for each in found}
            await asyncio.sleep(0.01)


async def test_a_durable_delivery_is_on_the_disk_and_then_with_its_target(engine):
    """
    What was returned is kept; its request carries the delivery's id, and so does every later try.
    """
    (delivery,) = await engine.notify(DISPOSED)
    reports = await closed(engine, 2)

    report = reports["Call outcome"]
    assert (delivery.id, State.DONE) == (report.id, report.state)
    request = report.records[0].detail["request"]
    assert '{"outcome":"Success"}' == request["body"]
    assert delivery.id == request["headers"]["Idempotency-Key"]


async def test_a_response_leads_on(engine):
    """
    A chained webhook is a delivery of its own, with a value of the response in it.
    """
    await engine.notify(DISPOSED)
    reports = await closed(engine, 2)

    request = reports["Note"].records[0].detail["request"]
    assert request["url"].endswith("/echo/Success")
    assert "Likes blue" == request["body"]


async def test_an_event_twice_is_one_event(engine):
    """
    A dialer that is not sure may say it again.
    """
    await engine.notify(DISPOSED)
    await closed(engine, 2)
    await engine.notify(DISPOSED)

    assert 2 == len((await engine.queue.list()).deliveries)


async def test_what_is_to_be_skipped_is_no_delivery(engine):
    """
    An empty value whose author said so keeps the whole request back.
    """
    assert () == await engine.notify(CallEvent("disposed", CALL, id="done-2"))


async def test_a_ringing_call_is_on_the_agents_screen(engine):
    """
    The page at once, the table when the target system has answered.
    """
    assert () == await engine.notify(RINGING)
    async with asyncio.timeout(PATIENCE_S):
        while len([each for each in engine.pops.open_pops("100-Euphoria") if each.view or each.url]) < 2:
            await asyncio.sleep(0.01)

    page, table = sorted(engine.pops.open_pops("100-Euphoria"), key=lambda each: each.url is None)
    assert page.url.endswith("/customers/1001")
    assert "Found 1 record." == table.view["sentence"]


async def test_definitions_that_change_leave_what_was_made_before(engine):
    """
    A delivery sends the request of its event, and new events the new one.
    """
    await engine.stop()
    (before,) = await engine.notify(DISPOSED)
    changed = DEFINITIONS.replace("{CALL_DISPOSITION}", "changed")

    engine.redefine(read_text(changed.replace("PORT", "1")))
    (after,) = await engine.notify(CallEvent("disposed", DISPOSED.call, id="done-3"))

    assert '{"outcome":"Success"}' == before.reference["frozen"]["body"]
    assert '{"outcome":"changed"}' == after.reference["frozen"]["body"]


async def test_what_was_disabled_at_the_start_goes_when_it_is_enabled_at_the_next(tmp_path, free_port):
    """
    That a webhook was kept back is on the disk from its first moment: what waits for that does not wait for a day.
    """
    file, definitions = tmp_path / "deliveries.db", DEFINITIONS.replace("PORT", str(port := free_port()))
    disabled = definitions.replace('delivery = "durable"', 'delivery = "durable"\nenabled = false')
    async with SqliteQueue(file) as queue:
        await Engine(read_text(definitions), queue=queue).notify(DISPOSED)
    async with Engine(read_text(disabled), queue=file) as engine, asyncio.timeout(PATIENCE_S):
        while [State.WAITING] != [each.state for each in (await engine.queue.list()).deliveries]:
            await asyncio.sleep(0.01)
        kept_back = await engine.queue.holds()

    async with crm.serve(port=port), Engine(read_text(definitions), queue=file) as engine:
        reports = await closed(engine, 2)

    assert {"Call outcome", "Note"} == {each.webhook for each in kept_back}
    assert {State.DONE} == {each.state for each in reports.values()}


async def test_a_durable_webhook_needs_a_queue():
    """
    Nothing is accepted that nobody would keep.
    """
    async with Engine(read_text(DEFINITIONS.replace("PORT", "1"))) as engine:
        with pytest.raises(QueueError, match="queue="):
            await engine.notify(DISPOSED)


async def test_definitions_that_change_while_an_event_is_written_down(engine, monkeypatch):
    """
    It was accepted, and that is said: what has gone from them meanwhile is not shown, and stops nothing else.
    """
    also = '[[rule]]\nname = "Also"\non = ["disposed"]\nwebhooks = ["Customer page", "Contact lookup"]\n'
    without = DEFINITIONS.replace('"Customer page"', '"Another page"').replace("PORT", "1")
    put = engine.queue.put

    async def put_and_redefine(deliveries):
        receipts = await put(deliveries)
        engine.redefine(read_text(without))
        return receipts

    engine.redefine(read_text((DEFINITIONS + also).replace("PORT", "1")))
    monkeypatch.setattr(engine.queue, "put", put_and_redefine)

    (delivery,) = await engine.notify(DISPOSED)

    assert "Call outcome" == delivery.webhook
    assert ["Contact lookup"] == [each.webhook for each in engine.pops.open_pops("100-Euphoria")]


async def test_what_a_lookup_leads_to_and_no_disk_takes_is_told(engine, monkeypatch, caplog):
    """
    Nobody waits for it any more, so the log is the only one to tell.
    """
    chain = '[[rule]]\nname = "Chain"\non = ["ringing"]\nwebhooks = ["Contact lookup"]\n'
    chain += '[[rule.then]]\nwebhook = "Note"\nvalue = "\'7\'"\n'

    async def full(_):
        raise QueueUnavailable(path="deliveries.db", why="no room on the disk")

    port = engine.definitions.webhooks[0].url.split(":")[2].partition("/")[0]
    text = DEFINITIONS.replace(
        'webhooks = ["Customer page", "Contact lookup"]', 'webhooks = ["Customer page"]'
    )
    engine.redefine(read_text((text + chain).replace("PORT", port)))
    monkeypatch.setattr(engine.queue, "put", full)

    with caplog.at_level("INFO", logger="webhook_engine"):
        await engine.notify(RINGING)
        async with asyncio.timeout(PATIENCE_S):
            while engine._shown._running:
                await asyncio.sleep(0.01)
    gc.collect()

    (told,) = [each for each in caplog.records if each.getMessage().startswith("chain.lost")]
    assert "no room on the disk" in str(vars(told))
    assert [] == [each for each in caplog.records if each.name == "asyncio"]


async def test_many_events_hold_up_nobody():
    """
    Whatever the rules cost, others have their turn between two events.
    """
    rules = "".join(
        f'[[rule]]\nname = "r{n}"\non = ["disposed"]\nwhen = "CALL_NOTES | upper == \'{n}\'"\n'
        'webhooks = ["Call outcome"]\n'
        for n in range(300)
    )
    turns = 0

    async def others():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with Engine(
        read_text((DEFINITIONS.partition("[[rule]]")[0] + rules).replace("PORT", "1"))
    ) as engine:
        watching = asyncio.create_task(others())

        assert ((),) * 150 == await engine.notify_all([DISPOSED] * 150)

        watching.cancel()
    assert turns > 5


async def test_an_agent_starts_one_webhook_whatever_the_rules_say(engine):
    """
    It is shown with what it was started with, and started again with something else it is another pop.
    """
    for number, value in enumerate(("one", "two")):
        manual = CallEvent("manual", CALL.replace(dynamic_parameter=value), id=f"by-hand-{number}")
        assert () == await engine.run("Contact lookup", manual)
    async with asyncio.timeout(PATIENCE_S):
        while not all(pop.view for pop in engine.pops.open_pops(CALL.extension)):
            await asyncio.sleep(0.01)

    found = engine.pops.open_pops(CALL.extension)
    assert [("Contact lookup", "one"), ("Contact lookup", "two")] == [
        (pop.webhook, pop.parameter) for pop in found
    ]


async def test_what_an_agent_starts_durably_is_on_the_disk(engine):
    """
    A delivery like any other, and nothing follows from its response where no rule says so.
    """
    manual = CallEvent("manual", CALL.replace(dynamic_parameter="4711", notes="by hand"), id="by-hand")
    (delivery,) = await engine.run("Note", manual)
    reports = await closed(engine, 1)

    assert delivery.id == reports["Note"].id
    assert reports["Note"].records[0].detail["request"]["url"].endswith("/echo/4711")


async def test_who_is_no_agent_starts_nothing(engine):
    """
    The refusal is told to whoever asked; nothing is shown, nothing written down.
    """
    for webhook in ("Contact lookup", "Customer page", "Note"):
        with pytest.raises(AgentRefused):
            await engine.run(webhook, CallEvent("manual", CALL.replace(extension="999-Euphoria")))

    assert () == engine.pops.open_pops("999-Euphoria")
    assert () == (await engine.queue.list()).deliveries
