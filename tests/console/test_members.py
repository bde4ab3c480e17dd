"""
Members: each agent's own secrets, written and never shown.
"""

import asyncio
import re
from datetime import UTC, datetime

import pytest

from tests.console.browsing import DEFINITIONS, TENANT, Browser, consoled
from tests.console.targeting import targeted
from webhook_engine.queue.delivery import OPEN
from webhook_engine.store import Role
from webhook_engine.variables import CallContext, CallEvent

MEMBERS = "/group/members?group=Orders"
USES = "/group/members/uses?group=Orders"


async def _given(administrator, **fields):
    await administrator.get(MEMBERS)
    return await administrator.post("/group/members", group="Orders", extension="100-Euphoria", **fields)


async def test_who_lacks_a_key_is_named(manager):
    """
    Every agent is listed, with or without.
    """
    page = await manager.get(MEMBERS)

    assert "2 of 2 agents lack them" in page.words_of
    assert "100-Euphoria Naledi no secrets yet" in page.words_of


async def test_a_key_goes_into_the_vault(administrator):
    """
    From where requests take it, and no page.
    """
    page = await _given(administrator, key="canary-7f3a")

    assert "canary" not in page.text
    assert "API key: in the vault, set by administrator@example.com" in page.words_of
    assert "1 of 2 agents lacks them" in page.words_of
    assert "canary-7f3a" == administrator.store.vault.reveal(TENANT, "Orders/100-Euphoria/key")
    history = await administrator.store.definitions.documents(TENANT)
    assert not [text for _, text in history if "canary" in text]


async def test_a_key_is_exchanged(administrator):
    """
    The new one counts at once.
    """
    await _given(administrator, key="the first")
    await _given(administrator, key="the second")

    assert "the second" == administrator.store.vault.reveal(TENANT, "Orders/100-Euphoria/key")


async def test_nothing_typed_is_told(administrator):
    """
    At its field, of the agent for whom it is missing.
    """
    page = await _given(administrator, key="")

    assert 422 == page.status
    assert "Is missing" in page.words_of
    [wrong] = [a for _, a in page.tags if a.get("aria-invalid") == "true"]
    assert ("key", "f-1-f-100-Euphoria") == (wrong["name"], wrong["id"])


async def test_the_second_of_two_sees_that_somebody_was_faster(administrator):
    """
    A key that was just exchanged is not put out of use unseen; saving once more is meant.
    """
    await _given(administrator, key="the first")
    page = await administrator.get(MEMBERS)
    seen = next(a["value"] for _, a in page.tags if a.get("name") == "seen")
    await _given(administrator, key="of the faster one")

    page = await _given(administrator, key="of the slower one", seen=seen)

    assert 422 == page.status
    assert "Somebody else saved this meanwhile, and nothing was changed." in page.words_of
    assert "of the" not in "".join(a.get("value", "") for _, a in page.tags)
    assert "of the faster one" == administrator.store.vault.reveal(TENANT, "Orders/100-Euphoria/key")
    seen = next(a["value"] for _, a in page.tags if a.get("name") == "seen")
    await _given(administrator, key="of the slower one", seen=seen)
    assert "of the slower one" == administrator.store.vault.reveal(TENANT, "Orders/100-Euphoria/key")


async def test_a_removed_member_has_no_secret_left(administrator):
    """
    Neither in the definitions nor in the vault.
    """
    await _given(administrator, key="canary-7f3a")
    page = await administrator.post("/group/members/remove", group="Orders", extension="100-Euphoria")

    assert "is no member any more" in page.words_of
    assert () == administrator.store.vault.names(TENANT)
    definitions = (await administrator.store.definitions.load(TENANT)).definitions
    assert () == definitions.group("Orders").members


async def test_only_groups_of_level_user_have_members(administrator):
    """
    Elsewhere one set of secrets is everybody's.
    """
    assert 404 == (await administrator.get("/group/members?group=CRM")).status
    assert 404 == (await administrator.get("/group/members?group=Nothing")).status


