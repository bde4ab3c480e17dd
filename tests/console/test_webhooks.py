"""
Webhooks: the manual's form, what it would send, and what happens to what was typed.
"""

import re

import pytest

from tests.console.browsing import TENANT
from webhook_engine.drift import Drift, DriftSettings, stored
from webhook_engine.responses import AgentView, Column, Outcome

HOSTILE = "\"'><script>alert(1)</script>{{7*7}}"


async def _webhook(store, name):
    return (await store.definitions.load(TENANT)).definitions.webhook(name)


def _typed(page, **changes):
    """
    The fields of the page's form with *changes*, for `send`.
    """
    return list({**page.form, **changes}.items())


async def test_webhooks_stand_under_their_groups(manager):
    """
    With type, URL and delivery class.
    """
    page = await manager.get("/webhooks")

    assert "CRM Webhook Type URL Delivery Contact lookup AJAX Get https://crm.example.com" in page.words_of


async def test_a_webhook_is_added(administrator):
    """
    With everything the form has, in the order of its lines.
    """
    page = await administrator.get("/webhook?group=CRM")
    fields = _typed(
        page,
        name="Report",
        type="ajax-post",
        content_type="json",
        url="https://crm.example.com/calls",
        delivery="durable",
        deadline_s="2.5",
    )
    fields += [
        ("parameter[7].name", "contact.phone"),
        ("parameter[7].value", "{CALLERID_NUMBER}"),
        ("parameter[7].when_empty", "default"),
        ("parameter[7].default", ""),
        ("parameter[3].name", "notes"),
        ("parameter[3].value", "{CALL_NOTES}"),
        ("parameter[3].test_value", "none"),
        ("header[1].name", "X-Agent"),
        ("header[1].value", "{EXTENSION}"),
        ("outcome[1].when", "response.Error is defined"),
        ("outcome[1].is", "refused"),
        ("outcome[1].say", "No: {{ response.Error }}"),
    ]

    page = await administrator.send("/webhook", fields)

    assert ("/webhook?webhook=Report", 200) == (page.path, page.status)
    webhook = await _webhook(administrator.store, "Report")
    assert ["contact.phone", "notes"] == [parameter.name for parameter in webhook.parameters]
    assert ("default", "") == (webhook.parameters[0].when_empty, webhook.parameters[0].default)
    assert ("durable", 2.5, "CRM") == (webhook.delivery, webhook.deadline_s, webhook.group)
    assert "X-Agent" == webhook.headers[0].name
    assert ("refused", "No: {{ response.Error }}") == (webhook.outcomes[0].outcome, webhook.outcomes[0].say)


async def test_what_is_saved_is_what_is_shown(administrator):
    """
    A form that is opened and saved changes nothing.
    """
    for name in ("Contact lookup", "Place an order"):
        await administrator.get(f"/webhook?webhook={name}")
        page = await administrator.submit("/webhook")
        assert "Nothing had changed." in page.text

    assert 1 == len(await administrator.store.definitions.history(TENANT))


async def test_every_error_stands_at_its_field(administrator):
    """
    Each with what to do, all at once, and everything typed still there.
    """
    page = await administrator.get("/webhook?webhook=Contact lookup")
    fields = _typed(
        page, **{"url": "https://crm.example.com/{CALL_QUEU}", "parameter[1].value": "{{ NOBODY | e164"}
    )
    fields += [("header[1].name", "Bad Name"), ("header[1].value", "x")]

    page = await administrator.send("/webhook", fields)

    assert 422 == page.status
    wrong = {a["name"] for tag, a in page.tags if a.get("aria-invalid") == "true"}
    assert {"url", "parameter[1].value", "header[1].name"} == wrong
    assert "did you mean CALL_QUEUE?" in page.text
    assert "{{ NOBODY | e164" == page.form["parameter[1].value"]
    assert "Bad Name" == page.form["header[1].name"]


async def test_errors_are_told_in_the_order_of_the_fields(administrator):
    """
    All of them at once, under the names that the form has: one of a shape hides none of what does not fit together.
    """
    page = await administrator.get("/webhook?webhook=Place an order")
    wrong = {
        "name": "",
        "url": "https://{CALL_QUEUE}/orders",
        "delivery": "durable",
        "deadline_s": "soon",
        "max_attempts": "1.5",
        "parameter[1].value": "{NOBODY}",
        "retry_on": "500",
        "silence": "no-such",
    }
    fields = _typed(page, **{name: value for name, value in wrong.items() if name in page.form})
    fields += [(name, value) for name, value in wrong.items() if name not in page.form]
    fields += [("parameter[9].name", ""), ("parameter[9].value", "{CALL_QUEUE}")]
    fields += [("header[1].name", "Bad Name"), ("header[1].value", "x")]

    page = await administrator.send("/webhook", fields)

    summary = page.text.partition("Nothing was saved.")[2].partition("</ul>")[0]
    assert [
        "Name",
        "URL",
        "Parameter 1, value",
        "Parameter 2, name",
        "Header 1, name",
        "Deadline in seconds",
        "Attempts",
        "Try again after 1",
        "Worth a look",
    ] == re.findall(r'">([^<]+)</a>', summary)
    marked = [a["name"] for _, a in page.tags if a.get("aria-invalid") == "true"]
    assert ["name", "url", "parameter[1].value", "parameter[2].name"] == marked[:4]
    assert ("soon", "1.5", "{NOBODY}") == tuple(
        page.form[name] for name in ("deadline_s", "max_attempts", "parameter[1].value")
    )


