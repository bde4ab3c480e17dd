"""
What somebody can bring about who has another person open a link, or lends them a browser.
"""

import pytest

from tests.console.browsing import PASSWORD
from tests.console.conftest import _furnished, browser, cheap_passwords, database, store  # noqa: F401  # fixtures
from webhook_engine.console import sessions


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
