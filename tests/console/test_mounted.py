"""
A backend with pages, a sign-in and templates of its own, and the console beneath it.
"""

from contextlib import asynccontextmanager
from io import BytesIO
from urllib.parse import urlencode

import aiohttp_jinja2
import jinja2
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.console.browsing import PASSWORD, TENANT, Browser, consoled
from tests.console.desking import DESKTOP, happened
from tests.console.test_in_a_browser import CHROMIUM
from webhook_engine import Engine
from webhook_engine.console import ConsoleSettings, Visitor, console
from webhook_engine.console.routes import ROUTES
from webhook_engine.definitions import read_text
from webhook_engine.store import Role

PREFIX = "/pbx/v2/integration"

STAFF = {
    "token-of-anele": Visitor(email="anele@pbx.example", role=Role.ADMINISTRATOR, extension="100-Euphoria"),
    "token-of-lindiwe": Visitor(email="lindiwe@pbx.example", role=Role.AGENT, extension="101-Euphoria"),
}


async def _who(request):
    """
    As a backend has it: its own cookie, looked up in its own time.
    """
    return STAFF.get(request.cookies.get("pbx", ""))


async def _login(request):
    response = web.Response(status=303, headers={"Location": f"{PREFIX}/"})
    response.set_cookie("pbx", request.query["token"], httponly=True)
    return response


async def _home(request):
    return aiohttp_jinja2.render_template("home.html", request, {"who": "the backend"})


@web.middleware
async def _stamped(request, handler):
    response = await handler(request)
    if not response.prepared:
        response.headers["X-Backend"] = "seen"
    return response


@asynccontextmanager
async def backend(store):
    """
    A client of a backend that has the console under `PREFIX`, and pages called like the console's.
    """
    definitions = read_text(DESKTOP)
    await store.definitions.save(TENANT, definitions, by="the backend")
    engine = Engine(definitions, secrets=store.secrets(TENANT))
    app = web.Application(middlewares=[_stamped])
    aiohttp_jinja2.setup(app, loader=jinja2.DictLoader({"home.html": "<h1>{{ who }}</h1>"}))
    app.router.add_get("/", _home, name="home")
    app.router.add_get("/login", _login, name="sign_in")
    app.add_subapp(PREFIX, console(engine, store, user_of=_who, settings=ConsoleSettings()))
    async with engine, TestClient(TestServer(app)) as client:
        client.engine = engine
        yield client


async def _signed_in(client, store, token):
    await client.get(f"/login?token={token}", allow_redirects=False)
    return Browser(client, store, PREFIX)


async def test_nobody_of_the_backend_is_nobody_here(store):
    """
    And the console's own sign-in lets nobody in, whatever the store knows of them.
    """
    async with backend(store) as client:
        browser = Browser(client, store, PREFIX)
        refused = {
            (await browser.get(each.path)).status for each in ROUTES if each.method == "GET" and each.least
        }
        none = [(await browser.get(path)).status for path in ("/sign-in", "/first?token=x")]
        await browser.post("/sign-in", email="administrator@example.com", password=PASSWORD)

        assert [404, 404] == none
        assert {403} == refused
        assert 403 == (await browser.get("/groups")).status
        assert "the backend" in await (await client.get("/")).text()


async def test_every_page_keeps_within_its_prefix(store):
    """
    Links, forms, assets and what scripts ask for; and the backend's middlewares see each answer.
    """
    astray, unseen = {}, []
    async with backend(store) as client:
        browser = await _signed_in(client, store, "token-of-anele")
        pages = [each.path for each in ROUTES if each.method == "GET" and each.least]
        pages += [
            "/webhook?webhook=Contact lookup",
            "/webhook/test?webhook=Contact lookup",
            "/rule?rule=Tickets by number",
        ]
        for path in pages:
            page = await browser.get(path)
            names = (
                "href",
                "src",
                "action",
                "formaction",
                "hx-get",
                "hx-post",
                "data-add",
                "data-stream",
                "data-run",
            )
            links = [found[name] for _, found in page.tags for name in names if found.get(name)]
            wrong = [each for each in links if not each.startswith((f"{PREFIX}/", "#"))]
            if wrong:
                astray[path] = wrong
            if (
                page.headers.get("X-Backend") != "seen" and "csv" not in path
            ):  # a stream has its headers already
                unseen.append(path)

    assert {} == astray
    assert [] == unseen


