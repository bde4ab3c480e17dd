"""
Signing in: a password is checked, a session that ended stays so, and the first administrator is let in once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from webhook_engine.store import Role
from webhook_engine.testing.store.common import BY, TENANT, OpenStore

if TYPE_CHECKING:
    from webhook_engine.store import Store

EMAIL = "naledi@example.com"
PASSWORD = "a long enough secret"  # noqa: S105  # of nobody


class SigningInContract:
    """
    Signing in: a password is checked, a session that ended stays so, and the first administrator is let in once.
    """

    async def test_a_user_is_who_knows_the_password(self, open_store: OpenStore) -> None:
        """
        Now and after the store was closed and opened, in whatever case the address is written.
        """
        async with open_store() as store:
            added = await store.users.add(TENANT, EMAIL, PASSWORD, role=Role.MANAGER, by=BY)

        async with open_store() as store:
            assert added == await store.signing_in.check(TENANT, " Naledi@Example.com", PASSWORD)
            assert await store.signing_in.check(TENANT, EMAIL, PASSWORD + "x") is None
            assert await store.signing_in.check(TENANT, "another@example.com", PASSWORD) is None

    async def test_a_session_that_ended_stays_so(self, open_store: OpenStore) -> None:
        """
        After the store was closed and opened too, for as long as it would have lasted by itself.
        """
        now = datetime.now(UTC)
        async with open_store() as store:
            await store.signing_in.end_session("long ago", until=now - timedelta(seconds=1))
            for _ in range(2):
                await store.signing_in.end_session("lately", until=now + timedelta(hours=1))

        async with open_store() as store:
            found = [store.signing_in.has_ended(each) for each in ("long ago", "lately", "another")]

        assert [False, True, False] == found

    async def test_the_first_token_makes_one_administrator(self, store: Store) -> None:
        """
        It holds until there is a user, for its own tenant, and only the latest one.
        """
        stale = store.signing_in.first_token(TENANT)
        token = store.signing_in.first_token(TENANT)
        assert stale is not None
        assert token is not None

        assert not store.signing_in.opens(TENANT, stale)
        assert not store.signing_in.opens("Another", token)
        assert store.signing_in.opens(TENANT, token)
        await store.users.add(TENANT, EMAIL, PASSWORD, role=Role.ADMINISTRATOR, by=BY)
        assert not store.signing_in.opens(TENANT, token)
        assert store.signing_in.first_token(TENANT) is None
