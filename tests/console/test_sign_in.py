"""
Signing in, slowly for who guesses, and out for good.
"""

import asyncio
import time

import pytest
from aiohttp import CookieJar

from tests.console.browsing import KEY, PASSWORD, Browser, consoled
from webhook_engine.console import ConsoleSettings, first_administrator_link, sessions
from webhook_engine.console.throttle import Throttle
from webhook_engine.errors import StoreUnavailable
from webhook_engine.store import Role, Store


async def test_whoever_knows_the_password_goes_on_to_where_they_were_going(browser):
    """
    The page that was asked for first is the page that is shown.
    """
    page = await browser.get("/groups")
    assert page.path.startswith("/sign-in?back=")

    page = await browser.submit("/sign-in", email="Manager@example.com ", password=PASSWORD)

    assert ("/groups", 200) == (page.path, page.status)


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"]
)
async def test_nobody_is_sent_elsewhere(browser, back):
    """
    Where to go on is a page of this console, whatever a link says.
    """
    await browser.get("/sign-in")

    page = await browser.post(
        "/sign-in", email="manager@example.com", password=PASSWORD, back=back, follow=False
    )

    assert "/" == page.headers["Location"]


async def test_a_wrong_password_keeps_the_address(browser):
    """
    What was typed stays, but for the password; and nothing says which of the two was wrong.
    """
    await browser.get("/sign-in")
    one = await browser.post("/sign-in", email="manager@example.com", password="wrong")
    other = await browser.post("/sign-in", email="nobody@example.com", password="wrong")

    assert (422, 422) == (one.status, other.status)
    assert 'value="manager@example.com"' in one.text
    assert "wrong" not in one.text
    assert "password-error" == _invalid(one)["password"]["aria-describedby"]
    assert "do not belong together" in one.text
    assert "do not belong together" in other.text


async def test_guessing_becomes_slow(browser):
    """
    After five wrong passwords even the right one has to wait.
    """
    await browser.get("/sign-in")
    for _ in range(5):
        await browser.post("/sign-in", email="manager@example.com", password="wrong")

    page = await browser.post("/sign-in", email="manager@example.com", password=PASSWORD)

    assert 429 == page.status
    assert "Too many wrong tries" in page.text


async def test_guessing_at_many_addresses_becomes_slow(browser):
    """
    Whoever tries one password on everybody waits too; others at that machine only for so long.
    """
    await browser.get("/sign-in")
    for number in range(50):
        page = await browser.post("/sign-in", email=f"{number}@example.com", password="Password1!")
        assert 422 == page.status

    page = await browser.post("/sign-in", email="another@example.com", password="Password1!")

    assert 429 == page.status


async def test_nobody_elses_guesses_keep_an_administrator_out(store):
    """
    In a browser where they signed in before they count for themselves, however many wrong tries others make.
    """
    async with consoled(store) as client:
        browser = await Browser(client, store).sign_in(Role.ADMINISTRATOR)
        await browser.get("/")
        await browser.post("/sign-out")
        known = client.session.cookie_jar
        jar, client.session._cookie_jar = known, CookieJar(unsafe=True)
        stranger = Browser(client, store)
        await stranger.get("/sign-in")
        for _ in range(60):
            page = await stranger.post("/sign-in", email="administrator@example.com", password="wrong")
        assert 429 == page.status

        client.session._cookie_jar = jar
        await browser.get("/sign-in")
        page = await browser.post("/sign-in", email="administrator@example.com", password=PASSWORD)

    assert (200, "/") == (page.status, page.path)


async def test_a_known_browser_is_slowed_as_well(administrator):
    """
    It is no way round the wait: its own wrong tries count, and for another address it is a stranger.
    """
    await administrator.get("/")
    await administrator.post("/sign-out")
    await administrator.get("/sign-in")
    for email in ("administrator@example.com", "manager@example.com"):
        for _ in range(5):
            await administrator.post("/sign-in", email=email, password="wrong")
        page = await administrator.post("/sign-in", email=email, password=PASSWORD)
        assert 429 == page.status


async def test_neither_cookie_reads_as_the_other(administrator):
    """
    A known browser is not signed in, and a session makes no browser known.
    """
    cookies = {each.key: each.value for each in administrator.client.session.cookie_jar}
    jar = administrator.client.session.cookie_jar
    jar.clear()
    jar.update_cookies({sessions.COOKIE: cookies[sessions.KNOWN], sessions.KNOWN: cookies[sessions.COOKIE]})

    page = await administrator.get("/groups")

    assert page.path.startswith("/sign-in")