async def test_the_backends_user_changes_definitions_under_their_name(store):
    """
    With the token of a page; without it nothing is changed, although the backend knows who it is.
    """
    async with backend(store) as client:
        browser = await _signed_in(client, store, "token-of-anele")
        await browser.get("/group")
        forged = await browser.post("/group", csrf="", name="Forged")
        await browser.get("/group")
        page = await browser.submit("/group", name="Billing")

    assert 403 == forged.status
    assert (200, f"{PREFIX}/groups") == (page.status, page.path)
    [latest, *_] = await store.definitions.history(TENANT)
    assert "anele@pbx.example" == latest.saved_by
    found = (await store.definitions.load(TENANT)).definitions
    assert ["CRM", "Billing"] == [each.name for each in found.groups]


async def test_the_backends_agent_has_their_own_desktop(store):
    """
    Told what happens at their extension; another's is not theirs to see.
    """
    async with backend(store) as client:
        browser = await _signed_in(client, store, "token-of-lindiwe")
        other = await browser.get("/desktop?agent=100-Euphoria")
        page = await browser.get("/desktop")
        address = next(found["data-stream"] for _, found in page.tags if "data-stream" in found)
        async with client.get(address, headers={"Accept": "text/event-stream"}) as response:
            assert "text/event-stream" == response.content_type
            first = await response.content.readline()

    assert 403 == other.status
    assert "101-Euphoria" in page.words_of
    assert first


async def test_who_signs_out_of_the_backend_is_out_here(store):
    """
    The backend is asked at each request; a session of the console says nothing of who it is.
    """
    async with backend(store) as client:
        browser = await _signed_in(client, store, "token-of-anele")
        assert 200 == (await browser.get("/groups")).status
        token = browser.form.get("csrf", "")
        client.session.cookie_jar.clear(lambda cookie: cookie.key == "pbx")

        assert 403 == (await browser.get("/groups")).status
        assert 403 == (await browser.post("/group", csrf=token, name="Later")).status


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")
async def test_it_works_in_a_browser_under_the_prefix(store):
    """
    Preview, added lines and the live desktop find their way.
    """
    from playwright.async_api import async_playwright

    complaints = []
    async with backend(store) as client, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await (await browser.new_context(base_url=f"http://127.0.0.1:{client.port}")).new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        await page.goto("/login?token=token-of-anele")
        await page.get_by_role("link", name="Webhooks").click()
        await page.get_by_role("link", name="Contact lookup").click()
        await page.get_by_text("contacts?phone=0821234567").first.wait_for()
        await page.get_by_role("button", name="+ Parameter").click()
        await page.locator("[name='parameter[1].name']").wait_for()
        await page.evaluate("delete document.querySelector('form[data-guard]').dataset.guard")
        await page.get_by_role("link", name="Agent desktop").click()
        await page.get_by_text("Live", exact=True).wait_for()
        await client.engine.notify(happened("ringing"))
        await page.get_by_role("heading", name="Contact page").wait_for()
        await page.get_by_role("button", name="Close Contact page").click()
        await page.get_by_text("Contact page was taken away: it was closed.").wait_for()
        await browser.close()

    assert [] == complaints


async def test_the_length_of_a_form_is_the_consoles_business(store):
    """
    The bound of the application around it is for its own pages.
    """
    async with consoled(store, prefix=PREFIX) as client:
        administrator = await Browser(client, store, PREFIX).sign_in(Role.ADMINISTRATOR)
        await administrator.get("/why")
        statuses = []
        for size in (1_500_000, 2_500_000):
            body = urlencode({"csrf": administrator.form["csrf"], "event": "x" * size}).encode()
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
            response = await client.post(f"{PREFIX}/why", data=BytesIO(body), headers=headers)
            statuses.append(response.status)

    assert [422, 413] == statuses
