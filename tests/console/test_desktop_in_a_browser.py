"""
The agent desktop in a real browser: windows, tables, links, and what is lost and found again.
"""

import orjson
import pytest

from tests.console.desking import HOSTILE, desks, happened, until
from tests.console.test_in_a_browser import CHROMIUM, at, complaints_of, picture, screen

CUSTOMERS = {
    "results": [
        {"id": 4711, "name": "Thandi Mokoena", "city": "Durban"},
        {"id": 4712, "name": "Thandi’s Bakery", "city": "Pinetown"},
    ]
}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")


async def test_a_call_from_its_ringing_to_its_end(store):
    """
    A page opens, a table comes, a cell leads on, a button asks, the call goes, and everything is told.
    """
    hostile = {"caller_name": HOSTILE}
    async with desks(store) as (client, target), screen(at(client), who="agent") as page:
        opened = []
        page.context.on("page", lambda window: opened.append(window.url))
        await page.get_by_role("link", name="Agent desktop").click()
        await page.get_by_text("Live", exact=True).wait_for()
        await client.engine.notify(happened("ringing", **hostile))
        await page.get_by_role("table").wait_for()
        await picture(page, "desktop-hostile")

        assert HOSTILE in await page.get_by_role("heading", level=3).inner_text()
        assert [HOSTILE, "9007199254740993"] == await page.locator("tbody tr").first.locator(
            "td"
        ).all_inner_texts()
        await until(lambda: opened)
        await page.get_by_role("button", name="9007199254740993: start Open orders").press("Enter")
        await page.get_by_role("heading", name="Open orders 9007199254740993").wait_for()
        await page.get_by_label("Find a ticket", exact=True).fill("T-77")
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name="Find a ticket T-77").wait_for()
        assert {"/orders/9007199254740993?tag=C-1001", "/tickets?number=T-77"} < {
            each[1] for each in target.requests
        }

        await client.engine.notify(happened("answered", after_s=1, extension="101-Euphoria", **hostile))
        await page.get_by_text("Contact lookup was taken away: 101-Euphoria answered the call.").wait_for()
        assert 2 == await page.locator("article").count()
        await page.get_by_role("button", name="Close Open orders").click()
        await page.get_by_text("Open orders was taken away: it was closed.").wait_for()
        assert "owned" not in await page.title()


async def test_a_lost_stream_is_told_and_nothing_comes_twice(store):
    """
    What happened meanwhile is told once the connection is back.
    """
    async with (
        desks(store) as (client, _),
        screen(at(client), who="agent", ignores=("ERR_", "Failed to load")) as page,
    ):
        opened = []
        page.context.on("page", lambda window: opened.append(window.url))
        await page.goto("/desktop")
        await page.get_by_text("Live", exact=True).wait_for()
        await client.engine.notify(happened("ringing"))
        await page.get_by_role("table").wait_for()
        streams = client.app_console.streams
        streams.settings = type(streams.settings)(retry_ms=50)
        for readers in list(streams._readers.values()):
            for reader in list(readers):
                reader.end()
        await page.get_by_text("The connection was lost.").wait_for()
        await client.engine.notify(happened("ringing", sip_id="another", caller_name="Zanele"))
        await page.get_by_text("The connection is back; nothing was missed.").wait_for()
        await page.get_by_role("heading", name="Zanele").wait_for()
        await until(lambda: len(opened) == 2)
        assert 4 == await page.locator("article").count()

        await page.reload()
        await page.get_by_role("heading", name="Zanele").wait_for()
        await page.wait_for_timeout(200)
        assert 2 == len(opened)


async def test_a_blocked_window_is_a_link(store):
    """
    Browsers block windows that nobody asked for; the agent reads so and has the address to click.
    """
    async with desks(store) as (client, _), screen(at(client), who="agent") as page:
        await page.add_init_script("window.open = () => null")
        await page.goto("/desktop")
        await page.get_by_text("Live", exact=True).wait_for()
        await client.engine.notify(happened("ringing"))
        await page.get_by_text("Your browser blocked the window").wait_for()
        async with page.context.expect_page() as opening:
            await page.get_by_role("link", name="Open the page").click()
        assert (await opening.value).url.endswith("/page?name=Thandi%20Mokoena")
        await page.get_by_text("The page was opened in a window of its own.").wait_for()


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 360)], ids=["light", "dark", "narrow"]
)
async def test_the_desktop_is_for_everybody(store, scheme, width):
    """
    With pops on it, axe-core finds nothing to complain of, and it is no wider than the window.
    """
    from importlib.resources import files

    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    size = {"width": width, "height": 900}
    async with (
        desks(store) as (client, target),
        screen(at(client), who="agent", color_scheme=scheme, viewport=size) as page,
    ):
        await page.goto("/desktop")
        await page.get_by_text("Live", exact=True).wait_for()
        target.says(orjson.dumps(CUSTOMERS).decode())
        await client.engine.notify(happened("ringing"))
        await page.get_by_role("table").wait_for()
        await page.get_by_role("button", name="4712: start Open orders").click()
        await page.get_by_role("heading", name="Open orders 4712").wait_for()
        await page.bring_to_front()
        await picture(page, "desktop" if (scheme, width) == ("light", 1280) else f"desktop-{scheme}-{width}")
        found = await complaints_of(page, axe, ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"])

        assert ([], width) == (found, await page.evaluate("document.documentElement.scrollWidth"))