async def test_a_form_that_drips_is_given_up(store):
    """
    Whoever sends a byte now and then holds a connection for so long and no longer.
    """
    async with consoled(store, settings=ConsoleSettings(form_s=0.1)) as client, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
        kind = "Content-Type: application/x-www-form-urlencoded"
        writer.write(f"POST /sign-in HTTP/1.1\r\nHost: x\r\n{kind}\r\nContent-Length: 9\r\n\r\na".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()

    assert head.startswith(b"HTTP/1.1 408 ")


def test_each_wrong_try_doubles_the_wait():
    """
    1, 2, 4 … seconds, up to the longest; a right one forgets them, and others are not concerned.
    """
    clock = [0.0]
    throttle = Throttle(tries=2, longest_s=10, clock=lambda: clock[0])
    waits = []
    for _ in range(7):
        throttle.failed("a")
        waits.append(throttle.wait_s("a"))
        clock[0] += waits[-1]

    assert [0, 1, 2, 4, 8, 10, 10] == waits
    assert 0 == throttle.wait_s("a")
    throttle.succeeded("a")
    throttle.failed("a")
    assert (0, 0) == (throttle.wait_s("a"), throttle.wait_s("b"))


async def test_signed_out_is_out(browser):
    """
    A copy of the cookie opens nothing either.
    """
    await browser.sign_in(Role.MANAGER)
    cookies = {cookie.key: cookie.value for cookie in browser.client.session.cookie_jar}
    await browser.get("/groups")
    await browser.post("/sign-out")

    browser.client.session.cookie_jar.update_cookies(cookies)

    assert (await browser.get("/groups")).path.startswith("/sign-in")


async def test_signed_out_is_out_after_a_restart(database):
    """
    Although the key that cookies are sealed with is the same; the sessions of others go on.
    """
    settings = ConsoleSettings(session_key=bytes(32))
    cookies = []
    async with Store.open(f"sqlite:///{database}", (KEY,)) as store:
        for role in (Role.MANAGER, Role.ADMINISTRATOR):
            async with consoled(store, settings=settings) as client:
                browser = await Browser(client, store).sign_in(role)
                await browser.get("/groups")
                cookies.append({each.key: each.value for each in client.session.cookie_jar})
                if role is Role.MANAGER:
                    await browser.post("/sign-out")

    paths = []
    async with Store.open(f"sqlite:///{database}", (KEY,)) as store:
        for each in cookies:
            async with consoled(store, settings=settings) as client:
                client.session.cookie_jar.update_cookies(each)
                paths.append((await Browser(client, store).get("/groups")).path)

    assert ["/sign-in?back=/groups", "/groups"] == paths


async def test_a_session_grows_old(store, monkeypatch):
    """
    However often its cookie was opened meanwhile.
    """
    async with consoled(store, settings=ConsoleSettings(session_s=60)) as client:
        browser = await Browser(client, store).sign_in(Role.MANAGER)
        assert "/groups" == (await browser.get("/groups")).path
        cookies = {each.key: each.value for each in client.session.cookie_jar}
        assert "/groups" == (await browser.get("/groups")).path
        later = time.time() + 61
        monkeypatch.setattr("aiohttp_session.time.time", lambda: later)
        client.session.cookie_jar.update_cookies(cookies)

        page = await browser.get("/groups")

    assert page.path.startswith("/sign-in")


async def test_another_password_ends_the_session(manager):
    """
    So does being removed.
    """
    assert "/groups" == (await manager.get("/groups")).path
    await manager.store.users.set_password("Euphoria", "manager@example.com", "another long secret")

    assert (await manager.get("/groups")).path.startswith("/sign-in")


async def test_the_cookie_is_sealed(browser):
    """
    Scripts cannot read it, other sites do not send it, and it says nothing to whoever has it.
    """
    await browser.get("/sign-in")
    page = await browser.post("/sign-in", email="manager@example.com", password=PASSWORD, follow=False)

    known, cookie = page.headers.getall("Set-Cookie")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "HttpOnly" in known
    assert "SameSite=Strict" in known
    assert "manager" not in cookie


async def test_the_cookie_is_secure_behind_tls(store):
    """
    Where browsers come over TLS it never travels without.
    """
    async with consoled(store, settings=ConsoleSettings(https=True)) as client:
        response = await client.get("/sign-in")

    assert "Secure" in response.headers["Set-Cookie"]


def _invalid(page):
    """
    Id -> the attributes of the fields that are marked as wrong.
    """
    return {found["id"]: found for _, found in page.tags if "aria-invalid" in found}


async def test_an_empty_store_has_a_link_for_its_first_administrator(tmp_path):
    """
    It works once; afterwards there is somebody who can sign in.
    """
    async with (
        Store.open(f"sqlite:///{tmp_path / 'store.db'}") as store,
        consoled(store) as client,
    ):
        browser = Browser(client, store)
        link = first_administrator_link(store, "http://host/", tenant="Euphoria").removeprefix("http://host")
        page = await browser.get(link)
        short = await browser.submit("/first", email="naledi@example.com", password="short")
        nothing = await browser.submit("/first", email="naledi", password="short")
        page = await browser.submit("/first", email="naledi@example.com", password=PASSWORD)

        assert {"f-email", "f-password"} == _invalid(nothing).keys()
        assert 422 == short.status
        assert "naledi@example.com" in short.text
        wrong = _invalid(short)
        assert {"f-password"} == wrong.keys()
        assert "f-password-error" in wrong["f-password"]["aria-describedby"]
        assert ("/", 200) == (page.path, page.status)
        made = store.users.find("Euphoria", "naledi@example.com")
        assert Role.ADMINISTRATOR == made.role
        assert made.last_sign_in_at is not None
        assert first_administrator_link(store, "http://host", tenant="Euphoria") is None
        assert (await Browser(client, store).get(link)).path in ("/", "/sign-in")


async def test_a_store_that_cannot_be_written_to_keeps_nobody_out(browser, store, monkeypatch):
    """
    Who mends it needs to see targets and deliveries; that they were here is not noted then.
    """
    monkeypatch.setattr(store.users._database, "write", _away)

    page = await (await browser.sign_in(Role.ADMINISTRATOR)).get("/users")

    assert 200 == page.status
    assert "administrator@example.com" in page.words_of


async def test_what_is_not_to_be_had_now_is_to_be_asked_again(administrator, store, monkeypatch):
    """
    A store that is away is no mistake of who asks: 503, and a link to ask again.
    """
    monkeypatch.setattr(store.definitions, "history", _away)

    page = await administrator.get("/history")

    assert (503, "5") == (page.status, page.headers["Retry-After"])
    assert "Not at the moment" in page.words_of
    assert {"href": "/history", "class": "button main"} in [found for tag, found in page.tags if tag == "a"]


def _away(*_, **__):
    raise StoreUnavailable(path="postgresql://host/calls", why="it cannot be reached")
