"""
Two people at one thing: whoever deletes, moves or restores second sees first what the other one did.
"""

import pytest

from tests.console.browsing import TENANT, Browser
from webhook_engine.store import Role

CHANGES = {
    "rule": ("/rule?rule=Look up a sales call", {"when": "CALL_DIR == 'incoming'"}, "when"),
    "webhook": ("/webhook?webhook=Place an order", {"url": "https://crm.example.com/v2/orders"}, "URL"),
    "group": ("/group?group=Unused", {"max_in_flight": "3"}, "requests at one time"),
}


@pytest.fixture
async def other(administrator):
    """
    A second administrator's browser; its cookies are its own.
    """
    from aiohttp.test_utils import TestClient

    async with TestClient(administrator.client.server) as client:
        client.engine = administrator.engine
        yield await Browser(client, administrator.store).sign_in(Role.ADMINISTRATOR)


async def _definitions(browser):
    return (await browser.store.definitions.load(TENANT)).definitions


def _field(page, button_of, name):
    """
    What the page's form that sends to *button_of* has in its field *name*.
    """
    sends = [form for form in page.forms if button_of.items() <= form.items()]
    return sends[0][name]


@pytest.mark.parametrize("kind", CHANGES)
async def test_what_somebody_changed_is_not_deleted_unseen(administrator, other, kind):
    """
    Who and what is told, on the page as it is now; from there it can be deleted.
    """
    path, change, field = CHANGES[kind]
    name = path.partition("=")[2]
    seen = _field(await administrator.get(path), {kind: name}, "based_on")
    await other.get(path)
    assert 200 == (await other.submit(f"/{kind}", **change)).status

    page = await administrator.post(f"/{kind}/delete", **{kind: name, "based_on": seen})
    kept = [each.name for each in getattr(await _definitions(administrator), f"{kind}s")]

    assert f"{name} was not deleted: administrator@example.com changed it meanwhile" in page.words_of
    assert field in page.words_of.partition("meanwhile")[2].partition("This is how it is now.")[0]
    assert name in kept

    again = _field(page, {kind: name}, "based_on")
    if kind == "webhook":
        await administrator.post("/rule/delete", rule="Look up a sales call")
    page = await administrator.post(f"/{kind}/delete", **{kind: name, "based_on": again})
    assert f"{name} was deleted." in page.words_of


async def test_deleting_twice_is_no_error(administrator, other):
    """
    The second one is told that it is gone.
    """
    page = await administrator.get("/rule?rule=Look up a sales call")
    seen = page.form["based_on"]
    await other.get("/rules")
    await other.post("/rule/delete", rule="Look up a sales call")

    page = await administrator.post("/rule/delete", rule="Look up a sales call", based_on=seen)

    assert 200 == page.status
    assert "Look up a sales call was deleted or renamed already." in page.words_of


async def test_rules_move_only_in_the_order_that_was_seen(administrator, other):
    """
    Where somebody else moved them, one place earlier is another place.
    """
    for name in ("Second", "Third"):
        page = await administrator.get("/rule")
        fields = {"name": name, "on": "ringing", "webhooks[1]": "Contact lookup"}
        await administrator.send("/rule", list({**page.form, **fields}.items()))
    page = await administrator.get("/rules")
    seen = _field(page, {"rule": "Third"}, "based_on")
    await other.get("/rules")
    await other.post("/rule/move", rule="Third", to="earlier")

    page = await administrator.post("/rule/move", rule="Third", to="earlier", based_on=seen)
    order = [rule.name for rule in (await _definitions(administrator)).rules]

    assert ["Look up a sales call", "Third", "Second"] == order
    assert "Nothing was moved: administrator@example.com changed the order meanwhile" in page.words_of


async def test_a_revision_is_restored_only_over_the_one_that_was_seen(administrator, other):
    """
    What somebody saved meanwhile would go with it.
    """
    await administrator.get("/tenant")
    await administrator.submit("/tenant", country="GB")
    page = await administrator.get("/history")
    seen = _field(page, {"number": "1"}, "based_on")
    await other.get("/tenant")
    await other.submit("/tenant", pbx_server="pbx1.example.com")

    page = await administrator.post("/history/restore", number="1", based_on=seen)

    assert "Nothing was restored: administrator@example.com saved revision 3 meanwhile." in page.words_of
    assert "pbx1.example.com" == (await _definitions(administrator)).tenant.pbx_server


async def test_a_member_is_not_removed_with_a_key_that_nobody_saw(administrator, other):
    """
    The key that somebody gave them meanwhile stays.
    """
    give = {"group": "Orders", "extension": "100-Euphoria"}
    await administrator.get("/group/members?group=Orders")
    await administrator.post("/group/members", **give, key="the first")
    page = await administrator.get("/group/members?group=Orders")
    seen = next(form["seen"] for form in page.forms if give.items() <= form.items() and "key" not in form)
    await other.get("/group/members?group=Orders")
    await other.post("/group/members", **give, key="the second")

    page = await administrator.post("/group/members/remove", **give, seen=seen)

    assert "Somebody else saved this meanwhile, and nothing was changed." in page.words_of
    assert (await _definitions(administrator)).group("Orders").member("100-Euphoria") is not None
