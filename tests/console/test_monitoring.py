"""
API Monitoring: the log of actions, its filters, and its file.
"""

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest

from tests.console.browsing import TENANT, Browser, consoled
from webhook_engine.console import ConsoleSettings
from webhook_engine.console.pages import monitoring
from webhook_engine.store import ApiRequest, Role, api_log

NOW = datetime.now(UTC)


def _note(store, action, *, key="CRM", outcome="Success", ago_h=0.0, tenant=TENANT):
    at = NOW - timedelta(hours=ago_h)
    store.api_requests.note(
        ApiRequest(tenant=tenant, at=at, key=key, action=action, took_s=0.0123, outcome=outcome)
    )


def _rows(page):
    return page.text.count("<tr>") - 1


@pytest.fixture
async def noted(administrator):
    """
    A log of three days.
    """
    _note(administrator.store, "Oldest", ago_h=72)
    _note(administrator.store, "GetContacts", ago_h=50)
    _note(administrator.store, "GetContacts", key=None, outcome="Authorization Failed", ago_h=26)
    _note(administrator.store, "=cmd|' /C calc'!A0", key="<img src=x onerror=alert(1)>", ago_h=2)
    _note(administrator.store, "Theirs", tenant="Another")
    return administrator


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 4),
        ("action=GetContacts", 2),
        ("action=GetContacts&outcome=refused", 1),
        ("who=CRM", 2),
        ("since=30h", 2),
        ("until=30h", 2),
        ("since=3d&until=2d", 1),
        ("action=Theirs", 0),
    ],
)
async def test_actions_are_filtered(noted, query, count):
    """
    By date range, action, user or key, and outcome; another tenant's are nobody's business.
    """
    page = await noted.get(f"/monitoring?{query}")

    assert 200 == page.status
    assert count == max(0, _rows(page))
    assert "Theirs" not in page.words_of


async def test_a_row_says_when_who_what_how_long_and_what_came_of_it(noted):
    """
    And nothing in it is markup.
    """
    page = await noted.get("/monitoring")

    assert "<img src=x" not in page.text
    assert "<img src=x onerror=alert(1)> =cmd|' /C calc'!A0 12 ms Success" in page.words_of
    assert "nobody known GetContacts 12 ms Refused Authorization Failed" in page.words_of


async def test_pages_lead_on(store):
    """
    Each row once, with the filter in every address.
    """
    for n in range(7):
        _note(store, f"A{n}")
    async with consoled(store, settings=ConsoleSettings(page_rows=3)) as client:
        browser = await Browser(client, store).sign_in(Role.MANAGER)
        seen, path = [], "/monitoring?since=5h"
        while path:
            page = await browser.get(path)
            seen += [word for word in page.words_of.split() if word.startswith("A") and word[1:].isdigit()]
            links = [a["href"] for tag, a in page.tags if tag == "a" and "before=" in a.get("href", "")]
            assert all("since=5h" in link for link in links)
            path = next(iter(links), None)

    assert [f"A{n}" for n in reversed(range(7))] == seen


async def test_a_look_ends_and_says_so(noted, monkeypatch):
    """
    Whoever seldom asks is looked for step by step in a long log.
    """
    _note(noted.store, "GetContacts", key="Seldom", ago_h=80)
    await noted.get("/monitoring")
    for n in range(3):
        _note(noted.store, f"A{n}")
    monkeypatch.setattr(api_log, "LOOK", 2)

    page = await noted.get("/monitoring?who=Seldom")
    further = next(a["href"] for tag, a in page.tags if "before=" in a.get("href", ""))

    assert "There are earlier ones." in page.words_of
    assert 1 == _rows(await noted.get(further))


async def test_an_action_is_found_however_rare(noted, monkeypatch):
    """
    An index leads to it; among its own requests those that are meant are looked for.
    """
    _note(noted.store, "Rare", key="Seldom", ago_h=80)
    for n in range(9):
        _note(noted.store, f"A{n}")
    monkeypatch.setattr(api_log, "LOOK", 2)

    assert 1 == _rows(await noted.get("/monitoring?action=Rare"))
    assert 1 == _rows(await noted.get("/monitoring?action=Rare&who=Seldom"))


async def test_a_wrong_date_stands_at_its_field(noted):
    """
    Nothing is shown then, and nothing exported.
    """
    page = await noted.get("/monitoring?since=soon&action=x")

    assert 422 == page.status
    assert "Write a date and time such as" in page.words_of
    assert {"since": "soon", "action": "x"}.items() <= page.form.items()
    assert "/monitoring?since=soon" == (await noted.get("/monitoring/csv?since=soon")).path


async def test_the_file_holds_what_the_filter_leaves_and_no_formula(noted, monkeypatch):
    """
    Read and sent in parts; what a table calculation would run is text.
    """
    monkeypatch.setattr(monitoring, "_AT_ONCE", 2)

    page = await noted.get("/monitoring/csv?since=60h")

    assert "attachment" in page.headers["Content-Disposition"]
    rows = list(csv.reader(StringIO(page.text)))
    assert ["date", "user or key", "action", "duration (s)", "outcome"] == rows[0]
    assert ["<img src=x onerror=alert(1)>", "'=cmd|' /C calc'!A0", "0.012300", "Success"] == rows[1][1:]
    assert [["", "GetContacts", "0.012300", "Authorization Failed"], ["CRM", "GetContacts"]] == [
        rows[2][1:],
        rows[3][1:3],
    ]
    assert 4 == len(rows)


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", " =1", "\t=1", "\n=1"], ids=repr)
def test_no_cell_is_a_formula(text):
    """
    Whatever it begins with.
    """
    assert f"'{text}" == monitoring.plain(text)


async def test_actions_are_offered_to_choose_from(noted):
    """
    Those of this tenant, as a part that comes after the page; what they are called is text.
    """
    part = await noted.get("/monitoring/actions", headers={"HX-Request": "true"})

    values = [a["value"] for tag, a in part.tags if tag == "option"]
    assert ["=cmd|' /C calc'!A0", "GetContacts", "Oldest"] == values


async def test_what_an_administrator_does_is_in_the_log(administrator):
    """
    With who it was and what came of it; looking is not written down.
    """
    await administrator.get("/keys")
    await administrator.post("/keys", name="CRM")
    await administrator.post("/keys", name="CRM")

    page = await administrator.get("/monitoring?who=administrator@example.com")

    assert 2 == _rows(page)
    assert "POST /keys" in page.words_of
    assert "Refused 422 Unprocessable Entity" in page.words_of
