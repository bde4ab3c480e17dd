"""
Rules as forms: saved as a file would have them, refused at their fields, and asked in an order that can be changed.
"""

from urllib.parse import quote

import orjson
import pytest

from tests.console.browsing import TENANT, Browser, consoled
from tests.console.desking import DESKTOP, HOSTILE, happened, until
from webhook_engine.console.pages.rules import TICKED, read
from webhook_engine.definitions import read_text
from webhook_engine.store import Role
from webhook_engine.variables import VARIABLES, Moment, is_known


@pytest.fixture
async def ruled(store):
    await store.definitions.save(TENANT, read_text(DESKTOP), by="an import")


async def _rules(store):
    return (await store.definitions.load(TENANT)).definitions.rules


async def _send(browser, *fields, was=""):
    page = await browser.get(f"/rule?rule={was.replace(' ', '+')}" if was else "/rule")
    common = [("csrf", page.form["csrf"]), ("based_on", page.form["based_on"]), ("was", was)]
    return await browser.send("/rule", [*common, *fields])


async def test_a_rule_is_saved_as_a_file_has_it(ruled, store, administrator):
    """
    Moments, conditions, webhooks in their order, and a chain.
    """
    page = await _send(
        administrator,
        ("name", "Orders of whom we know"),
        ("on", "ringing"),
        ("on", "answered"),
        ("direction", "incoming"),
        ("call_queue", "Sales\r\n\r\nSupport"),
        ("when", "CALLERID_NUMBER != 'anonymous'"),
        ("webhooks[1]", "Contact page"),
        ("webhooks[2]", ""),
        ("webhooks[5]", "Contact lookup"),
        ("then[3].after", "Contact lookup"),
        ("then[3].webhook", "Open orders"),
        ("then[3].on", "ok"),
        ("then[3].on", "no-match"),
        ("then[3].value", "response.results[0].id"),
        ("then[4].on", "ok"),
        ("priority", "7"),
        ("stop", "yes"),
    )
    rule = (await _rules(store))[-1]

    assert 200 == page.status, page.words_of
    assert ("Contact page", "Contact lookup") == rule.webhooks
    assert (("ringing", "answered"), ("Sales", "Support"), ("incoming",)) == (
        rule.on,
        rule.call_queues,
        rule.directions,
    )
    [then] = rule.then
    assert ("Contact lookup", "Open orders", ("ok", "no-match")) == (then.after, then.webhook, then.on)
    assert (7, True) == (rule.priority, rule.stop)


async def test_a_rule_that_is_opened_and_saved_is_the_same(ruled, store, administrator):
    """
    What the form does not show is kept, and nothing is made of nothing.
    """
    before = await _rules(store)
    page = await administrator.get("/rule?rule=Look+up+who+calls")
    ticked = [
        (a["name"], a["value"])
        for tag, a in page.tags
        if tag == "input" and a.get("name") in TICKED and "checked" in a
    ]
    fields = [(name, value) for name, value in page.form.items() if name not in TICKED]
    again = await administrator.send("/rule", [*fields, *ticked])

    assert "Nothing had changed." in again.words_of
    assert before == await _rules(store)


async def test_every_error_stands_at_its_field(ruled, store, administrator):
    """
    All at once, the condition's with its column; and what was typed is still there.
    """
    before = await _rules(store)
    page = await _send(
        administrator,
        ("name", HOSTILE),
        ("when", "CALL_QUEUE == 'Sales' and CALLERID_NUMBR"),
        ("webhooks[1]", "Contact lokup"),
        ("then[1].webhook", ""),
        ("then[1].value", "response.("),
        ("priority", "high"),
    )
    fields = {a["id"]: a for tag, a in page.tags if a.get("id")}

    assert 422 == page.status
    assert "did you mean CALLERID_NUMBER? (column 27)" in page.words_of
    assert {
        "f-on-error",
        "f-when-error",
        "f-webhooks-1-error",
        "f-then-1-value-error",
        "f-priority-error",
    } <= set(fields)
    assert "true" == fields["f-when"]["aria-invalid"]
    assert "CALL_QUEUE == 'Sales' and CALLERID_NUMBR" == page.form["when"]
    assert HOSTILE == page.form["name"]
    assert HOSTILE not in page.text
    assert before == await _rules(store)


