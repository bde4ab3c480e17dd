"""
History: who changed what and when, and the way back.
"""

from tests.console.browsing import TENANT, Browser, consoled
from webhook_engine.console import ConsoleSettings
from webhook_engine.store import Role


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
