"""
A console on an empty store: somebody begins here.
"""

import pytest

from tests.console.browsing import KEY, PASSWORD, Browser, consoled
from webhook_engine.console.routes import ROUTES
from webhook_engine.store import Role, Store

NOTHING = ""


@pytest.fixture
async def beginner(tmp_path):
    """
    An administrator of a tenant that has no definitions at all.
    """
    async with Store.open(f"sqlite:///{tmp_path / 'store.db'}", (KEY,)) as store:
        await store.users.add("", "administrator@example.com", PASSWORD, role=Role.ADMINISTRATOR, by="a test")
        async with consoled(store, definitions=NOTHING, queue=tmp_path / "queue.db") as client:
            yield await Browser(client, store).sign_in(Role.ADMINISTRATOR)


async def test_every_page_opens(beginner):
    """
    Also those that list what is not there yet.
    """
    lines = ["/webhook/line?list=parameter&index=1", "/rule/line?list=then&index=1"]
    pages = [route.path for route in ROUTES if route.method == "GET"] + lines

    failed = [path for path in pages if (await beginner.get(path)).status >= 500]

    assert [] == failed


async def test_who_has_no_agent_is_led_to_make_one(beginner):
    """
    A test and a simulated call are made as an agent; the first one there is comes by itself.
    """
    await beginner.get("/webhook")
    await beginner.submit("/webhook", name="Look up", url="https://crm.example.com/")
    page = await beginner.get("/webhook/test?webhook=Look up")
    assert "There is no agent yet" in page.words_of
    assert 2 == [a.get("href") for tag, a in page.tags if tag == "a"].count("/agents")

    await beginner.get("/agents")
    await beginner.submit("/agents", extension="100-Euphoria")

    assert "100-Euphoria" == (await beginner.get("/webhook/test?webhook=Look up")).form["agent"]
    assert "100-Euphoria" == (await beginner.get("/simulator")).form["agent"]


async def test_a_first_webhook_needs_nothing_else(beginner):
    """
    No group, no agent: it is saved, and the preview shows what it would send.
    """
    await beginner.get("/webhook")

    page = await beginner.submit("/webhook", name="Look up", url="https://crm.example.com/{CALLERID_NUMBER}")

    assert "Saved as revision 1." in page.text
    fields = [*beginner.form.items(), ("sample", "")]
    assert "GET https://crm.example.com/" in (await beginner.send("/webhook/preview", fields)).words_of
