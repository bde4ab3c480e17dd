"""
Groups: added, changed and deleted, each as a revision of the definitions.
"""

from dataclasses import replace

import pytest

from tests.console.browsing import TENANT, Browser, consoled
from webhook_engine.store import Role, Store


async def test_a_secret_that_was_refused_is_asked_for_again(administrator):
    """
    No page shows it, so it went with the refused form: leaving the field blank would keep nothing.
    """
    await administrator.get("/group")
    page = await administrator.submit(
        "/group", name="New", authentication="api-key", key_name="", key="geheim"
    )

    assert 422 == page.status
    assert "geheim" not in page.text
    assert "It was not saved, and no page shows it again: type it once more." in page.words_of
    assert "Leave blank to keep it" not in page.words_of


async def _groups(store):
    definitions = (await store.definitions.load(TENANT)).definitions
    return {group.name: group for group in definitions.groups}


async def test_the_list_counts_webhooks_and_members(manager):
    """
    What is in a group, and who lacks a key of their own.
    """
    page = await manager.get("/groups")

    assert "CRM None 1" in page.words_of
    assert "Orders API key User 1 Members 0 of 2" in page.words_of


async def test_a_group_is_added_as_a_new_revision(administrator):
    """
    With who and why in the history.
    """
    await administrator.get("/group")

    page = await administrator.submit(
        "/group",
        name="Billing",
        authentication="api-key",
        key_name="X-Key",
        key="canary-7f3a",
        max_per_second="2.5",
        max_in_flight="3",
    )

    assert ("/groups", 200) == (page.path, page.status)
    assert "Billing: Saved as revision 2." in page.text
    group = (await _groups(administrator.store))["Billing"]
    assert ("X-Key", 2.5, 3) == (group.key_name, group.max_per_second, group.max_in_flight)
    entry = (await administrator.store.definitions.history(TENANT))[0]
    assert ("administrator@example.com", "added group Billing") == (entry.saved_by, entry.note)


async def test_a_key_goes_into_the_vault_and_is_never_shown(administrator):
    """
    The page says where it is and since when; saving again without typing one keeps it.
    """
    await administrator.get("/group")
    await administrator.submit(
        "/group", name="Billing", authentication="api-key", key_name="X-Key", key="canary-7f3a"
    )

    page = await administrator.get("/group?group=Billing")
    assert "canary" not in page.text
    assert "in the vault, set by administrator@example.com" in page.text
    await administrator.submit("/group", key_name="X-Other")

    group = (await _groups(administrator.store))["Billing"]
    assert "X-Other" == group.key_name
    assert "canary-7f3a" == administrator.store.vault.reveal(TENANT, group.key.value)


async def test_every_error_stands_at_its_field_and_nothing_typed_is_lost(administrator):
    """
    All at once, in words.
    """
    await administrator.get("/group")

    page = await administrator.submit(
        "/group",
        name="",
        authentication="api-key",
        key_name="Bad Name",
        max_in_flight="many",
        max_per_second="-1",
        ca_file="/nowhere.pem",
    )

    assert 422 == page.status
    wrong = {a["name"] for tag, a in page.tags if a.get("aria-invalid") == "true"}
    assert {"name", "max_in_flight", "max_per_second"} <= wrong
    assert ("Bad Name", "many", "-1", "/nowhere.pem") == tuple(
        page.form[name] for name in ("key_name", "max_in_flight", "max_per_second", "ca_file")
    )
    assert 1 == len(await administrator.store.definitions.history(TENANT))


THE_MACHINES = [
    "/etc/hostname",
    "/no/such/file",
    "../secrets.pem",
    "a/../../b.pem",
    "/root/x.pem",
    "link.pem",
]


@pytest.mark.parametrize("file", THE_MACHINES)
async def test_no_file_of_the_machine_is_told_of(administrator, tmp_path, file):
    """
    The same words for one that is there, is not, and may not be read; nothing is saved.
    """
    store, folder = administrator.store, tmp_path / "definitions"
    folder.mkdir()
    (folder / "link.pem").symlink_to("/etc/hostname")
    definitions = replace((await store.definitions.load(TENANT)).definitions, folder=folder)
    await store.definitions.save(TENANT, definitions, by="operator")
    before = await store.definitions.history(TENANT)

    await administrator.get("/group?group=CRM")
    page = await administrator.submit("/group", ca_file=file)

    assert (422, file) == (page.status, page.form["ca_file"])
    assert "must be the name of a file in the folder of the definitions" in page.words_of
    assert before == await store.definitions.history(TENANT)


async def test_certificates_beside_the_definitions_are_named(administrator):
    """
    And those that were named where the definitions came from stay, so that the rest of the form can be saved.
    """
    store = administrator.store
    definitions = (await store.definitions.load(TENANT)).definitions
    groups = tuple(
        replace(each, ca_file="/etc/own.pem") if each.name == "CRM" else each for each in definitions.groups
    )
    await store.definitions.save(TENANT, replace(definitions, groups=groups), by="operator")

    await administrator.get("/group?group=CRM")
    kept = await administrator.submit("/group", max_in_flight="7")
    await administrator.get("/group?group=CRM")
    named = await administrator.submit("/group", ca_file="certificates/own-ca.pem")

    assert ("/groups", "/groups") == (kept.path, named.path)
    assert "certificates/own-ca.pem" == (await _groups(store))["CRM"].ca_file


