"""
A call played without a PBX, and why rules fire for it: as a dry run, and for real.
"""

import orjson
import pytest

from tests.console.desking import DESKTOP, HOSTILE, agent_at, desks, happened, until
from webhook_engine.console.simulation import STATED, moment_event
from webhook_engine.store import Role
from webhook_engine.variables import VARIABLES, Moment

CALL = {
    "agent": "100-Euphoria",
    "transfer_to": "",
    "callerid_name": "Thandi",
    "callerid_number": "0821234567",
    "call_dir": "incoming",
    "call_queue": "Sales",
    "call_disposition": "Success",
    "call_outcome": "Sold",
    "mode": "dry",
}


async def _play(client, store, **changes):
    browser = await agent_at(client, store, Role.ADMINISTRATOR)
    await browser.get("/simulator")
    fields = {"csrf": browser.form["csrf"], "call": browser.form["call"], **CALL, **changes}
    return browser, await browser.send("/simulator", list(fields.items()))


async def test_a_dry_run_sends_nothing(store, tmp_path):
    """
    Every moment, its rules and its exact requests, and what desktops would show; no target, queue or desktop knows.
    """
    async with desks(store, queue=tmp_path / "queue.db") as (client, target):
        _, page = await _play(client, store, transfer_to="101-Euphoria")
        queued = await client.engine.queue.list()
        open_ones = client.engine.pops.open_pops("100-Euphoria")

    words = page.words_of
    assert [] == target.requests
    assert () == open_ones
    assert () == queued.deliveries
    assert f"GET {target.url}/contacts?phone=0821234567" in words
    assert "would open a window" in words
    assert "101-Euphoria Contact page opens a page, which came with the call from 100-Euphoria" in words
    assert "Contact page is taken away: the call has ended" in words
    assert "would be written down, and sent durably" in words
    assert '{"outcome":"Sold"}' in words.replace(": ", ":")


async def test_for_real_needs_to_be_meant(store):
    """
    Requests to target systems are not sent by a slip.
    """
    async with desks(store) as (client, target):
        _, page = await _play(client, store, mode="real", moment="ringing")

    assert 422 == page.status
    assert "tick below that this is meant" in page.words_of
    assert "Thandi" == page.form["callerid_name"]
    assert [] == target.requests


async def test_for_real_it_pops_and_is_written_down(store, tmp_path):
    """
    The desktop has the table, the durable delivery arrives, and the page says so of each.
    """
    async with desks(store, queue=tmp_path / "queue.db") as (client, target):
        browser, page = await _play(client, store, mode="real", sure="yes", moment="ringing")
        pops = client.engine.pops.open_pops("100-Euphoria")
        again = {
            **CALL,
            "csrf": browser.form["csrf"],
            "call": browser.form["call"],
            "mode": "real",
            "sure": "yes",
        }
        ended = await browser.send("/simulator", list({**again, "moment": "ended"}.items()))
        disposed = await browser.send("/simulator", list({**again, "moment": "disposed"}.items()))
        await until(lambda: len(target.requests) == 2)

        [recorded] = (await client.engine.queue.list()).deliveries
        why = await browser.get(f"/why?delivery={recorded.id}")

        shown = await browser.get(f"/delivery?delivery={recorded.id}")

    assert f"/why?delivery={recorded.id}" in shown.text
    assert recorded.id in disposed.words_of
    assert "1 of 3 rules fires at the moment disposed" in why.words_of
    assert {"Contact lookup", "Contact page"} == {pop.webhook for pop in pops}
    assert "Contact lookup shows: Found 2 records." in page.words_of
    assert "Contact lookup is taken away: the call has ended" in ended.words_of
    assert "written down as delivery" in disposed.words_of
    assert ("POST", b'{"outcome":"Sold"}') == (target.requests[1][0], target.requests[1][3])


