"""
Test and Configure: what was sent, what came back, and which columns an agent sees of it.
"""

import orjson
import pytest

from tests.console.browsing import DEFINITIONS, TENANT
from tests.console.targeting import targeted
from webhook_engine.console import forms
from webhook_engine.definitions import read_text

CUSTOMERS = {
    "total": 1,
    "results": [
        {"id": 9007199254740993, "name": "Thandi <b>", "city": "Durban"},
        {"id": 1002, "name": "Sipho", "city": None},
    ],
}
TEST = "/webhook/test?webhook=Contact lookup"


@pytest.fixture
async def target(store):
    async with targeted(store) as target:
        target.says(orjson.dumps(CUSTOMERS).decode())
        yield target


async def _sent(administrator, webhook="Contact lookup", **fields):
    await administrator.get(f"/webhook/test?webhook={webhook}")
    return await administrator.post("/webhook/test", webhook=webhook, agent="100-Euphoria", **fields)


async def _view(store):
    return (await store.definitions.load(TENANT)).definitions.webhook("Contact lookup").view


async def test_three_stages_are_shown(target, administrator):
    """
    The request as it was rendered, the response as it came, and the table that it is.
    """
    page = await _sent(administrator)

    assert [("GET", "/api/Sales/contacts?phone=0821234567")] == [each[:2] for each in target.requests]
    assert "GET http://127.0.0.1:" in page.words_of
    assert '{"total":1,"results":[' in page.words_of
    assert "9007199254740993 Thandi <b> Durban" in page.words_of
    assert "OK Found 2 records." in page.words_of
    assert "here results" in page.words_of


async def test_looking_again_sends_nothing_again(target, administrator):
    """
    Nor does reading the records from another path.
    """
    await _sent(administrator)
    await administrator.get(TEST)
    page = await administrator.post(
        "/webhook/read-again", webhook="Contact lookup", **{"view.records": "total"}
    )

    assert 1 == len(target.requests)
    assert 200 == page.status
    assert "total" == page.form["view.records"]


async def test_ticked_columns_are_saved_in_their_order(target, administrator):
    """
    With labels and links, as the form has them from left to right.
    """
    await _sent(administrator)
    fields = [
        ("csrf", administrator.form["csrf"]),
        ("based_on", administrator.form["based_on"]),
        ("webhook", "Contact lookup"),
        ("view.column[2].show", "yes"),
        ("view.column[2].path", "name"),
        ("view.column[2].label", "Customer"),
        ("view.column[2].link", ""),
        ("view.column[3].path", "city"),
        ("view.column[1].show", "yes"),
        ("view.column[1].path", "id"),
        ("view.column[1].link", "Place an order"),
    ]

    page = await administrator.send("/webhook/columns", fields)

    assert "/webhook/agent-view?webhook=Contact lookup" == page.path
    columns = (await _view(administrator.store)).columns
    assert [("name", "Customer", None), ("id", None, "Place an order")] == [
        (column.path, column.label, column.link) for column in columns
    ]
    assert "Customer id Thandi <b> 9007199254740993 Sipho 1002" in page.words_of
    assert 1 == len(target.requests)


async def test_a_column_that_is_gone_stays_ticked_and_says_so(target, administrator):
    """
    It may come back; taking it away is the administrator's to decide.
    """
    column = '[[webhook.view.column]]\npath = "surname"\n\n[[webhook]]\nname = "Place an order"'
    text = DEFINITIONS.replace('[[webhook]]\nname = "Place an order"', column)
    async with targeted(administrator.store, text) as other:
        other.says(orjson.dumps(CUSTOMERS).decode())
        page = await _sent(administrator)

    assert "surname not in this response" in page.words_of
    assert "yes" == page.form["view.column[1].show"]


async def test_what_changes_data_is_sent_only_when_that_is_meant(target, administrator):
    """
    A confirmation that is asked for on the page and checked behind it.
    """
    await _member(administrator)
    page = await _sent(administrator, "Place an order", dynamic_parameter="C-9")
    assert 422 == page.status
    assert [] == target.requests

    page = await _sent(administrator, "Place an order", dynamic_parameter="C-9", sure="yes")

    [(method, _, headers, body)] = target.requests
    assert ("POST", b'{"customer":"C-9"}', "key-of-100") == (method, body, headers["X-Api-Key"])
    assert "key-of-100" not in page.text


async def _member(administrator):
    await administrator.get("/group/members?group=Orders")
    await administrator.post("/group/members", group="Orders", extension="100-Euphoria", key="key-of-100")


async def test_what_was_chosen_stays_chosen(target, administrator):
    """
    Call, agent and parameter of a test are those of the next one, and of one that was refused.
    """
    chosen = {"sample": "an outgoing call", "agent": "101-Euphoria", "dynamic_parameter": "C-9"}
    await administrator.get(TEST)
    sent = await administrator.post("/webhook/test", webhook="Contact lookup", **chosen)
    refused = await administrator.post("/webhook/test", webhook="Place an order", **chosen)

    for page in (sent, refused):
        form = next(each for each in page.forms if "sample" in each)
        assert chosen == {name: form[name] for name in chosen}


async def test_the_page_of_a_browser_window_is_shown_for_any_call(administrator):
    """
    With the values of the call that is chosen, and what an agent would give.
    """
    window = 'name = "Place an order"\ngroup = "CRM"\ntype = "browser-window"\n'
    text = DEFINITIONS.partition('[[webhook]]\nname = "Place an order"')[0]
    text += f'[[webhook]]\n{window}url = "https://crm.example.com/{{CALL_DIR}}/{{DYNAMIC_PARAMETER}}"'
    await administrator.store.definitions.save(TENANT, read_text(text), by="a file")

    page = await administrator.get(
        "/webhook/agent-view?webhook=Place an order&sample=an outgoing call&dynamic_parameter=C-9"
    )

    assert "https://crm.example.com/outgoing/C-9" in page.words_of


