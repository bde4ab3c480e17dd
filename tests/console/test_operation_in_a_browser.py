"""
Deliveries, targets, keys and the log of actions in a real browser.
"""

from contextlib import asynccontextmanager
from importlib.resources import files

import apsw
import pytest

from tests.console.browsing import TENANT, consoled
from tests.console.test_deliveries import DURABLE, HOSTILE, filled
from tests.console.test_in_a_browser import CHROMIUM, WINDOWS, at, complaints_of, picture, screen
from webhook_engine.queue import AttemptRecord, Delivery, SqliteQueue, State

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")

__all__ = ["filled"]


@asynccontextmanager
async def operated(store, queue, **options):
    async with (
        consoled(store, queue=queue, definitions=DURABLE) as client,
        screen(at(client), **options) as page,
    ):
        page.engine = client.engine
        yield page


async def _drawn(page):
    await page.locator(".volume canvas").wait_for()


async def test_a_bar_leads_to_its_deliveries(store, filled):
    """
    The chart is drawn, says what a bar stands for, and a click on it filters the list.
    """
    async with operated(store, filled) as page:
        await page.goto("/deliveries?state=dead")
        await _drawn(page)
        over = page.locator(".volume .u-over")
        box = await over.bounding_box()
        await over.hover(position={"x": box["width"] / 2, "y": box["height"] / 2})
        await page.get_by_text("0 delivered, 0 not yet, 7 dead").wait_for()
        await over.click(position={"x": box["width"] / 2, "y": box["height"] / 2})

        await page.wait_for_url("**/deliveries?state=dead&since=*&until=*")
        await _drawn(page)
        assert 7 == await page.locator("table.deliveries tbody tr").count()


@pytest.fixture
async def busy(tmp_path):
    """
    Ten hours of a floor, one of them with a target that failed.
    """
    path = tmp_path / "busy.db"
    count = 600
    async with SqliteQueue(path) as queue:
        await queue.put([_disposed(n) for n in range(count)])
        for n, lease in enumerate(await queue.claim(count, lease_s=60)):
            if 300 < n < 350 and n % 3:
                await queue.dead(lease, _told(503, 3 + n % 7 / 90), reason="attempts-exhausted")
            else:
                await queue.done(lease, _told(200, 0.1 + n % 7 / 90))
    db = apsw.Connection(str(path))
    # A minute between each two.
    db.execute("UPDATE delivery SET put_at = put_at - (? - id) * 60000", (count,))
    db.execute("UPDATE delivery SET at = put_at + 400 WHERE state IN ('done', 'dead')")
    db.close()
    return path


def _told(status, took_s):
    headers = {"Authorization": "***", "Content-Type": "application/json"}
    body = '{"outcome":"Success","notes":"wants a quote","reference":9007199254740993}'
    request = {"method": "POST", "url": "https://crm.example.com/outcomes", "headers": headers, "body": body}
    response = {"status": status, "headers": {"Content-Type": "text/plain"}, "body": "busy"}
    outcome = "ok" if status == 200 else "target-failed"
    return AttemptRecord(
        outcome=outcome, status=status, took_s=took_s, detail={"request": request, "response": response}
    )


def _disposed(n):
    return Delivery(event_id=f"call-{n:04}", webhook="Call outcome", target="crm.example.com:443")


async def test_the_day_is_seen_at_a_glance(store, busy):
    """
    Bars by the tenant's clock, and the same as a table.
    """
    async with operated(store, busy) as page:
        await page.goto("/deliveries")
        await _drawn(page)
        await picture(page, "deliveries")
        await page.get_by_text("The same as a table").click()
        bars = page.get_by_role("region", name="Deliveries over time").get_by_role("row")

        assert 40 < await bars.count() < 70
        assert "600 deliveries" in await page.locator(".spread h2").inner_text()

        await page.goto("/deliveries?state=dead")
        await page.locator("table.deliveries tbody a").first.click()
        await page.get_by_text("Every attempt that counts was made").wait_for()
        await picture(page, "delivery")


async def test_dead_letters_are_replayed_before_ones_eyes(store, filled):
    """
    The filter by keyboard, the question, and progress that comes by itself.
    """
    async with operated(store, filled) as page:
        asked = []

        async def accept(dialog):
            asked.append(dialog.message)
            await dialog.accept()

        page.on("dialog", accept)
        await page.goto("/deliveries")
        await page.get_by_label("Webhook").fill("Call outcome")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/deliveries?webhook=Call+outcome**")
        await page.get_by_role("button", name="Replay dead ones").click()
        await page.get_by_text("3 offered again. Done.").wait_for()
        assert 0 == await page.locator("[hx-get]").count()

    assert ["Replay every dead delivery of: webhook Call outcome?"] == asked


async def test_what_a_target_says_never_runs(store, filled):
    """
    Markup in a webhook's name, a note, a response and an error is text.
    """
    async with operated(store, filled) as page:
        ran = []
        page.on("dialog", lambda dialog: ran.append(dialog.message))
        await page.goto("/deliveries?event=e0")
        await page.get_by_role("row").nth(1).get_by_role("link").click()
        await page.get_by_text(HOSTILE).first.wait_for()
        await page.get_by_text("9007199254740993").wait_for()

    assert [] == ran


async def test_a_key_is_made_and_copied(store, filled):
    """
    What it is limited to comes only when it is to be limited.
    """
    async with operated(store, filled, permissions=["clipboard-read", "clipboard-write"]) as page:
        await page.goto("/keys")
        await page.get_by_label("Name", exact=False).first.fill("CRM")
        assert not await page.get_by_text("Hand in call events").is_visible()
        await page.get_by_label("What it is for").first.select_option("yes")
        await page.get_by_text("Hand in call events").click()
        await page.get_by_role("button", name="Make the key").click()
        await page.get_by_role("button", name="Copy").click()
        await page.get_by_role("button", name="Copied").wait_for()
        secret = await page.evaluate("navigator.clipboard.readText()")
        key = store.keys.check(secret, tenant=TENANT)
        assert ("CRM", ("events",)) == (key.name, key.scopes)

        await page.get_by_role("link", name="API Monitoring").click()
        await page.get_by_text("POST /keys").wait_for()
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Export as CSV").click()
        assert "api-monitoring.csv" == (await download.value).suggested_filename


PAGES = {
    "deliveries": "/deliveries",
    "filtered": "/deliveries?state=dead&webhook=Call+outcome",
    "targets": "/targets",
    "keys": "/keys",
    "removed keys": "/keys?removed=yes",
    "monitoring": "/monitoring",
    "works": "/deliveries/work",
}


@pytest.mark.parametrize(("scheme", "width", "rules"), WINDOWS.values(), ids=WINDOWS.keys())
async def test_every_page_is_for_everybody(store, filled, scheme, width, rules):
    """
    axe-core finds nothing to complain of, and no page is wider than the window.
    """
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    await store.keys.add(TENANT, "CRM", scopes=("events", "ask"), by="the tests")
    found = {}
    async with operated(store, filled, color_scheme=scheme, viewport={"width": width, "height": 900}) as page:
        [dead] = (await page.engine.queue.list(state=State.DEAD, limit=1)).deliveries
        for name, path in {**PAGES, "delivery": f"/delivery?delivery={dead.id}"}.items():
            await page.goto(path)
            if ".volume" in await page.content() or 'hx-trigger="load"' in await page.content():
                await page.wait_for_load_state("networkidle")
            found[name] = await complaints_of(page, axe, rules)
            wide = await page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found[name].append(f"{wide} wide")

    assert {} == {name: wrong for name, wrong in found.items() if wrong}