async def test_what_no_call_can_have_is_refused_at_its_field(store):
    """
    And nothing is played of it, not even the moments before.
    """
    async with desks(store) as (client, _):
        _, page = await _play(client, store, call_duration="soon", call_notes=HOSTILE)
    ids = {a.get("id") for _, a in page.tags}

    assert 422 == page.status
    assert "f-call-duration-error" in ids
    assert "f-played" not in ids
    assert HOSTILE == page.form["call_notes"]


async def test_a_hostile_call_is_shown_as_text(store, tmp_path):
    """
    Whatever a caller is called, on the page of the simulator it is text.
    """
    async with desks(store, queue=tmp_path / "queue.db") as (client, _):
        _, page = await _play(
            client,
            store,
            callerid_name=HOSTILE,
            call_outcome=HOSTILE,
            call_queue=HOSTILE,
            dynamic_parameter=HOSTILE,
        )
        _, manual = await _play(
            client, store, callerid_name=HOSTILE, dynamic_parameter=HOSTILE, moment="manual"
        )

    for each in (page, manual):
        assert 200 == each.status
        assert "<img src=x" not in each.text
        assert "<script>document" not in each.text


def test_a_moment_says_what_is_known_by_then():
    """
    A call that rings has no disposition yet, whatever was typed.
    """
    stated = {name: VARIABLES[name].example for name in STATED}
    ringing = moment_event(Moment.RINGING, stated, agent="100-Euphoria", sip_id="1").call
    disposed = moment_event(Moment.DISPOSED, stated, agent="100-Euphoria", sip_id="1").call

    assert ("", None, None, "") == (
        ringing.notes,
        ringing.duration_s,
        ringing.disposition,
        ringing.dynamic_parameter,
    )
    assert (75, "Success") == (disposed.duration_s, disposed.disposition)


async def test_why_a_rule_did_not_fire(store):
    """
    Each rule with what decided, and the values that its condition read.
    """
    async with desks(store) as (client, _):
        browser = await agent_at(client, store, Role.MANAGER)
        await browser.get("/why")
        event = happened("ringing", call_queue="Support").to_json()
        page = await browser.post("/why", event=orjson.dumps(event).decode())

    words = page.words_of
    assert "0 of 3 rules fire at the moment ringing" in words
    assert "Look up who calls : CALL_QUEUE == 'Sales' does not hold" in words
    assert "CALL_QUEUE is Support" in words
    assert "it waits for manual" in words


async def test_why_nothing_starts_for_who_is_no_agent(store):
    """
    The rule fires, and each webhook is refused with the reason.
    """
    async with desks(store) as (client, _):
        browser = await agent_at(client, store, Role.MANAGER)
        await browser.get("/why")
        event = happened("ringing", extension="999-Euphoria").to_json()
        page = await browser.post("/why", event=orjson.dumps(event).decode())

    assert "does not start Contact lookup : " in page.words_of
    assert "999-Euphoria" in page.words_of


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{", "is no JSON"),
        ("[1]", "must be a JSON object"),
        ('{"moment": "ringing"}', "Call is missing"),
        ('{"moment": "rings", "call": {}}', "none of: ringing"),
        ('{"moment": "ringing", "call": {"CALL_QEUE": "x"}}', "did you mean CALL_QUEUE"),
        (f'{{"moment": {orjson.dumps(HOSTILE).decode()}, "call": {{}}}}', "Moment is"),
        ("x" * 300_000, "at most 262,144 characters"),
    ],
    ids=["no JSON", "a list", "no call", "another moment", "an unknown variable", "hostile", "too long"],
)
async def test_what_is_no_event_is_refused(store, given, said):
    """
    With the reason at the field, and the text still in it.
    """
    async with desks(store, DESKTOP) as (client, _):
        browser = await agent_at(client, store, Role.MANAGER)
        await browser.get("/why")
        page = await browser.post("/why", event=given)

    assert 422 == page.status
    assert said in page.words_of
    assert given[:1000] == page.form["event"][:1000]
    assert "<img src=x" not in page.text
