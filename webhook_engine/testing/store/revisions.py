"""
Definitions: saved, found again, restored, watched.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from webhook_engine.definitions import SecretRef, write_toml
from webhook_engine.errors import NotFound, StoreConflict
from webhook_engine.testing.store.common import (
    A_WHILE_S,
    BY,
    CANARY,
    PATIENCE_S,
    TENANT,
    OpenStore,
    definitions,
)

if TYPE_CHECKING:
    from webhook_engine.store import Store


class RevisionsContract:
    """
    Definitions: saved, found again, restored, watched.
    """

    async def test_what_was_saved_is_found_again(self, open_store: OpenStore) -> None:
        """
        The same definitions after the store was closed and opened, with who saved them and when.
        """
        saved = definitions("a", "b")
        async with open_store() as store:
            entry = (await store.definitions.save(TENANT, saved, by=BY, note="the first")).entry

        async with open_store() as store:
            found = await store.definitions.load(TENANT)

        assert found.definitions == saved
        assert found.entry == entry
        assert (entry.number, entry.saved_by, entry.note) == (1, BY, "the first")
        assert entry.saved_at.tzinfo is not None

    async def test_each_change_is_a_revision(self, store: Store) -> None:
        """
        Numbers count up from 1, the newest is in force, the older ones stay as they were.
        """
        for names in ("a", "ab", "abc"):
            await store.definitions.save(TENANT, definitions(*names), by=BY)

        history = await store.definitions.history(TENANT)

        assert [3, 2, 1] == [entry.number for entry in history]
        assert definitions("a", "b", "c") == (await store.definitions.load(TENANT)).definitions
        assert definitions("a") == (await store.definitions.load(TENANT, 1)).definitions
        pieces = await store.definitions.pieces(TENANT, len, before=3)
        texts = await store.definitions.documents(TENANT, before=3)
        assert [(entry, len(text)) for entry, text in texts] == [*pieces]
        assert [2, 1] == [entry.number for entry, _ in pieces]
        assert [1] == [entry.number for entry in await store.definitions.history(TENANT, before=2)]
        assert [3] == [entry.number for entry in await store.definitions.history(TENANT, limit=1)]

    async def test_no_change_is_no_revision(self, store: Store) -> None:
        """
        Saving what is in force already leaves the history alone.
        """
        first = await store.definitions.save(TENANT, definitions("a"), by=BY)

        again = await store.definitions.save(TENANT, definitions("a"), by="another")

        assert (first.is_new, again.is_new) == (True, False)
        assert first.entry == again.entry
        assert 1 == len(await store.definitions.history(TENANT))

    async def test_an_earlier_revision_comes_back_as_a_new_one(self, store: Store) -> None:
        """
        Restoring rewrites no history: the new revision says where it is from.
        """
        for names in ("a", "ab"):
            await store.definitions.save(TENANT, definitions(*names), by=BY)

        restored = await store.definitions.restore(TENANT, 1, by="another")

        assert (restored.entry.number, restored.entry.restored_from) == (3, 1)
        assert "another" == restored.entry.saved_by
        assert definitions("a") == (await store.definitions.load(TENANT)).definitions
        assert not (await store.definitions.restore(TENANT, 3, by=BY)).is_new

    async def test_two_who_edit_the_same_are_told(self, store: Store) -> None:
        """
        Who began at a revision that is no longer in force saves nothing, and learns who was first.
        """
        await store.definitions.save(TENANT, definitions("a"), by=BY, based_on=0)
        await store.definitions.save(TENANT, definitions("a", "b"), by="the first", based_on=1)

        with pytest.raises(StoreConflict, match="revision 2, saved by the first") as refused:
            await store.definitions.save(TENANT, definitions("c"), by="the second", based_on=1)

        assert (refused.value.based_on, refused.value.current) == (1, 2)
        assert definitions("a", "b") == (await store.definitions.load(TENANT)).definitions

    async def test_tenants_do_not_meet(self, store: Store) -> None:
        """
        Each tenant has its own definitions and its own numbers.
        """
        await store.definitions.save("A", definitions("a"), by=BY)
        await store.definitions.save("B", definitions("b"), by=BY)

        assert definitions("a") == (await store.definitions.load("A")).definitions
        assert definitions("b") == (await store.definitions.load("B")).definitions
        assert ("A", "B") == await store.tenants()
        assert 1 == (await store.definitions.load("B")).entry.number

    @pytest.mark.parametrize("number", [None, 7])
    async def test_what_is_not_there_is_said(self, store: Store, number: int | None) -> None:
        """
        No tenant, or no such revision of it.
        """
        with pytest.raises(NotFound):
            await store.definitions.load("nobody", number)
        with pytest.raises(NotFound):
            await store.definitions.restore("nobody", number or 1, by=BY)
        assert () == await store.tenants()

    async def test_a_secret_in_them_goes_into_the_vault(self, store: Store) -> None:
        """
        The revision refers to it by a name that says whose it is, and dispatch finds it there.
        """
        saved = await store.definitions.save(TENANT, definitions("a", key=f'"{CANARY}"'), by=BY)

        found = (await store.definitions.load(TENANT)).definitions
        assert ("CRM/key",) == saved.sealed
        assert SecretRef.vault("CRM/key") == found.groups[0].key
        assert CANARY == store.secrets(TENANT).resolve(SecretRef.vault("CRM/key"))
        assert CANARY not in write_toml(found, literals=True)

    async def test_a_secret_that_is_kept_already_stays(self, store: Store) -> None:
        """
        The same secret again is neither a new revision nor a new entry; another one is sealed in its place.
        """
        await store.definitions.save(TENANT, definitions("a", key=f'"{CANARY}"'), by=BY)

        same = await store.definitions.save(TENANT, definitions("a", key=f'"{CANARY}"'), by="another")
        other = await store.definitions.save(TENANT, definitions("a", key='"a new one"'), by="another")

        assert (same.is_new, same.sealed, other.is_new, other.sealed) == (False, (), False, ("CRM/key",))
        assert "a new one" == store.vault.reveal(TENANT, "CRM/key")

    async def test_a_watcher_sees_each_change_soon(self, store: Store) -> None:
        """
        First what is in force, then every change within a second; another tenant's wakes nobody.
        """
        await store.definitions.save(TENANT, definitions("a"), by=BY)
        watching = store.definitions.watch(TENANT)

        first = await anext(watching)
        coming = asyncio.ensure_future(anext(watching))
        await store.definitions.save("another", definitions("x"), by=BY)
        await asyncio.wait([coming], timeout=A_WHILE_S)
        assert not coming.done()
        await store.definitions.save(TENANT, definitions("a", "b"), by=BY)
        async with asyncio.timeout(PATIENCE_S):
            second = await coming

        assert (1, 2) == (first.entry.number, second.entry.number)
        assert definitions("a", "b") == second.definitions

    async def test_a_watcher_waits_for_the_first(self, store: Store) -> None:
        """
        A worker may start before anything is defined.
        """
        coming = asyncio.ensure_future(anext(store.definitions.watch(TENANT)))
        await asyncio.wait([coming], timeout=A_WHILE_S)

        await store.definitions.save(TENANT, definitions("a"), by=BY)
        async with asyncio.timeout(PATIENCE_S):
            first = await coming

        assert definitions("a") == first.definitions

    async def test_saving_at_one_time_loses_nothing(self, store: Store) -> None:
        """
        Many who save at once get a number each.
        """
        saved = await asyncio.gather(
            *(store.definitions.save(TENANT, definitions(f"w{n}"), by=f"{n}") for n in range(8))
        )

        assert set(range(1, 9)) == {each.entry.number for each in saved}
        assert 8 == len(await store.definitions.history(TENANT))

    async def test_a_cancelled_save_is_whole_or_not_at_all(self, store: Store) -> None:
        """
        Its caller may go away at any time; the store and what this process knows of it stay one.
        """
        for wait_s in (0, 0.0005, 0.001, 0.002, 0.004):
            key = f'"{CANARY}{wait_s}"'
            saving = asyncio.ensure_future(
                store.definitions.save(TENANT, definitions(f"w{wait_s}", key=key), by=BY)
            )
            await asyncio.sleep(wait_s)
            saving.cancel()
            await asyncio.wait([saving])

        await store.vault.set(TENANT, "later", "x", by=BY)
        # One that was begun may end at any time, and this process knows of it a moment later: two looks that agree.
        agreed = 0
        async with asyncio.timeout(10):
            while agreed < 2:
                newest = (await store.definitions.load(TENANT)).definitions.webhooks[0].name.removeprefix("w")
                is_one = f"{CANARY}{newest}" == store.vault.reveal(TENANT, "CRM/key")
                agreed = agreed + 1 if is_one else 0
                await asyncio.sleep(0.05)
