"""
What somebody can bring about who has another person open a link, or lends them a browser.
"""

import pytest
from aiohttp import CookieJar

from tests.console.browsing import PASSWORD, Browser, consoled
from tests.console.conftest import _cheap, _furnished, browser, database, store  # noqa: F401  # fixtures
from webhook_engine.console import ConsoleSettings, sessions
from webhook_engine.store import Role


async def test_a_session_given_to_somebody_is_not_theirs_afterwards(browser):  # noqa: F811  # the fixture, not its import
    """
    Whoever set the cookie before a sign-in has nothing after it: the session then is another one.
    """
    await browser.get("/sign-in")
    jar = browser.client.session.cookie_jar
    planted = {each.key: each.value for each in jar}[sessions.COOKIE]
    await browser.post("/sign-in", email="administrator@example.com", password=PASSWORD)
    assert planted != {each.key: each.value for each in jar}[sessions.COOKIE]

    jar.clear()
    jar.update_cookies({sessions.COOKIE: planted})

    assert (await browser.get("/groups")).path.startswith("/sign-in")


@pytest.mark.parametrize(
    "header", ["Host", "X-Forwarded-Host", "X-Original-URL", "X-Rewrite-URL", "Forwarded"]
)
async def test_a_foreign_host_moves_no_redirect(browser, header):  # noqa: F811  # the fixture, not its import
    """
    Redirects and pages name paths alone, so that no cache and no letter carries another host's address.
    """
    value = "host=evil.example" if header == "Forwarded" else "evil.example"
    page = await browser.get("/groups", follow=False, headers={header: value})
    form = await browser.get("/sign-in", headers={header: value})

    assert page.headers["Location"].startswith("/sign-in?back=")
    assert "evil.example" not in page.text + str(page.headers) + form.text


async def test_another_tenants_browser_is_known_to_nobody_here(store):  # noqa: F811  # the fixture, not its import
    """
    Consoles of two tenants may share a key: an administrator of one, who lets anybody in there under the address of
    the other's, would have a fresh browser for every few guesses.
    """
    key = bytes(32)
    email = "administrator@example.com"
    await store.users.add("Harmony", email, "of the other tenant", role=Role.ADMINISTRATOR, by="a test")
    theirs = ConsoleSettings(tenant="Harmony", session_key=key)
    async with (
        consoled(store, settings=theirs) as other,
        consoled(store, settings=ConsoleSettings(session_key=key)) as client,
    ):
        guessing = Browser(client, store)
        for _ in range(3):
            jar = other.session.cookie_jar
            jar.clear()
            minting = Browser(other, store)
            await minting.get("/sign-in")
            await minting.post("/sign-in", email=email, password="of the other tenant")
            known = {each.key: each.value for each in jar}[sessions.KNOWN]
            client.session.cookie_jar.clear()
            client.session.cookie_jar.update_cookies({sessions.KNOWN: known})
            await guessing.get("/sign-in")
            for _ in range(4):
                page = await guessing.post("/sign-in", email=email, password="wrong")

    assert 429 == page.status


async def test_nobody_elses_guesses_keep_a_password_from_being_changed(store):  # noqa: F811  # the fixture, not its import
    """
    That is when it should be; and whoever has another's session open guesses no faster by it.
    """
    email, another = "administrator@example.com", "another password"
    async with consoled(store) as client:
        owner = await Browser(client, store).sign_in(Role.ADMINISTRATOR)
        theirs, client.session._cookie_jar = client.session.cookie_jar, CookieJar(unsafe=True)
        stranger = Browser(client, store)
        await stranger.get("/sign-in")
        for _ in range(6):
            page = await stranger.post("/sign-in", email=email, password="wrong")
        assert 429 == page.status

        client.session._cookie_jar = theirs
        await owner.get("/account")
        changed = await owner.post("/account", old=PASSWORD, new=another, again=another)
        for _ in range(6):
            refused = await owner.post("/account", old="wrong", new=another, again=another)

    assert "Your password is the new one" in changed.text
    assert 429 == refused.status
