"""
Users: no password is shown, who is removed is out, and somebody is left who can let others in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from webhook_engine.errors import NotFound, StoreError
from webhook_engine.store import Role
from webhook_engine.testing.store.common import BY, TENANT

if TYPE_CHECKING:
    from webhook_engine.store import Store

EMAIL = "naledi@example.com"
PASSWORD = "a long enough secret"  # noqa: S105  # of nobody


class UsersContract:
    """
    Users: no password is shown, who is removed is out, and somebody is left who can let others in.
    """

    async def test_a_user_is_their_tenants(self, store: Store) -> None:
        """
        Under another tenant's name the same address and password are nobody's.
        """
        await store.users.add("A", EMAIL, PASSWORD, role=Role.MANAGER, by=BY)

        assert await store.signing_in.check("B", EMAIL, PASSWORD) is None
        assert store.users.find("B", EMAIL) is None
        assert () == await store.users.list("B")

    async def test_no_password_is_shown(self, store: Store) -> None:
        """
        Neither it nor what is kept of it.
        """
        user = await store.users.add(TENANT, EMAIL, PASSWORD, role=Role.MANAGER, by=BY)

        for shown in (repr(user), repr(store.users), repr(await store.users.list(TENANT))):
            assert PASSWORD not in shown
            assert "argon2" not in shown

    async def test_another_password_takes_the_place_of_the_first(self, store: Store) -> None:
        """
        The first one is nobody's any more, and sessions know by the stamp.
        """
        before = await store.users.add(TENANT, EMAIL, PASSWORD, role=Role.MANAGER, by=BY)

        await store.users.set_password(TENANT, EMAIL, "another long secret")

        after = await store.signing_in.check(TENANT, EMAIL, "another long secret")
        assert await store.signing_in.check(TENANT, EMAIL, PASSWORD) is None
        assert after is not None
        assert before.stamp != after.stamp

    async def test_the_last_administrator_stays(self, store: Store) -> None:
        """
        Of each tenant, whoever else there is.
        """
        for tenant, email, role in (
            (TENANT, EMAIL, Role.ADMINISTRATOR),
            (TENANT, "b@example.com", Role.ADMINISTRATOR),
            (TENANT, "c@example.com", Role.MANAGER),
            ("Another", EMAIL, Role.ADMINISTRATOR),
        ):
            await store.users.add(tenant, email, PASSWORD, role=role, by=BY)
        await store.users.remove(TENANT, "b@example.com")

        with pytest.raises(StoreError, match="add another administrator first"):
            await store.users.remove(TENANT, EMAIL)
        await store.users.remove(TENANT, "c@example.com")

        assert [EMAIL] == [user.email for user in await store.users.list(TENANT)]

    async def test_another_role_takes_the_place_of_the_first(self, store: Store) -> None:
        """
        With the extension; sessions and the password stay, and the last administrator stays one.
        """
        before = await store.users.add(TENANT, EMAIL, PASSWORD, role=Role.ADMINISTRATOR, by=BY)
        with pytest.raises(StoreError, match="add another administrator first"):
            await store.users.set_role(TENANT, EMAIL, Role.MANAGER)
        await store.users.add(TENANT, "b@example.com", PASSWORD, role=Role.MANAGER, by=BY)
        await store.users.set_role(TENANT, "b@example.com", Role.ADMINISTRATOR)

        after = await store.users.set_role(TENANT, EMAIL, Role.AGENT, extension="100-Euphoria")

        assert (Role.AGENT, "100-Euphoria", before.stamp) == (after.role, after.extension, after.stamp)
        with pytest.raises(StoreError, match="an agent needs an extension"):
            await store.users.set_role(TENANT, EMAIL, Role.AGENT)
        with pytest.raises(NotFound):
            await store.users.set_role(TENANT, "nobody@example.com", Role.MANAGER)

    async def test_a_removed_user_is_out(self, store: Store) -> None:
        """
        From that moment on; the address is free.
        """
        await store.users.add(TENANT, EMAIL, PASSWORD, role=Role.MANAGER, by=BY)

        await store.users.remove(TENANT, EMAIL)

        assert await store.signing_in.check(TENANT, EMAIL, PASSWORD) is None
        with pytest.raises(NotFound):
            await store.users.remove(TENANT, EMAIL)

    @pytest.mark.parametrize("email", ["", "naledi", "@", "a b@c.d", "a\n@b", "a@" + "b" * 300], ids=repr)
    async def test_refuses_what_is_no_address(self, store: Store, email: str) -> None:
        """
        An address is how a user is called, so it has to be one.
        """
        with pytest.raises(StoreError, match="no e-mail address"):
            await store.users.add(TENANT, email, PASSWORD, role=Role.MANAGER, by=BY)

    async def test_refuses_what_would_not_work(self, store: Store) -> None:
        """
        A password that is too short, an agent without an extension, an address that is taken.
        """
        await store.users.add(TENANT, EMAIL, PASSWORD, role=Role.MANAGER, by=BY)

        with pytest.raises(StoreError, match="10 to 1,000 characters"):
            await store.users.add(TENANT, "b@example.com", "short", role=Role.MANAGER, by=BY)
        with pytest.raises(StoreError, match="needs an extension"):
            await store.users.add(TENANT, "b@example.com", PASSWORD, role=Role.AGENT, by=BY)
        with pytest.raises(StoreError, match="already"):
            await store.users.add(TENANT, EMAIL.upper(), PASSWORD, role=Role.MANAGER, by=BY)

        assert [EMAIL] == [user.email for user in await store.users.list(TENANT)]

    def test_each_role_may_what_those_before_it_may(self) -> None:
        """
        An administrator may everything, an agent the least.
        """
        reach = [[role.may(least) for least in Role] for role in Role]

        assert [[True, False, False], [True, True, False], [True, True, True]] == reach
