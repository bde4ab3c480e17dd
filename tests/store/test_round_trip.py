"""
Import, export, import: the definitions are the same, whatever they are.
"""

import asyncio
import tempfile
from dataclasses import fields

import pytest
from hypothesis import given, settings

from tests.definitions.test_writing import definitions
from webhook_engine.definitions import SecretKind, SecretRef, read_text, write_toml
from webhook_engine.store import Store
from webhook_engine.testing.store.common import BY, KEY


@pytest.fixture(scope="module")
def runner():
    """
    A loop of this module's own, for a store that many examples share.
    """
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def store(runner):
    """
    A store that is open.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{folder}/store.db", [KEY])
        runner.run(store.__aenter__())
        yield store
        runner.run(store.close())


def references(group):
    """
    Every place for a secret in a group, its OAuth2 table and its members: (holder's place, field) -> reference.
    """
    holders = [("", group), ("oauth2", group.oauth2), *((each.extension, each) for each in group.members)]
    found = {}
    for place, holder in holders:
        for field in fields(holder) if holder is not None else ():
            value = getattr(holder, field.name)
            for position, each in enumerate(value if isinstance(value, tuple) else (value,)):
                if isinstance(each, SecretRef):
                    found[place, field.name, position] = each
    return found


# A commit waits for the disk, and a busy one takes its time.
@settings(max_examples=60, deadline=None)
@given(stated=definitions())
def test_the_store_gives_back_what_it_was_given(store, runner, stated):
    """
    Everything as it was stated, with the vault in place of literal secrets, and dispatch finds each of them.
    """

    async def round_trip():
        await store.definitions.save("first", stated, by=BY)
        found = (await store.definitions.load("first")).definitions
        exported = write_toml(found)
        again = await store.definitions.save("first", read_text(exported), by=BY)
        await store.definitions.save("second", read_text(exported), by=BY)
        return found, again, (await store.definitions.load("second")).definitions

    found, again, moved = runner.run(round_trip())

    assert read_text(write_toml(stated)) == found == moved
    assert not again.is_new
    secrets = store.secrets("first")
    for before, after in zip(stated.groups, found.groups, strict=True):
        kept = references(after)
        assert references(before).keys() == kept.keys()
        for place, reference in references(before).items():
            if reference.kind is SecretKind.LITERAL:
                assert reference.value == secrets.resolve(kept[place])
            else:
                assert reference == kept[place]


async def test_relative_paths_begin_where_they_did(tmp_path, open_store):
    """
    A file of a secret that is named beside the definitions is found after they were imported.
    """
    (tmp_path / "key.txt").write_text("from the file")
    stated = read_text(
        '[[group]]\nname = "CRM"\nauthentication = "api-key"\nkey_name = "X"\nkey = { file = "key.txt" }\n',
        folder=tmp_path,
    )
    async with open_store() as store:
        await store.definitions.save("", stated, by=BY)
        found = (await store.definitions.load("")).definitions
        secrets = store.secrets("", folder=found.folder)

        assert "from the file" == secrets.resolve(found.groups[0].key)


async def test_what_came_before_the_tenants_name_is_the_tenants(open_store):
    """
    A key and a secret that were set on an empty store belong to the first tenant that is imported.
    """
    async with open_store() as store:
        key = await store.keys.add("", "CRM", by=BY)
        await store.vault.set("", "CRM/key", "set before", by=BY)

        await store.definitions.save("Euphoria", read_text(""), by=BY)
        await store.definitions.save("Another", read_text(""), by=BY)

        found = store.keys.check(key.secret)
        assert found is not None
        assert "Euphoria" == found.tenant
        assert "set before" == store.vault.reveal("Euphoria", "CRM/key")
        assert ("Euphoria", "Another") == await store.tenants()
