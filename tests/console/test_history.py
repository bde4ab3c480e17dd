"""
History: who changed what and when, and the way back.
"""

import tomllib

import pytest

from tests.console.browsing import DEFINITIONS, TENANT, Browser, consoled
from webhook_engine.console import ConsoleSettings
from webhook_engine.console.pages import history
from webhook_engine.console.pieces import piece_of, table_in
from webhook_engine.definitions import read_text, write_toml
from webhook_engine.store import Role

HOSTILE = """
[[webhook]]
name = 'a "quoted" name\\'
group = "CRM"
type = "ajax-post"
content_type = "text"
url = "https://crm.example.com/"
body = '''
[[webhook]]
name = "Contact lookup"
url = "https://evil.example"
"\""" [[rule]]
'''

[[webhook.parameter]]
name = "Place an order"
value = "{CALL_NOTES}"
in = "query"
"""


async def _renamed(administrator, url):
    await administrator.get("/webhook?webhook=Contact lookup")
    await administrator.submit("/webhook", url=url)


async def test_a_webhooks_history_shows_each_change(administrator):
    """
    Field by field, with who; changes of other things are not in it.
    """
    await _renamed(administrator, "https://crm.example.com/v2")
    await administrator.get("/group?group=CRM")
    await administrator.submit("/group", max_in_flight="3")

    page = await administrator.get("/history?webhook=Contact lookup")

    assert "Revision 2" in page.words_of
    assert "Revision 3" not in page.words_of
    assert "URL https://crm.example.com/api/{CALL_QUEUE}/contacts https://crm.example.com/v2" in page.words_of
    assert "by administrator@example.com : changed webhook Contact lookup" in page.words_of


async def test_one_webhook_is_brought_back(administrator):
    """
    As it was, while what else changed stays.
    """
    await _renamed(administrator, "https://crm.example.com/v2")
    await administrator.get("/group?group=CRM")
    await administrator.submit("/group", max_in_flight="3")
    await administrator.get("/history?webhook=Contact lookup")

    page = await administrator.post("/history/restore", kind="webhook", name="Contact lookup", number="1")

    assert "is as it was in revision 1, as revision 4" in page.words_of
    definitions = (await administrator.store.definitions.load(TENANT)).definitions
    assert "https://crm.example.com/api/{CALL_QUEUE}/contacts" == definitions.webhook("Contact lookup").url
    assert 3 == definitions.group("CRM").max_in_flight


async def test_a_deleted_webhook_is_brought_back(administrator):
    """
    Deleting is a change like another.
    """
    await administrator.get("/webhooks")
    await administrator.post("/webhook/delete", webhook="Place an order")
    page = await administrator.get("/history?webhook=Place an order")
    assert "it was deleted" in page.words_of

    await administrator.post("/history/restore", kind="webhook", name="Place an order", number="1")

    definitions = (await administrator.store.definitions.load(TENANT)).definitions
    assert "Place an order" in definitions.index.webhooks


async def test_everything_is_brought_back(administrator):
    """
    A whole revision, as a new one.
    """
    await _renamed(administrator, "https://crm.example.com/v2")
    await administrator.get("/history")

    page = await administrator.post("/history/restore", number="1")

    assert "Revision 1 is in force again, as revision 3" in page.words_of
    assert 404 == (await administrator.post("/history/restore", number="99")).status
    assert 404 == (await administrator.post("/history/restore", number="x")).status


async def test_a_long_history_goes_page_by_page(store):
    """
    Each page begins below the last number of the one before.
    """
    async with consoled(store, settings=ConsoleSettings(page_rows=2)) as client:
        administrator = await Browser(client, store).sign_in(Role.ADMINISTRATOR)
        for number in range(2, 6):
            await _renamed(administrator, f"https://crm.example.com/v{number}")
        shown, path = [], "/history"
        while path:
            page = await administrator.get(path)
            shown.append([word for word in page.words_of.split() if word.isdigit() and len(word) == 1])
            path = next((a["href"] for tag, a in page.tags if "before=" in a.get("href", "")), None)

    assert "Back to the newest" in page.words_of
    assert 3 == len(shown)
    assert ["5", "4"] == shown[0]
    assert "1" == shown[2][0]


async def test_definitions_of_a_file_are_shown_and_not_edited(store):
    """
    Every page says where they are edited; tests can be sent all the same.
    """
    async with consoled(store, settings=ConsoleSettings(source="integration.toml")) as client:
        administrator = await Browser(client, store).sign_in(Role.ADMINISTRATOR)
        page = await administrator.get("/webhooks")
        assert "The definitions are those of integration.toml" in page.words_of
        assert "Contact lookup" in page.words_of
        assert "Add a webhook" not in page.words_of
        for path, fields in {
            "/group": {"name": "New"},
            "/webhook": {"name": "New", "url": "https://x.example/"},
            "/group/delete": {"group": "Unused"},
            "/group/members": {"group": "Orders", "extension": "100-Euphoria", "key": "k"},
            "/agents": {"extension": "102-Euphoria"},
            "/history/restore": {"number": "1"},
            "/webhook/columns": {"webhook": "Contact lookup"},
        }.items():
            page = await administrator.post(path, **fields)
            assert 403 == page.status, path
            assert "edit them there" in page.words_of

    assert 1 == len(await store.definitions.history(TENANT))


async def test_a_page_without_its_changes_leads_further_back(administrator, monkeypatch):
    """
    Only so many revisions are compared for one page.
    """
    monkeypatch.setattr(history, "_LOOKED_AT", 2)
    await _renamed(administrator, "https://crm.example.com/v2")
    for size in "123":
        await administrator.get("/group?group=CRM")
        await administrator.submit("/group", max_in_flight=size)

    page = await administrator.get("/history?webhook=Contact lookup")
    further = next(a["href"] for tag, a in page.tags if "before=" in a.get("href", ""))

    assert "There are earlier ones." in page.words_of
    assert "Revision 2" in (await administrator.get(further)).words_of


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("group", "CRM"),
        ("group", "Unused"),
        ("webhook", "Contact lookup"),
        ("webhook", "Place an order"),
        ("webhook", 'a "quoted" name\\'),
        ("rule", "Look up a sales call"),
    ],
)
def test_one_definition_is_cut_out_as_it_is(kind, name):
    """
    Whatever a body says that looks like a definition.
    """
    text = write_toml(read_text(DEFINITIONS + HOSTILE))
    table = table_in(piece_of(text, kind, name), kind)

    assert name == table["name"]
    assert [table] == [each for each in tomllib.loads(text)[kind] if each["name"] == name]


@pytest.mark.parametrize("name", ["Contact", "Orders", "", "contact lookup"])
def test_what_is_not_there_is_not_cut_out(name):
    """
    A part of a name is none, nor is the name of something else.
    """
    assert "" == piece_of(write_toml(read_text(DEFINITIONS + HOSTILE)), "webhook", name)
