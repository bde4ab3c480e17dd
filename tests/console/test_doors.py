"""
Who may pass: every route with every role, the token of every change, and what every answer says.
"""

import pytest

from tests.console.browsing import PASSWORD, Browser, consoled
from webhook_engine.console import Visitor
from webhook_engine.console.routes import ROUTES
from webhook_engine.store import Role

WALK = [pytest.param(route, id=f"{route.method} {route.path}") for route in ROUTES]


def test_every_route_has_an_address_of_its_own():
    """
    Two handlers for one method and path would hide each other.
    """
    addresses = [(route.method, route.path) for route in ROUTES]

    assert sorted(set(addresses)) == sorted(addresses)


def test_every_change_is_sent_by_post():
    """
    A link must not change anything.
    """
    assert {"GET", "POST"} == {route.method for route in ROUTES}


async def _status(browser, route):
    if route.method == "GET":
        return (await browser.get(route.path, follow=False)).status
    return (await browser.post(route.path, follow=False)).status


async def test_nobody_sees_anything(browser):
    """
    Who is not signed in is sent to the sign-in, and changes nothing.
    """
    await browser.get("/sign-in")
    for route in ROUTES:
        if route.least is not None:
            status = await _status(browser, route)
            assert {"GET": 303, "POST": 403}[route.method] == status, route


@pytest.mark.parametrize("role", Role)
async def test_each_role_reaches_what_it_may(browser, role):
    """
    Less than the least role is refused with 403, before the handler looks at anything.
    """
    await browser.sign_in(role)
    for route in ROUTES:
        if route.least is None or route.name == "sign_out":
            continue
        status = await _status(browser, route)
        assert (status == 403) is not role.may(route.least), (route.path, status)
        assert status != 500, route


@pytest.mark.parametrize("role", Role)
async def test_the_navigation_shows_what_a_role_may_see(browser, role):
    """
    A link that leads to a refusal is none.
    """
    await browser.sign_in(role)
    page = await browser.get("/")

    shown = [tag[1]["href"] for tag in page.tags if tag[0] == "a" and "href" in tag[1]]
    for route in ROUTES:
        if route.nav and route.least is not None:
            assert (route.path in shown) is role.may(route.least), route


@pytest.mark.parametrize("wrong", ["", "x", "é"], ids=repr)
async def test_a_change_needs_its_token(administrator, wrong):
    """
    A form of another page cannot be sent in somebody's name.
    """
    await administrator.get("/groups")
    for route in ROUTES:
        if route.method == "POST" and route.least is not None:
            page = await administrator.post(route.path, csrf=wrong, follow=False)
            assert 403 == page.status, route
            assert "load the page again" in page.text


async def test_a_change_from_another_site_is_refused(administrator):
    """
    Even with the token, which it should not have.
    """
    await administrator.get("/group")

    page = await administrator.post("/group", headers={"Sec-Fetch-Site": "cross-site"})

    assert 403 == page.status


async def test_a_token_in_the_header_will_do(administrator):
    """
    It is how htmx brings it.
    """
    token = (await administrator.get("/group")).form["csrf"]

    page = await administrator.post("/group", csrf="", headers={"X-CSRF-Token": token})

    assert 422 == page.status


async def test_every_answer_says_that_nothing_foreign_runs(administrator):
    """
    No script and no style in a page, none from elsewhere, no frame, no copy in a cache.
    """
    for path in ("/", "/groups", "/group", "/nowhere-but-here", "/sign-in"):
        headers = (await administrator.get(path)).headers
        if path == "/nowhere-but-here":
            continue
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "no-store" == headers["Cache-Control"]
        assert "nosniff" == headers["X-Content-Type-Options"]


async def test_pages_keep_what_the_policy_says(administrator):
    """
    A script or style in a page would be refused by the browser, and the page be broken.
    """
    for route in ROUTES:
        if route.method != "GET" or route.name == "asset":
            continue
        page = await administrator.get(route.path)
        for tag, attributes in page.tags:
            assert tag != "style", route
            assert "style" not in attributes, (route, tag)
            assert not [name for name in attributes if name.startswith("on")], (route, tag)
            assert tag != "script" or attributes.get("src"), route


