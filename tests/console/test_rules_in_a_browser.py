"""
Rules and the call simulator in a real browser, and a simulated call on the agent's desktop.
"""

from importlib.resources import files

import pytest

from tests.console.desking import desks, until
from tests.console.test_in_a_browser import CHROMIUM, WINDOWS, at, complaints_of, picture, screen

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")


async def test_a_rule_is_made_and_a_simulated_call_pops(store, tmp_path):
    """
    From the form of a rule to the window on the desktop of its agent, and away again at the call's end.
    """
    async with (
        desks(store, queue=tmp_path / "queue.db") as (client, _),
        screen(at(client), ignores=("422",)) as page,
    ):
        await page.get_by_role("link", name="Rules").click()
        await page.get_by_role("link", name="Add a rule").click()
        await page.get_by_label("Name", exact=False).first.fill("Page of a supporter")
        await page.get_by_label("When", exact=True).fill("CALL_QUEU == 'Support'")
        await page.get_by_label("Webhook 1", exact=True).select_option("Contact page")
        await page.get_by_role("button", name="Save").click()
        await page.get_by_text("did you mean CALL_QUEUE").first.wait_for()
        await picture(page, "rule-refused")
        await page.get_by_label("When", exact=True).fill("CALL_QUEUE == 'Support'")
        await page.get_by_role("button", name="Save").click()
        await page.get_by_text("Saved as revision").wait_for()
        await picture(page, "rule")

        desk = await page.context.new_page()
        opened = []
        page.context.on("page", lambda window: opened.append(window.url))
        await desk.goto("/desktop")
        await desk.get_by_text("Live", exact=True).wait_for()
        await page.goto("/simulator")
        await page.get_by_label("CALL_QUEUE", exact=True).fill("Support")
        await page.get_by_role("button", name="Ringing").click()
        await page.get_by_text("would open a window").wait_for()
        assert 0 == await desk.locator("article").count()
        await page.get_by_label("For real").check()
        await page.get_by_label("and that is meant").check()
        await page.get_by_role("button", name="Ringing").click()
        await desk.get_by_role("heading", name="Contact page").wait_for()
        await until(lambda: opened)
        await page.get_by_label("and that is meant").check()
        await page.get_by_role("button", name="Ended").click()
        await desk.get_by_text("Contact page was taken away: the call has ended.").wait_for()
        await page.get_by_text("Why: each rule at this moment").first.click()


PAGES = {
    "rules": "/rules",
    "rule": "/rule?rule=Look+up+who+calls",
    "new rule": "/rule",
    "why": "/why",
    "simulator": "/simulator",
}


@pytest.mark.parametrize(("scheme", "width", "rules"), WINDOWS.values(), ids=WINDOWS.keys())
async def test_every_page_is_for_everybody(store, scheme, width, rules):
    """
    axe-core finds nothing to complain of, and no page is wider than the window.
    """
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    size = {"width": width, "height": 900}
    found = {}
    async with desks(store) as (client, _), screen(at(client), color_scheme=scheme, viewport=size) as page:

        async def look(name):
            await picture(page, f"{name}-{scheme}-{width}")
            if (name, scheme, width) == ("played", "light", 1280):
                await picture(page, "simulator")
            found[name] = await complaints_of(page, axe, rules)
            wide = await page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found[name].append(f"{wide} wide")

        for name, path in PAGES.items():
            await page.goto(path)
            await look(name)
        await page.goto("/why")
        await page.get_by_role("button", name="Explain").click()
        await page.locator("#trace").wait_for()
        await look("trace")
        await page.goto("/simulator")
        await page.get_by_label("Transferred to").select_option("101-Euphoria")
        await page.get_by_role("button", name="Play the whole call").click()
        await page.locator("#played").wait_for()
        for step in await page.locator(".step", has_text="Desktops would show").all():
            heading = await step.get_by_text("Desktops would show").bounding_box()
            told = await step.locator("ul").first.bounding_box()
            assert told["y"] > heading["y"]
        await look("played")

    assert {} == {name: wrong for name, wrong in found.items() if wrong}