async def test_a_group_in_use_is_not_deleted(administrator):
    """
    What uses it is named.
    """
    await administrator.get("/groups")

    page = await administrator.post("/group/delete", group="CRM")

    assert "CRM cannot be deleted: in use by webhook &#39;Contact lookup&#39;." in page.text
    assert "CRM" in await _groups(administrator.store)


async def test_an_unused_group_is_deleted(administrator):
    """
    As a revision, like every change.
    """
    await administrator.get("/groups")

    page = await administrator.post("/group/delete", group="Unused")

    assert "Unused was deleted." in page.text
    assert "Unused" not in await _groups(administrator.store)


async def test_a_renamed_group_keeps_its_webhooks(administrator):
    """
    Who refers to it refers to it by its new name.
    """
    await administrator.get("/group?group=CRM")

    await administrator.submit("/group", name="The CRM")

    definitions = (await administrator.store.definitions.load(TENANT)).definitions
    assert "The CRM" == definitions.webhook("Contact lookup").group


async def test_the_second_of_two_sees_what_the_first_changed(administrator):
    """
    Nothing is overwritten unseen, nothing typed is lost, and saving again is a decision.
    """
    await administrator.get("/group?group=CRM")
    stale = dict(administrator.form)
    await administrator.submit("/group", max_in_flight="3")
    administrator.form = stale

    page = await administrator.submit("/group", max_in_flight="7")

    assert 422 == page.status
    assert "saved this meanwhile" in page.text
    assert "requests at one time 3" in page.words_of
    assert "7" == page.form["max_in_flight"]
    assert 3 == (await _groups(administrator.store))["CRM"].max_in_flight
    await administrator.submit("/group")
    assert 7 == (await _groups(administrator.store))["CRM"].max_in_flight


async def test_changes_of_other_things_are_no_conflict(administrator):
    """
    Two people who edit two groups do not meet.
    """
    await administrator.get("/group?group=CRM")
    stale = dict(administrator.form)
    await administrator.get("/group?group=Unused")
    await administrator.submit("/group", max_in_flight="3")
    administrator.form = stale

    page = await administrator.submit("/group", max_in_flight="7")

    assert "/groups" == page.path
    groups = await _groups(administrator.store)
    assert (7, 3) == (groups["CRM"].max_in_flight, groups["Unused"].max_in_flight)


async def test_a_hostile_name_is_text(administrator):
    """
    Wherever it is shown.
    """
    name = '"><script>alert(1)</script>'
    await administrator.get("/group")
    page = await administrator.submit("/group", name=name)

    for path in ("/groups", page.path):
        shown = await administrator.get(path)
        assert "<script>alert" not in shown.text
        assert name in shown.words_of


async def test_the_engine_works_with_what_was_saved(administrator):
    """
    Without a restart.
    """
    import asyncio

    await administrator.get("/group?group=CRM")
    await administrator.submit("/group", name="The CRM")

    async with asyncio.timeout(2):
        while "The CRM" not in administrator.engine.definitions.index.groups:
            await asyncio.sleep(0.01)

    assert "CRM" not in administrator.engine.definitions.index.groups


def _ticks(page):
    """
    By what each signing secret is called that can be dropped.
    """
    return [found["value"] for _, found in page.tags if found.get("name") == "drop_signing"]


async def test_a_signing_secret_is_exchanged(administrator):
    """
    The new one comes first; the old one goes when that is said, and neither is shown. A form that is refused in
    between keeps what was ticked, and it still means the same secret.
    """
    secrets = ["whsec_" + "QQ==" * 8, "whsec_" + "Qg==" * 8]
    for secret in secrets:
        await administrator.get("/group?group=CRM")
        page = await administrator.submit("/group", new_signing=secret)
        assert "/groups" == page.path, page.words_of
    store = administrator.store
    references = (await _groups(store))["CRM"].signing_secrets
    assert secrets[::-1] == [store.vault.reveal(TENANT, each.value) for each in references]

    page = await administrator.get("/group?group=CRM")
    assert "whsec" not in page.text
    refused = await administrator.submit("/group", name="", drop_signing=_ticks(page)[1])
    ticked = [
        found["value"]
        for _, found in refused.tags
        if found.get("name") == "drop_signing" and "checked" in found
    ]
    assert [_ticks(page)[1]] == ticked
    assert _ticks(page) == _ticks(refused)
    await administrator.submit("/group", name="CRM")

    [kept] = (await _groups(store))["CRM"].signing_secrets
    assert secrets[1] == store.vault.reveal(TENANT, kept.value)


async def test_a_form_that_is_refused_leaves_no_secret_behind(administrator):
    """
    Neither in the vault nor on the page.
    """
    await administrator.get("/group?group=CRM")

    page = await administrator.submit("/group", name="", new_signing="canary-7f3a", max_in_flight="x")

    assert 422 == page.status
    assert "canary" not in page.text
    assert () == administrator.store.vault.names(TENANT)


@pytest.mark.parametrize("field", ["key", "new_signing"])
async def test_without_a_key_to_seal_with_nothing_is_lost(database, field):
    """
    The page says what is missing, and what was typed is there, but for the secret.
    """
    async with Store.open(f"sqlite:///{database}") as store, consoled(store) as client:
        administrator = await Browser(client, store).sign_in(Role.ADMINISTRATOR)
        await administrator.get("/group")
        page = await administrator.submit(
            "/group", name="Billing", authentication="api-key", key_name="X-Key", **{"key": "k", field: "s"}
        )

        assert 422 == page.status
        assert "Billing" == page.form["name"]
        assert "vault new-key" in page.words_of
        assert "Billing" not in await _groups(store)