async def test_assets_are_kept_for_a_year_and_packed(browser):
    """
    Their names hold their hash, so a new version has a new name; they know no session.
    """
    page = await browser.get("/sign-in")
    links = [a.get("href") or a.get("src") for tag, a in page.tags if tag in ("link", "script")]

    assert 4 == len(links)
    for link in links:
        response = await browser.client.get(link, headers={"Accept-Encoding": "gzip"})
        assert 200 == response.status
        assert "immutable" in response.headers["Cache-Control"]
        assert "gzip" == response.headers["Content-Encoding"]
        assert "Set-Cookie" not in response.headers
    assert 404 == (await browser.get("/asset?name=console.css")).status


async def test_pages_are_light(browser):
    """
    Script and style of all pages together stay under 150 KiB, as they go over the wire.
    """
    from webhook_engine.console.assets import Assets

    assert sum(Assets().sizes().values()) < 150 * 1024


async def test_another_tenants_user_is_nobody(browser):
    """
    Whose console it is decides who may sign in.
    """
    await browser.get("/sign-in")

    page = await browser.post("/sign-in", email="administrator@another.example", password=PASSWORD)

    assert 422 == page.status


async def test_mounted_under_a_prefix_everything_leads_there(store):
    """
    Links, forms, redirects and the cookie stay under it.
    """
    async with consoled(store, prefix="/backend/console") as client:
        browser = await Browser(client, store, "/backend/console").sign_in(Role.ADMINISTRATOR)
        page = await browser.get("/groups")

        links = [a.get(name) for _, a in page.tags for name in ("href", "src", "action") if a.get(name)]
        assert links
        assert [] == [link for link in links if not link.startswith(("/backend/console", "#"))]
        cookies = {cookie.key: cookie["path"] for cookie in client.session.cookie_jar}
        assert {"/backend/console/"} == set(cookies.values())


async def test_a_backend_says_who_is_there(store):
    """
    Then the console has no sign-in of its own, and roles hold all the same.
    """
    someone = {"who": None}
    async with consoled(store, user_of=lambda request: someone["who"]) as client:
        browser = Browser(client, store)
        assert 403 == (await browser.get("/groups")).status
        someone["who"] = Visitor(email="a@b.c", role=Role.AGENT)
        assert 403 == (await browser.get("/groups")).status
        someone["who"] = Visitor(email="a@b.c", role=Role.MANAGER)
        page = await browser.get("/groups")

    assert 200 == page.status
    assert "Sign out" not in page.text


async def test_beside_the_service_on_one_port(store):
    """
    Whatever is not the service's is the console's, and each has its own headers.
    """
    from aiohttp.test_utils import TestClient, TestServer

    from tests.console.browsing import DEFINITIONS
    from webhook_engine import Engine
    from webhook_engine.console import add_console
    from webhook_engine.definitions import read_text
    from webhook_engine.service import GivenKeys, make_app

    engine = Engine(read_text(DEFINITIONS))
    app = make_app(engine, keys=GivenKeys({"a key": ()}))
    add_console(app, engine, store)
    async with engine, TestClient(TestServer(app)) as client:
        browser = await Browser(client_of(client, engine), store).sign_in(Role.MANAGER)
        page = await browser.get("/webhooks")
        refused = await client.get("/v1/deliveries")
        style = next(a["href"] for tag, a in page.tags if a.get("rel") == "stylesheet")
        asset = await client.get(style)

    assert 200 == page.status
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert (401, "application/json") == (refused.status, refused.content_type)
    assert "script-src" not in refused.headers["Content-Security-Policy"]
    assert "immutable" in asset.headers["Cache-Control"]


def client_of(client, engine):
    client.engine = engine
    return client
