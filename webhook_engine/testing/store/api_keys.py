"""
API keys: shown once, checked in constant time, gone when removed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from webhook_engine.errors import NotFound, StoreError
from webhook_engine.testing.store.common import BY, TENANT, OpenStore

if TYPE_CHECKING:
    from webhook_engine.store import Store


class ApiKeysContract:
    """
    API keys: shown once, checked in constant time, gone when removed.
    """

    async def test_a_key_opens_what_its_scopes_say(self, open_store: OpenStore) -> None:
        """
        Its tenant, its name and its scopes, now and after the store was closed and opened.
        """
        async with open_store() as store:
            made = await store.keys.add(TENANT, "CRM", scopes=["events", "ask"], by=BY)
            assert made.key == store.keys.check(made.secret)

        async with open_store() as store:
            found = store.keys.check(made.secret)

        assert found is not None
        assert (TENANT, "CRM", ("ask", "events")) == (found.tenant, found.name, found.scopes)
        assert (True, False) == (found.allows("events"), found.allows("stream"))

    async def test_without_scopes_it_opens_everything(self, store: Store) -> None:
        """
        The scopes limit a key; none is no limit.
        """
        made = await store.keys.add(TENANT, "CRM", by=BY)

        assert made.key.allows("events")

    async def test_another_key_opens_nothing(self, store: Store) -> None:
        """
        Neither a part of one, nor one that differs in its last character, nor anything else.
        """
        secret = (await store.keys.add(TENANT, "CRM", by=BY)).secret
        last = "B" if secret.endswith("A") else "A"

        for presented in ("", "x", secret[:-1], secret[:14], secret[:-1] + last, secret + "A", "wek_\ud800"):
            assert store.keys.check(presented) is None

    async def test_a_key_is_its_tenants(self, store: Store) -> None:
        """
        Under another tenant's name it is as good as none.
        """
        made = await store.keys.add("A", "CRM", by=BY)
        await store.keys.add("B", "CRM", by=BY)

        assert made.key == store.keys.check(made.secret, tenant="A")
        assert store.keys.check(made.secret, tenant="B") is None

    async def test_nobody_is_shown_it_again(self, store: Store) -> None:
        """
        What is listed and printed does not hold the key.
        """
        made = await store.keys.add(TENANT, "CRM", by=BY)

        for shown in (made, made.key, store.keys, await store.keys.list(TENANT)):
            assert made.secret not in repr(shown)

    async def test_use_is_noted(self, open_store: OpenStore) -> None:
        """
        When it was last used is known, also after the store was closed.
        """
        async with open_store() as store:
            made = await store.keys.add(TENANT, "CRM", by=BY)
            assert (await store.keys.list(TENANT))[0].last_used_at is None
            store.keys.check(made.secret)

        async with open_store() as store:
            (listed,) = await store.keys.list(TENANT)

        assert listed.last_used_at is not None
        assert listed.last_used_at >= listed.created_at

    async def test_a_removed_key_opens_nothing(self, store: Store) -> None:
        """
        From that moment on; its history stays, and its name is free.
        """
        made = await store.keys.add(TENANT, "CRM", by=BY)

        removed = await store.keys.remove(TENANT, "CRM", by="another")

        assert (made.key.id, "another") == (removed.id, removed.removed_by)
        assert store.keys.check(made.secret) is None
        assert () == await store.keys.list(TENANT)
        assert [made.key.id] == [key.id for key in await store.keys.list(TENANT, removed=True)]
        again = await store.keys.add(TENANT, "CRM", by=BY)
        assert again.secret != made.secret

    async def test_a_name_is_taken_once(self, store: Store) -> None:
        """
        Names are how keys are removed, so those in force differ.
        """
        await store.keys.add(TENANT, "CRM", by=BY)

        with pytest.raises(StoreError, match="'CRM' already"):
            await store.keys.add(TENANT, "CRM", by=BY)
        with pytest.raises(NotFound, match="did you mean 'CRM'"):
            await store.keys.remove(TENANT, "CRN", by=BY)

        assert 1 == len(await store.keys.list(TENANT))

    @pytest.mark.parametrize("name", ["", " ", " a", "a\nb", "a" * 201], ids=repr)
    async def test_refuses_a_name_that_is_none(self, store: Store, name: str) -> None:
        """
        A name is one line, and so is a scope.
        """
        with pytest.raises(StoreError):
            await store.keys.add(TENANT, name, by=BY)
        with pytest.raises(StoreError):
            await store.keys.add(TENANT, "CRM", scopes=[name], by=BY)
