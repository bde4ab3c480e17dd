"""
Everybody's own password.
"""

import pytest

from tests.console.browsing import PASSWORD, Browser, consoled
from webhook_engine.console import Visitor
from webhook_engine.store import Role

NEW = "another long secret"


async def test_who_knows_their_password_takes_another(browser):
    """
    They stay signed in; their session elsewhere ends, and the old password opens nothing.
    """
    elsewhere = await browser.sign_in(Role.AGENT)
    cookie = {each.key: each.value for each in elsewhere.client.session.cookie_jar}
    await browser.get("/account")

    page = await browser.submit("/account", old=PASSWORD, new=NEW, again=NEW)

    assert ("/account", 200) == (page.path, page.status)
    assert "Your password is the new one." in page.words_of
    browser.client.session.cookie_jar.clear()
    browser.client.session.cookie_jar.update_cookies(cookie)
    assert "/sign-in" == (await browser.get("/desktop")).path.partition("?")[0]
    assert await browser.store.signing_in.check("Euphoria", "agent@example.com", PASSWORD) is None
    assert await browser.store.signing_in.check("Euphoria", "agent@example.com", NEW) is not None


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"old": "wrong", "new": NEW, "again": NEW}, "f-old"),
        ({"old": PASSWORD, "new": "short", "again": "short"}, "f-new"),
        ({"old": PASSWORD, "new": NEW, "again": "something else"}, "f-again"),
    ],
    ids=["not theirs", "too short", "not twice the same"],
)
async def test_what_is_wrong_stands_at_its_field(manager, given, field):
    """
    And nothing has changed.
    """
    await manager.get("/account")

    page = await manager.submit("/account", **given)

    assert 422 == page.status
    assert [field] == [found["id"] for _, found in page.tags if "aria-invalid" in found]
    assert await manager.store.signing_in.check("Euphoria", "manager@example.com", PASSWORD) is not None


async def test_guessing_becomes_slow(manager):
    """
    A session that somebody left open is no way to try passwords.
    """
    await manager.get("/account")

    pages = [await manager.submit("/account", old=f"guess {n}", new=NEW, again=NEW) for n in range(7)]

    assert 429 == pages[-1].status


async def test_an_embedding_application_has_passwords_of_its_own(store):
    """
    Nothing is found here then.
    """
    who = Visitor(email="administrator@example.com", role=Role.ADMINISTRATOR)
    async with consoled(store, user_of=lambda _: who) as client:
        page = await Browser(client, store).get("/account")
        home = await Browser(client, store).get("/")

    assert 404 == page.status
    assert "/account" not in home.text