async def test_a_test_is_made_as_an_agent(target, administrator):
    """
    Who has no secrets of their own is refused, as in a call.
    """
    page = await _sent(administrator, "Place an order", sure="yes")

    assert "Refused" in page.words_of
    assert "It could not be made" in page.words_of
    assert [] == target.requests


async def test_an_address_that_may_not_be_reached_is_explained(store, administrator):
    """
    Which address, why, and what to do.
    """
    text = DEFINITIONS.replace('allowed_networks = ["127.0.0.1/32"]', "")
    async with targeted(store, text) as target:
        page = await _sent(administrator)

    assert [] == target.requests
    assert "was not contacted: 127.0.0.1" in page.words_of
    assert 1 == page.text.count("add its network to the tenant&#39;s allowed_networks")
    assert "/tenant#f-allowed-networks" in [a.get("href") for _, a in page.tags]
    assert "Tried by administrator@example.com" in page.words_of


@pytest.mark.parametrize(
    "said",
    [
        "<script>alert(1)</script>",
        '{"error":"<img src=x onerror=alert(1)>"}',
        '[{"</textarea><script>alert(1)</script>":"<script>alert(2)</script>"}]',
    ],
)
async def test_a_hostile_response_is_text(target, administrator, said):
    """
    In its body, in the names of its columns, in its cells and in the sentence.
    """
    target.says(said, "text/html", headers={"X-Evil": "<script>alert(3)</script>"})
    page = await _sent(administrator)
    view = await administrator.get("/webhook/agent-view?webhook=Contact lookup")

    for shown in (page, view):
        assert 200 == shown.status
        assert "<script>alert" not in shown.text
        assert "<img src=x" not in shown.text


async def test_a_path_that_is_none_stands_at_its_field(target, administrator):
    """
    And the ticks are still there.
    """
    await _sent(administrator)

    page = await administrator.submit(
        "/webhook/columns", **{"view.records": "results[", "view.column[1].show": "yes"}
    )

    assert 422 == page.status
    assert "results[" == page.form["view.records"]
    wrong = {a["name"] for tag, a in page.tags if a.get("aria-invalid") == "true"}
    assert {"view.records"} == wrong


async def test_what_was_typed_at_a_column_stays_without_a_tick(target, administrator):
    """
    Reading again and a refusal lose no label and no link.
    """
    await _sent(administrator)
    typed = {"view.column[2].label": "Customer", "view.column[1].link": "Place an order"}

    for path, records in (("/webhook/read-again", "results"), ("/webhook/columns", "results[")):
        page = await administrator.submit(path, **typed, **{"view.records": records})
        assert typed == {name: page.form[name] for name in typed}


async def test_the_second_of_two_sees_which_columns_were_chosen(target, administrator):
    """
    And has their own ticks still; what else was changed of the webhook meanwhile is no matter.
    """
    await _sent(administrator)
    mine = {**administrator.form, "view.column[2].show": "yes"}
    await administrator.submit("/webhook/columns", **{"view.column[3].show": "yes"})

    page = await administrator.send("/webhook/columns", list(mine.items()))

    assert 422 == page.status
    assert "administrator@example.com saved this meanwhile" in page.words_of
    assert "table, column 1, path city" in page.words_of
    ticked = [a["name"] for _, a in page.tags if a.get("name", "").endswith(".show") and "checked" in a]
    assert ["view.column[1].show"] == ticked
    await administrator.submit("/webhook/columns")
    assert ["name"] == [column.path for column in (await _view(administrator.store)).columns]


async def test_the_agent_view_waits_for_a_test(manager):
    """
    A manager sees it; what there is to see comes of a test.
    """
    page = await manager.get("/webhook/agent-view?webhook=Contact lookup")

    assert "There is no response to show yet" in page.words_of


async def test_a_disabled_webhook_can_be_tried(store, administrator):
    """
    That is how one finds out whether it may be enabled again.
    """
    text = DEFINITIONS.replace('name = "Contact lookup"\n', 'name = "Contact lookup"\nenabled = false\n', 1)
    async with targeted(store, text) as target:
        await _sent(administrator)

    assert 1 == len(target.requests)


async def test_every_tick_of_a_wide_response_counts(target, administrator):
    """
    The last column of seven hundred as the first.
    """
    target.says(orjson.dumps([{f"c{number}": number for number in range(1, 701)}]).decode())
    page = await _sent(administrator)
    assert "c700" == page.form["view.column[700].path"]

    page = await administrator.submit(
        "/webhook/columns", **{"view.column[1].show": "yes", "view.column[700].show": "yes"}
    )

    assert 200 == page.status, page.words_of[:600]
    assert ["c1", "c700"] == [column.path for column in (await _view(administrator.store)).columns]


async def test_no_line_of_a_form_is_dropped_in_silence(target, administrator, monkeypatch):
    """
    What is too much is refused as a whole.
    """
    monkeypatch.setattr(forms, "ROWS", 2)
    await _sent(administrator)
    before = await _view(administrator.store)

    page = await administrator.submit("/webhook/columns", **{"view.column[3].show": "yes"})

    assert 422 == page.status
    assert "Column has more than 2 lines, and nothing was saved" in page.words_of
    assert before == await _view(administrator.store)