async def test_a_member_is_tested_from_their_card(administrator):
    """
    The test of each webhook of the group, with that agent chosen.
    """
    page = await _given(administrator, key="k")
    link = next(a["href"] for tag, a in page.tags if "/webhook/test" in a.get("href", ""))

    page = await administrator.get(link)

    assert ("/webhook/test", "100-Euphoria") == (page.path.partition("?")[0], page.form["agent"])


ORDERS = (
    DEFINITIONS
    + """
[[webhook]]
name = "Count an order"
group = "Orders"
type = "ajax-post"
delivery = "durable"
url = "https://crm.example.com/count"

[[webhook]]
name = "Find an order"
group = "Orders"
type = "ajax-get"
url = "https://crm.example.com/find"

[[rule]]
name = "Count"
on = ["disposed"]
webhooks = ["Count an order"]

[[rule]]
name = "Find"
on = ["answered"]
webhooks = ["Find an order"]
"""
)


@pytest.fixture
async def working(store, tmp_path):
    """
    An administrator at a console whose engine delivers, for one agent with a key and one without.
    """
    async with (
        targeted(store, ORDERS) as target,
        consoled(store, definitions=ORDERS, queue=tmp_path / "q.db") as client,
    ):
        browser = await Browser(client, store).sign_in(Role.ADMINISTRATOR)
        browser.target = target
        await _given(browser, key="k")
        while not client.engine.definitions.group("Orders").members:
            await asyncio.sleep(0.01)
        yield browser


async def _happened(browser, moment, extension="100-Euphoria"):
    call = CallContext(sip_id=f"{moment}-{extension}", extension=extension)
    await browser.engine.notify(CallEvent(moment, call, at=datetime.now(UTC)))
    while any(each.state in OPEN for each in (await browser.engine.queue.list()).deliveries):
        await asyncio.sleep(0.01)
    while any(pop.is_waiting for pop in browser.engine.pops.open_pops(extension)):
        await asyncio.sleep(0.01)


def _card(page, extension):
    """
    What the part of the page says of one agent.
    """
    own = page.text.partition(f'id="use-f-{extension}"')[2].partition("</dl>")[0]
    return " ".join(re.sub("<[^>]+>", " ", own).split())


async def test_the_last_use_of_a_key_is_told(working):
    """
    Of a delivery, with a link to it; somebody else's is not theirs.
    """
    await _happened(working, "disposed")

    page = await working.get(USES)

    own = _card(page, "100-Euphoria")
    assert "Count an order ( delivery ): OK, status 200" in own
    assert "Last refusal none is known" in own
    assert "Last use none is known" in _card(page, "101-Euphoria")


async def test_the_last_refusal_is_told_and_why(working):
    """
    Whether the target system did not take the key, or there was none to show it.
    """
    working.target.says("{}", status=400)
    await _happened(working, "disposed")
    await _happened(working, "disposed", "101-Euphoria")

    page = await working.get(USES)

    refused = _card(page, "100-Euphoria").partition("Last refusal")[2]
    assert "Refused, status 400" in refused
    lacking = _card(page, "101-Euphoria")
    assert "Last use none is known" in lacking
    assert "Count an order ( delivery ): Refused" in lacking.partition("Last refusal")[2]


async def test_what_was_looked_up_counts_as_well(working):
    """
    Nobody writes lookups down, so they are remembered while the process runs; tests too.
    """
    await _happened(working, "answered")
    page = await working.get(USES)
    assert "Find an order: " in _card(page, "100-Euphoria").partition("Last refusal")[0]

    await working.get("/webhook/test?webhook=Find an order")
    await working.post("/webhook/test", webhook="Find an order", agent="101-Euphoria")

    page = await working.get(USES)
    assert "Find an order: Refused" in _card(page, "101-Euphoria").partition("Last refusal")[2]
    assert 1 == len(working.target.requests)
