"""
docs/console.md lists every page with its role, and says how heavy they are.
"""

import re
from pathlib import Path

from webhook_engine.console.assets import Assets
from webhook_engine.console.routes import ROUTES

PAGE = (Path(__file__).parents[2] / "docs" / "console.md").read_text(encoding="utf-8")
FRAGMENTS = {
    "/group/members/uses",
    "/webhook/line",
    "/rule/line",
    "/desktop/stream",
    "/deliveries/chart",
    "/monitoring/actions",
    "/asset",
}


def test_lists_every_page():
    """
    A page nobody reads of is a page nobody finds.
    """
    pages = {
        route.path: str(route.least)
        for route in ROUTES
        if route.method == "GET" and route.least is not None and route.path not in FRAGMENTS
    }

    assert pages == dict(re.findall(r"^\| [^|]+ \| `(/[^`]*)` \| (\w+) \|", PAGE, re.MULTILINE))


def test_says_how_heavy_pages_are():
    """
    In KiB, within five.
    """
    stated = int(re.search(r"(\d+) KiB of script and style", PAGE)[1])

    assert abs(stated - sum(Assets().sizes().values()) / 1024) < 5


def test_its_pictures_are_there():
    """
    Made by the browser tests, with WEBHOOK_ENGINE_PICTURES.
    """
    for name in re.findall(r"\]\((console/[^)]+)\)", PAGE):
        assert (Path(__file__).parents[2] / "docs" / name).exists()