async def test_rules_change_places(ruled, store, administrator):
    """
    In the order in which they are asked; a rule takes the priority of the one whose place it takes.
    """
    await administrator.get("/rules")
    names = [rule.name for rule in await _rules(store)]
    await administrator.post("/rule/move", rule=names[2], to="earlier")
    await administrator.post("/rule/move", rule=names[0], to="later")
    page = await administrator.post("/rule/move", rule=names[2], to="earlier")

    assert [names[2], names[0], names[1]] == [rule.name for rule in await _rules(store)]
    assert 200 == page.status


async def test_priorities_move_along(ruled, store, administrator):
    """
    To be asked before a rule of a higher priority takes that priority.
    """
    await _send(
        administrator,
        ("name", "First of all"),
        ("on", "ringing"),
        ("priority", "5"),
        ("webhooks[1]", "Contact page"),
    )
    await administrator.post("/rule/move", rule="Look up who calls", to="earlier")
    asked = [each.definition for each in (await store.definitions.load(TENANT)).definitions.compiled_rules()]

    assert [("Look up who calls", 5), ("First of all", 5)] == [
        (rule.name, rule.priority) for rule in asked[:2]
    ]


async def test_a_rule_is_deleted(ruled, store, administrator):
    """
    Nothing refers to a rule, so nothing keeps it.
    """
    await administrator.get("/rules")
    page = await administrator.post("/rule/delete", rule="Tickets by number")

    assert "Tickets by number was deleted." in page.words_of
    assert ["Look up who calls", "Report what came of it"] == [rule.name for rule in await _rules(store)]


async def test_the_grid_is_the_table_of_variables(ruled, administrator):
    """
    Each variable against each moment, as the ground floor has them.
    """
    page = await administrator.get("/rules")
    known = sum(is_known(name, moment) for name in VARIABLES for moment in Moment)

    assert set(VARIABLES) <= set(page.words_of.split())
    assert known == page.words.count("known")
    assert len(VARIABLES) * len(Moment) - known == page.words.count("not known yet")


async def test_managers_read_rules_and_change_none(ruled, store, manager):
    """
    The form is closed, and no button changes anything.
    """
    page = await manager.get("/rule?rule=Look+up+who+calls")

    assert "Save" not in page.words_of
    assert 403 == (await manager.post("/rule/delete", rule="Look up who calls")).status


def test_blank_lines_are_no_links():
    """
    A line of the chain in which only its ticks stand, which come by themselves, is none.
    """
    table = read(
        [
            ("name", "A"),
            ("then[1].on", "ok"),
            ("then[1].webhook", " "),
            ("then[2].webhook", "B"),
            ("then[2].on", "ok"),
        ]
    )

    assert [{"webhook": "B"}] == table["then"]


async def test_a_line_is_added(ruled, administrator):
    """
    The "+" buttons get a blank line of their list, and no other list's.
    """
    await administrator.get("/rules")
    webhook = await administrator.get("/rule/line?list=webhooks&index=3")
    link = await administrator.get("/rule/line?list=then&index=2")
    wrong = await administrator.get("/rule/line?list=parameter&index=2")

    assert "webhooks[3]" in webhook.text
    assert "Contact lookup" in webhook.text
    assert "then[2].value" in link.text
    assert 404 == wrong.status


async def test_hostile_names_are_text_everywhere(store):
    """
    Whatever webhooks, rules and agents are called, no page runs it.
    """
    hostile = HOSTILE.replace('"', "'")
    text = DESKTOP
    for name in (
        "Contact lookup",
        "Contact page",
        "Find a ticket",
        "Look up who calls",
        "Tickets by number",
        "Naledi",
    ):
        text = text.replace(f'"{name}"', f'"{name} {hostile}"')
    await store.definitions.save(TENANT, read_text(text), by="an import")
    async with consoled(store) as client:
        browser = await Browser(client, store).sign_in(Role.ADMINISTRATOR)
        await until(lambda: hostile in client.engine.definitions.rules[0].name)
        rule = quote(f"Look up who calls {hostile}")
        pages = [
            await browser.get(path)
            for path in ("/desktop", "/rules", f"/rule?rule={rule}", "/simulator", "/rule/line?list=then")
        ]
        await browser.get("/why")
        pages.append(
            await browser.post(
                "/why", event=orjson.dumps(happened("ringing", caller_name=hostile).to_json()).decode()
            )
        )
        await browser.get("/simulator")
        pages.append(
            await browser.submit("/simulator", agent="100-Euphoria", call_queue="Sales", moment="ringing")
        )

    for page in pages:
        assert 200 == page.status
        assert hostile in page.words_of or any(
            hostile in value for _, a in page.tags for value in a.values() if value
        )
        assert "<img src=x" not in page.text
        assert "<script>document" not in page.text