async def test_a_number_keeps_all_its_digits(administrator):
    """
    What is opened and saved is not rounded, however long it is.
    """
    await administrator.get("/webhook?webhook=Contact lookup")
    await administrator.submit("/webhook", deadline_s="1.2345678")

    page = await administrator.get("/webhook?webhook=Contact lookup")

    assert "1.2345678" == page.form["deadline_s"]
    assert "Nothing had changed." in (await administrator.submit("/webhook")).text


async def test_the_preview_shows_the_exact_request(manager):
    """
    From the test values, as the engine renders it, by who may not even save.
    """
    page = await manager.get("/webhook?webhook=Contact lookup")

    page = await manager.send("/webhook/preview", _typed(page, sample="an incoming sales call"))

    assert "GET https://crm.example.com/api/Sales/contacts?phone=0821234567" in page.words_of
    assert "CALL_QUEUE in the path" in page.words_of
    assert "CALLERID_NUMBER | e164 in the query" in page.words_of


async def test_the_preview_hides_a_key_it_never_looked_up(manager):
    """
    A group's key shows as hidden, also where nobody set one.
    """
    page = await manager.get("/webhook?webhook=Place an order")

    page = await manager.send("/webhook/preview", _typed(page, dynamic_parameter="C-9"))

    assert '{"customer":"C-9"}' in page.words_of
    assert "X-Api-Key: ***" in page.words_of
    assert "secret-of-nobody" not in page.text


async def test_the_preview_marks_what_is_wrong_at_the_line_where_it_is_typed(manager):
    """
    Blank lines before it notwithstanding.
    """
    page = await manager.get("/webhook?webhook=Contact lookup")
    fields = _typed(page)
    fields += [("parameter[4].name", ""), ("parameter[4].value", "")]
    fields += [("parameter[9].name", "x"), ("parameter[9].value", "{CALLERID_NUMBR}")]

    page = await manager.send("/webhook/preview", fields)

    marked = page.text.partition('id="f-parameter-9-value-tokens"')[2].partition("</div>")[0]
    assert "did you mean CALLERID_NUMBER" in marked


async def test_the_preview_says_why_nothing_would_be_sent(manager):
    """
    A rule for empty values is no error.
    """
    page = await manager.get("/webhook?webhook=Contact lookup")
    fields = _typed(page, sample="a withheld number", **{"parameter[1].test_value": ""})

    page = await manager.send("/webhook/preview", fields)

    assert "Nothing would be sent, as its rule for empty values wants" in page.words_of


@pytest.mark.parametrize("sample", ["a caller whose name attacks every slot", "no such sample"])
async def test_hostile_values_are_text(manager, sample):
    """
    Neither a caller's name nor what is typed becomes a part of the page.
    """
    page = await manager.get("/webhook?webhook=Contact lookup")
    fields = _typed(page, sample=sample, url="https://crm.example.com/?q={CALLERID_NAME}", name=HOSTILE)
    fields += [("header[1].name", "X-Name"), ("header[1].value", HOSTILE)]

    page = await manager.send("/webhook/preview", fields)

    assert "<script>" not in page.text


async def test_a_line_is_added(manager):
    """
    Blank, under the number it was asked for; of the lists that there are.
    """
    page = await manager.get("/webhook/line?list=header&index=4")

    assert 'name="header[4].value"' in page.text
    assert 404 == (await manager.get("/webhook/line?list=nothing&index=1")).status


async def test_a_clone_is_another_webhook(administrator):
    """
    With a name of its own, the same in everything else, its columns included.
    """
    page = await administrator.get("/webhook?copy=Contact lookup")
    assert "Contact lookup, copy" == page.form["name"]

    await administrator.submit("/webhook")

    one = await _webhook(administrator.store, "Contact lookup")
    other = await _webhook(administrator.store, "Contact lookup, copy")
    assert (one.url, one.parameters, one.view) == (other.url, other.parameters, other.view)


async def test_a_renamed_webhook_keeps_its_rules(administrator):
    """
    What refers to it refers to it by its new name.
    """
    await administrator.get("/webhook?webhook=Contact lookup")

    await administrator.submit("/webhook", name="Look up")

    definitions = (await administrator.store.definitions.load(TENANT)).definitions
    assert ("Look up",) == definitions.rules[0].webhooks


async def test_a_webhook_in_use_is_not_deleted(administrator):
    """
    What uses it is named; what nothing uses goes.
    """
    await administrator.get("/webhooks")

    page = await administrator.post("/webhook/delete", webhook="Contact lookup")
    assert "in use by rule &#39;Look up a sales call&#39;" in page.text
    page = await administrator.post("/webhook/delete", webhook="Place an order")
    assert "Place an order was deleted." in page.text

    definitions = (await administrator.store.definitions.load(TENANT)).definitions
    assert ["Contact lookup"] == [webhook.name for webhook in definitions.webhooks]


