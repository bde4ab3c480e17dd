"""
Columns of a response are ordered with a mouse and with a keyboard, and saved as they stand.
"""

from contextlib import asynccontextmanager

import orjson
import pytest

from tests.console.browsing import TENANT, consoled
from tests.console.targeting import targeted
from tests.console.test_in_a_browser import CHROMIUM, at, screen

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")

ANSWER = {"results": [{"id": 9007199254740993, "name": "Thandi", "city": "Durban", "owner": "Sipho"}]}


@asynccontextmanager
async def tried(store):
    """
    The table of a test, with three of its four columns ticked.
    """
    async with targeted(store) as target, consoled(store) as client, screen(at(client)) as page:
        target.says(orjson.dumps(ANSWER).decode())
        await page.goto("/webhook/test?webhook=Contact+lookup")
        await page.get_by_role("button", name="Send").click()
        for name in ("id", "name", "owner"):
            await page.get_by_role("checkbox", name=name, exact=True).check()
        page.on("dialog", lambda dialog: dialog.accept())
        yield page


async def _heads(page):
    return await page.locator(".choose thead code").all_inner_texts()


async def _cells(page):
    return await page.locator(".choose tbody td").all_inner_texts()


async def _saved(page, store):
    await page.get_by_role("button", name="Save the columns").click()
    await page.wait_for_url("**/webhook/agent-view?**")
    view = (await store.definitions.load(TENANT)).definitions.webhook("Contact lookup").view
    return [column.path for column in view.columns]


async def test_a_column_is_dragged(store):
    """
    To either side; its cells, tick and label go with it.
    """
    async with tried(store) as page:
        await page.get_by_label("Label of owner").fill("Whose")
        heads = page.locator(".choose thead th")
        await heads.nth(3).drag_to(heads.nth(0), source_position={"x": 6, "y": 6})
        assert ["owner", "id", "name", "city"] == await _heads(page)
        await heads.nth(1).drag_to(heads.nth(2), source_position={"x": 6, "y": 6})

        assert ["owner", "name", "id", "city"] == await _heads(page)
        assert ["Sipho", "Thandi", "9007199254740993", "Durban"] == await _cells(page)
        assert "Whose" == await page.get_by_label("Label of owner").input_value()
        assert ["owner", "name", "id"] == await _saved(page, store)
        assert ["Whose", "name", "id"] == await page.locator("thead th").all_inner_texts()


async def test_a_label_is_selected_and_not_dragged(store):
    """
    A mouse that moves within a field marks its text; the column stays where it is.
    """
    async with tried(store) as page:
        label = page.get_by_label("Label of id")
        await label.fill("Number of the customer")
        box = await label.bounding_box()
        await page.mouse.move(box["x"] + 8, box["y"] + box["height"] / 2)
        await page.mouse.down()
        await page.mouse.move(box["x"] + 400, box["y"] + box["height"] / 2, steps=6)
        await page.mouse.up()

        assert ["id", "name", "city", "owner"] == await _heads(page)
        assert await label.evaluate("field => field.selectionEnd - field.selectionStart") > 0


async def test_a_column_is_moved_with_the_keyboard(store):
    """
    The arrow keeps the focus, so that it is pressed again; what was moved is said.
    """
    async with tried(store) as page:
        await page.get_by_label("Move owner to the left").focus()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Space")

        assert ["id", "owner", "name", "city"] == await _heads(page)
        assert "Move owner to the left" == await page.evaluate(
            "document.activeElement.getAttribute('aria-label')"
        )
        assert "owner is column 2 of 4 now." == await page.locator("#moved").inner_text()
        assert ["id", "owner", "name"] == await _saved(page, store)


async def test_the_keyboard_passes_columns_in_their_order(store):
    """
    From left to right: tick, label, link, arrows; also after one was moved.
    """
    async with tried(store) as page:
        await page.get_by_label("Move name to the left").click()
        await page.get_by_role("checkbox", name="name", exact=True).focus()
        passed = []
        for _ in range(6):
            passed.append(
                await page.evaluate(
                    "document.activeElement.getAttribute('aria-label') || document.activeElement.name"
                )
            )
            await page.keyboard.press("Tab")

    assert [
        "view.column[2].show",
        "Label of name",
        "Webhook that name leads to",
        "Move name to the left",
        "Move name to the right",
        "view.column[1].show",
    ] == passed
