"""
Members: each agent's own secrets, written and never shown.
"""

from tests.console.browsing import TENANT

MEMBERS = "/group/members?group=Orders"


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
    At the agent for whom it is missing.
    """
    page = await _given(administrator, key="")

    assert 422 == page.status
    assert "is missing" in page.words_of


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
