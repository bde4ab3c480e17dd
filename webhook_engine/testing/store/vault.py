"""
The vault: what goes in comes out only for a request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from webhook_engine.definitions import SecretRef
from webhook_engine.errors import NotFound, SecretMissing, StoreError, VaultLocked
from webhook_engine.testing.store.common import BY, CANARY, KEY, OTHER_KEY, TENANT, OpenStore, definitions

if TYPE_CHECKING:
    from webhook_engine.store import Store


class VaultContract:
    """
    The vault: what goes in comes out only for a request.
    """

    async def test_dispatch_finds_what_was_set(self, open_store: OpenStore) -> None:
        """
        At once, and after the store was closed and opened.
        """
        async with open_store() as store:
            secrets = store.secrets(TENANT)
            await store.vault.set(TENANT, "CRM/key", CANARY, by=BY)
            assert CANARY == secrets.resolve(SecretRef.vault("CRM/key"))

        async with open_store() as store:
            assert CANARY == store.secrets(TENANT).resolve(SecretRef.vault("CRM/key"))

    async def test_everybody_else_learns_its_name(self, store: Store) -> None:
        """
        Who set it and when, and nothing of what it is.
        """
        await store.vault.set(TENANT, "CRM/key", CANARY, by=BY)

        (entry,) = await store.vault.list(TENANT)

        assert ("CRM/key", BY, True) == (entry.name, entry.set_by, entry.opens)
        assert entry.set_at.tzinfo is not None
        for shown in (entry, store, store.vault, store.secrets(TENANT), vars(store.secrets(TENANT))):
            assert CANARY not in repr(shown)

    async def test_the_newest_counts_at_once(self, store: Store) -> None:
        """
        A secret that was exchanged is the next request's.
        """
        secrets = store.secrets(TENANT)
        await store.vault.set(TENANT, "CRM/key", "old", by=BY)
        assert "old" == secrets.resolve(SecretRef.vault("CRM/key"))

        await store.vault.set(TENANT, "CRM/key", "new", by=BY)

        assert "new" == secrets.resolve(SecretRef.vault("CRM/key"))
        assert 1 == len(await store.vault.list(TENANT))

    async def test_what_was_removed_is_missing(self, store: Store) -> None:
        """
        From that moment on, and the refusal says what to do.
        """
        await store.vault.set(TENANT, "CRM/key", CANARY, by=BY)

        await store.vault.remove(TENANT, "CRM/key")

        with pytest.raises(SecretMissing, match=r"'CRM/key'.*vault set"):
            store.secrets(TENANT).resolve(SecretRef.vault("CRM/key"))
        with pytest.raises(NotFound):
            await store.vault.remove(TENANT, "CRM/key")

    async def test_tenants_do_not_share(self, store: Store) -> None:
        """
        A name means nothing outside its tenant.
        """
        await store.vault.set("A", "key", CANARY, by=BY)

        with pytest.raises(SecretMissing):
            store.secrets("B").resolve(SecretRef.vault("key"))
        with pytest.raises(NotFound):
            await store.vault.remove("B", "key")
        assert () == await store.vault.list("B")

    async def test_what_is_elsewhere_is_found_there(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        References to the environment mean the environment still.
        """
        monkeypatch.setenv("CRM_KEY_100", "from the environment")

        assert "from the environment" == store.secrets(TENANT).resolve(SecretRef.env("CRM_KEY_100"))

    async def test_rotation_takes_the_new_key(self, open_store: OpenStore) -> None:
        """
        With both keys everything opens; once rotated, the old one is not needed any more.
        """
        async with open_store(KEY) as store:
            for name in ("a", "b", "c"):
                await store.vault.set(TENANT, name, f"{CANARY}-{name}", by=BY)
        async with open_store(OTHER_KEY, KEY) as store:
            assert f"{CANARY}-a" == store.vault.reveal(TENANT, "a")

            assert 3 == await store.vault.rotate()

            assert f"{CANARY}-b" == store.vault.reveal(TENANT, "b")
        async with open_store(OTHER_KEY) as store:
            assert [f"{CANARY}-{n}" for n in "abc"] == [store.vault.reveal(TENANT, n) for n in "abc"]
        async with open_store(KEY) as store:
            assert [False] * 3 == [entry.opens for entry in await store.vault.list(TENANT)]

    async def test_rotation_is_all_or_nothing(self, open_store: OpenStore) -> None:
        """
        One secret that no key opens, and every one is left as it was.
        """
        async with open_store(KEY) as store:
            await store.vault.set(TENANT, "a", CANARY, by=BY)
        async with open_store(OTHER_KEY) as store:
            await store.vault.set(TENANT, "b", CANARY, by=BY)

            with pytest.raises(VaultLocked, match="'a'"):
                await store.vault.rotate()

            assert CANARY == store.vault.reveal(TENANT, "b")
        async with open_store(KEY) as store:
            assert CANARY == store.vault.reveal(TENANT, "a")

    async def test_without_a_key_the_rest_works(self, open_store: OpenStore) -> None:
        """
        Definitions are read and saved; a secret is neither taken nor given, and the refusal says what to do.
        """
        async with open_store(KEY) as store:
            await store.vault.set(TENANT, "CRM/key", CANARY, by=BY)
        async with open_store(no_key=True) as store:
            await store.definitions.save(TENANT, definitions("a"), by=BY)

            with pytest.raises(VaultLocked, match="WEBHOOK_ENGINE_KEY"):
                await store.vault.set(TENANT, "b", CANARY, by=BY)
            with pytest.raises(SecretMissing, match="WEBHOOK_ENGINE_KEY"):
                store.secrets(TENANT).resolve(SecretRef.vault("CRM/key"))
            with pytest.raises(VaultLocked):
                await store.definitions.save(TENANT, definitions("b", key=f'"{CANARY}"'), by=BY)

            assert definitions("a") == (await store.definitions.load(TENANT)).definitions
            assert ["CRM/key"] == [entry.name for entry in await store.vault.list(TENANT)]

    @pytest.mark.parametrize(
        ("name", "secret"),
        [("", "x"), (" ", "x"), ("a\nb", "x"), ("a" * 1001, "x"), ("a", ""), ("a", "x\0"), ("a", "\ud800")],
        ids=["no name", "blanks", "two lines", "a long name", "no secret", "NUL", "half a character"],
    )
    async def test_refuses_what_no_request_can_carry(self, store: Store, name: str, secret: str) -> None:
        """
        Refused where it is set, not where it is sent.
        """
        with pytest.raises(StoreError):
            await store.vault.set(TENANT, name, secret, by=BY)

        assert () == await store.vault.list(TENANT)