async def test_what_the_form_does_not_know_stays(administrator):
    """
    Columns and what a file says beyond the form are not touched by it.
    """
    from webhook_engine.definitions import read_tree, tree_of_definitions

    store = administrator.store
    tree = tree_of_definitions((await store.definitions.load(TENANT)).definitions)
    tree["webhook"][0] |= {"silence": ["asserts-nothing"], "view": {"column": [{"path": "name"}]}}
    before = read_tree(tree)
    await store.definitions.save(TENANT, before, by="a file")

    await administrator.get("/webhook?webhook=Contact lookup")
    await administrator.submit("/webhook", deadline_s="3")

    webhook = await _webhook(store, "Contact lookup")
    assert (before.webhooks[0].view, before.webhooks[0].silence) == (webhook.view, webhook.silence)


async def test_a_manager_may_try_and_not_save(manager):
    """
    Nothing is disabled, or the preview would see an empty form; there is only no way to save.
    """
    page = await manager.get("/webhook?webhook=Contact lookup")

    assert [] == [tag for tag, attributes in page.tags if "disabled" in attributes]
    assert "it is not saved" in page.words_of
    assert "Save" not in page.words_of.split()


async def test_columns_that_drifted_are_told(manager):
    """
    On the page of their webhook and on no other, by the name of the column as text.
    """
    drift = manager.engine.drift = Drift(DriftSettings(every_s=0.0))
    for cell in [1] * drift.settings.streak + ["1"] * drift.settings.streak:
        columns = (Column(path=HOSTILE),)
        view = AgentView(outcome=Outcome.OK, sentence="", columns=columns, rows=((cell,),))
        drift.note("Contact lookup", "r", view)
    page = await manager.get("/webhook?webhook=Contact lookup")
    new = await manager.get("/webhook")

    assert "Responses are no longer as they were" in page.words_of
    assert f"was number, and is text in the last {drift.settings.streak} responses" in page.words_of
    assert "<script>alert" not in page.text
    assert "no longer as they were" not in new.words_of


async def test_what_has_drifted_is_accepted_at_a_word(administrator):
    """
    It is told no more, here and wherever else somebody looks at the store.
    """
    drift = administrator.engine.drift = Drift(DriftSettings(every_s=0.0))
    for cell in [1] * drift.settings.streak + ["1"] * drift.settings.streak:
        columns = (Column(path="id"),)
        view = AgentView(outcome=Outcome.OK, sentence="", columns=columns, rows=((cell,),))
        drift.note("Contact lookup", "r", view)
    store, tenant = administrator.store, administrator.engine.definitions.tenant.name
    await store.learnt.change(tenant, ["Contact lookup"], lambda *_: drift.to_json()["Contact lookup"])
    await administrator.get("/webhook?webhook=Contact lookup")
    fields = [("csrf", administrator.form["csrf"]), ("webhook", "Contact lookup")]
    page = await administrator.send("/webhook/accept", fields)
    again = await administrator.send("/webhook/accept", fields)

    assert "What responses look like now counts as right: id." in page.words_of
    assert "no longer as they were" not in page.words_of
    assert () == await stored.findings(store, tenant)
    assert "Nothing has drifted any more." in again.words_of


async def test_who_may_not_change_a_webhook_is_not_asked_to_accept(manager):
    """
    The note alone is there.
    """
    drift = manager.engine.drift = Drift(DriftSettings(every_s=0.0))
    for cell in [1] * drift.settings.streak + ["1"] * drift.settings.streak:
        columns = (Column(path="id"),)
        view = AgentView(outcome=Outcome.OK, sentence="", columns=columns, rows=((cell,),))
        drift.note("Contact lookup", "r", view)
    page = await manager.get("/webhook?webhook=Contact lookup")

    assert "Responses are no longer as they were" in page.words_of
    assert "This is right now" not in page.words_of


async def test_what_uses_a_webhook_is_a_step_away(administrator):
    """
    Each use leads to its page, by any name.
    """
    name = "It's \"new\" & of webhook 'x'"
    page = await administrator.get("/rule")
    fields = {"name": name, "on": "ringing", "webhooks[1]": "Contact lookup"}
    await administrator.send("/rule", list({**page.form, **fields}.items()))

    page = await administrator.get("/webhook?webhook=Contact lookup")
    found = [a["href"] for tag, a in page.tags if tag == "a" and a.get("href", "").startswith("/rule?")]
    pages = [await administrator.get(href) for href in found]

    assert ["Look up a sales call", name] == [each.form["was"] for each in pages]


async def test_what_is_in_a_group_is_a_step_away(administrator):
    """
    From the group that cannot be deleted for it.
    """
    page = await administrator.get("/group?group=CRM")

    assert "/webhook?webhook=Contact+lookup" in [a.get("href") for tag, a in page.tags if tag == "a"]
