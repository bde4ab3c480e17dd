"""
The address book, and the log of API requests.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import pytest

from webhook_engine.errors import NotFound
from webhook_engine.store import ApiRequest, Contact
from webhook_engine.testing.store.common import BY, TENANT, OpenStore

if TYPE_CHECKING:
    from webhook_engine.store import Store

_THANDI: Final = Contact(first_name="Thandi", surname="Mokoena", phone="0821234567", company="50% Timber")
_ASKED: Final = ApiRequest(
    tenant=TENANT,
    at=datetime(2026, 11, 22, 10, tzinfo=UTC),
    key="CRM",
    action="DoNothing",
    took_s=0.25,
    outcome="Success",
)


class ContactsContract:
    """
    The address book, and the log of API requests.
    """

    async def test_contacts_come_and_go(self, store: Store) -> None:
        """
        In the order in which they came, each tenant's own, and no number is given twice.
        """
        first = await store.contacts.add(TENANT, _THANDI)
        second = await store.contacts.add(TENANT, replace(_THANDI, first_name="Sipho"))
        theirs = await store.contacts.add("Another", _THANDI)

        assert (first, second) == await store.contacts.list(TENANT)
        assert (second,) == await store.contacts.list(TENANT, skip=1, limit=5)
        assert (first,) == await store.contacts.list(TENANT, search="THAN")
        assert () == await store.contacts.list(TENANT, search="5_% T")
        with pytest.raises(NotFound, match=f"there is no contact '{theirs.id}'"):
            await store.contacts.remove(TENANT, theirs.id)
        await store.contacts.remove("Another", theirs.id)
        assert theirs.id < (await store.contacts.add(TENANT, _THANDI)).id

    async def test_requests_are_read_page_by_page(self, open_store: OpenStore) -> None:
        """
        The newest first, without gap or repetition, whatever is written meanwhile.
        """
        async with open_store() as store:
            await store.keys.add(TENANT, "CRM", by=BY)
            for number in range(5):
                store.api_requests.note(_ASKED._replace(took_s=float(number)))

        async with open_store() as store:
            first = await store.api_requests.page(TENANT, limit=2)
            store.api_requests.note(
                _ASKED._replace(action="GetContacts", key=None, outcome="Authorization Failed")
            )
            second = await store.api_requests.page(TENANT, limit=2, before=first[-1].id)
            rest = await store.api_requests.page(TENANT, before=second[-1].id)
            refused = await store.api_requests.page(TENANT, action="GetContacts")

        assert [4.0, 3.0, 2.0, 1.0, 0.0] == [each.took_s for each in (*first, *second, *rest)]
        assert _ASKED == first[0]._replace(id=0, took_s=0.25)
        assert [(None, "Authorization Failed")] == [(each.key, each.outcome) for each in refused]

    async def test_requests_of_a_tenant_that_is_not_there(self, store: Store) -> None:
        """
        A stranger's name fills no log, and makes no tenant.
        """
        store.api_requests.note(_ASKED._replace(tenant="Nobody"))

        assert () == await store.api_requests.page("Nobody")
        assert () == await store.tenants()

    async def test_old_requests_are_forgotten(self, store: Store) -> None:
        """
        Those alone that are as old as that.
        """
        await store.keys.add(TENANT, "CRM", by=BY)
        for number in range(1_203):
            store.api_requests.note(_ASKED._replace(took_s=float(number)))
        store.api_requests.note(_ASKED._replace(at=datetime.now(UTC)))
        await store.api_requests.flush()

        assert 1_203 == await store.api_requests.sweep(timedelta(hours=1).total_seconds())
        assert 1 == len(await store.api_requests.page(TENANT))
