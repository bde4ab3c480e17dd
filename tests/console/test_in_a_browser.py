"""
The manual's whole path in a real browser: with a keyboard, in light and dark, wide and narrow.
"""

import os
import shutil
from contextlib import asynccontextmanager
from importlib.resources import files

import orjson
import pytest

from tests.console.browsing import PASSWORD, TENANT, consoled
from tests.console.targeting import targeted

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")

CUSTOMERS = {
    "results": [{"id": 9007199254740993, "name": "Thandi <b>Mokoena</b>", "city": "Durban", "owner": "Sipho"}]
}


@asynccontextmanager
async def screen(url, *, who="administrator", ignores=(), **options):
    """
    A browser at the console; anything that it complains of fails the test, but for what is expected.
    """
    from playwright.async_api import async_playwright

    complaints = []
    async with async_playwright() as playwright:
        # As root, where tests often run, Chromium starts only without its sandbox.
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await (await browser.new_context(base_url=url, **options)).new_page()
        page.set_default_timeout(10_000)
        page.on(
            "console",
            lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto("/sign-in")
        await page.get_by_label("E-mail address").fill(f"{who}@example.com")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/")
        yield page
        await browser.close()
    assert [] == [each for each in complaints if not any(part in each for part in ignores)]


async def picture(page, name):
    """
    Keeps what is on the screen for the documents, where the environment says to which folder.
    """
    if folder := os.environ.get("WEBHOOK_ENGINE_PICTURES"):
        await page.screenshot(path=f"{folder}/{name}.png")


def at(client):
    return f"http://127.0.0.1:{client.port}"


async def test_the_manuals_path(store):
    """
    A group, its member, a webhook, its test, ticked columns, and what the agent sees of it.
    """
    async with targeted(store) as target, consoled(store) as client, screen(at(client)) as page:
        target.says(orjson.dumps(CUSTOMERS).decode())
        page.on("dialog", lambda dialog: dialog.accept())

        await page.get_by_role("link", name="Groups").click()
        await page.get_by_role("link", name="Add a group").click()
        await page.get_by_label("Name", exact=False).first.fill("Billing")
        assert not await page.get_by_label("Level").is_visible()
        await page.get_by_label("Type").select_option("api-key")
        await page.get_by_label("Level").select_option("user")
        await page.get_by_label("Name of that header or parameter").fill("X-Api-Key")
        assert not await page.locator("#f-key").is_visible()
        await page.get_by_role("button", name="Save").click()

        await page.get_by_role("row", name="Billing").get_by_role("link", name="Members").click()
        await page.get_by_text("Give them secrets").first.click()
        await page.get_by_label("API key").first.fill("key-of-100")
        await page.get_by_role("button", name="Save").first.click()
        assert await page.get_by_text("1 of 2 agents lacks them").is_visible()
        await page.get_by_text("none is known").first.wait_for()

        await page.get_by_role("link", name="Webhooks").click()
        await page.get_by_role("link", name="Add a webhook").click()
        await page.get_by_label("Name", exact=False).first.fill("Find a customer")
        await page.get_by_label("Group").select_option("Billing")
        url = page.get_by_label("URL", exact=False).first
        await url.fill(f"{target.url}/customers/")
        await url.press("End")
        await page.keyboard.type("{CALL_QU")
        await page.get_by_role("option", name="CALL_QUEUE").wait_for()
        await page.keyboard.press("Enter")
        assert f"{target.url}/customers/{{CALL_QUEUE}}" == await url.input_value()
        await page.locator("[name='parameter[1].name']").fill("phone")
        await page.locator("[name='parameter[1].value']").fill("{CALLERID_NUMBR}")
        await page.get_by_text("did you mean CALLERID_NUMBER").first.wait_for()
        await page.locator("[name='parameter[1].value']").fill("{CALLERID_NUMBER}")
        await page.get_by_role("button", name="+ Parameter").click()
        await page.locator("[name='parameter[2].name']").fill("by")
        await page.locator("[name='parameter[2].value']").fill("{EXTENSION}")
        await page.get_by_text("/customers/Sales?phone=0821234567&by=100-Euphoria").wait_for()
        assert [] == target.requests
        await page.evaluate("scrollTo(0, 0)")
        await picture(page, "webhook")
        await page.get_by_role("button", name="Save, then Test and Configure").click()

        await page.get_by_role("button", name="Send").click()
        await page.get_by_text("Found 1 record.").wait_for()
        [(_, path, headers, _)] = target.requests
        assert ("/customers/Sales?phone=0821234567&by=100-Euphoria", "key-of-100") == (
            path,
            headers["X-Api-Key"],
        )
        await page.get_by_role("checkbox", name="name").check()
        await page.get_by_label("Label of name").fill("Customer")
        await page.get_by_role("checkbox", name="id").check()
        await page.get_by_label("Webhook that id leads to").select_option("Contact lookup")
        await page.get_by_label("Move name to the left").press("Enter")
        await page.get_by_role("heading", name="3. Table").scroll_into_view_if_needed()
        await picture(page, "test-and-configure")
        await page.get_by_role("button", name="Save the columns").click()

        await page.wait_for_url("**/webhook/agent-view?**")
        await picture(page, "agent-view")
        assert ["Customer", "id"] == await page.locator("thead th").all_inner_texts()
        assert ["Thandi <b>Mokoena</b>", "9007199254740993"] == await page.locator(
            "tbody td"
        ).all_inner_texts()

    definitions = (await store.definitions.load(TENANT)).definitions
    assert [("name", "Customer", None), ("id", None, "Contact lookup")] == [
        (column.path, column.label, column.link)
        for column in definitions.webhook("Find a customer").view.columns
    ]


PAGES = {
    "overview": "/",
    "webhooks": "/webhooks",
    "webhook": "/webhook?webhook=Contact+lookup",
    "new webhook": "/webhook",
    "test": "/webhook/test?webhook=Contact+lookup",
    "agent view": "/webhook/agent-view?webhook=Contact+lookup",
    "groups": "/groups",
    "group": "/group?group=Orders",
    "members": "/group/members?group=Orders",
    "agents": "/agents",
    "tenant": "/tenant",
    "users": "/users",
    "account": "/account",
    "history": "/history?webhook=Contact+lookup",
}

WINDOWS = {
    "light": ("light", 1280, ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]),
    # What else there is to say about a page does not change with its colours or its width.
    "dark": ("dark", 1280, ["color-contrast"]),
    "narrow": ("light", 360, ["scrollable-region-focusable", "target-size"]),
}


@pytest.mark.parametrize(("scheme", "width", "rules"), WINDOWS.values(), ids=WINDOWS.keys())
async def test_every_page_is_for_everybody(store, scheme, width, rules):
    """
    axe-core finds nothing to complain of, and no page is wider than the window.
    """
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    size = {"width": width, "height": 900}
    found = {}
    async with (
        targeted(store) as target,
        consoled(store) as client,
        screen(at(client), color_scheme=scheme, viewport=size) as page,
    ):
        target.says(orjson.dumps(CUSTOMERS).decode())
        await page.goto("/webhook/test?webhook=Contact+lookup")
        await page.get_by_role("button", name="Send").click()
        await page.get_by_text("Found 1 record.").wait_for()
        for name, path in PAGES.items():
            await page.goto(path)
            if "preview" in await page.content():
                await page.locator("#preview:not(:empty)").wait_for()
            found[name] = await complaints_of(page, axe, rules)
            wide = await page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found[name].append(f"{wide} wide")

    assert {} == {name: wrong for name, wrong in found.items() if wrong}


async def complaints_of(page, axe, rules):
    """
    What axe-core says of the page: rules, and where they are broken.
    """
    await page.evaluate(axe)
    results = await page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", rules
    )
    return [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in results["violations"]]
