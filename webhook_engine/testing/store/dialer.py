"""
Dialer lists: feeds whole or not at all, contacts handed out in their order and each once.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from webhook_engine.errors import FeedConflict, NotFound, StoreError
from webhook_engine.store import Feed, NewContact
from webhook_engine.testing.store.common import BY, TENANT, OpenStore

if TYPE_CHECKING:
    from webhook_engine.store import Store

_FEED: Final = Feed(tenant=TENANT, campaign="Sales", list_name="March", contacts=())
_WHOLE: Final = NewContact(
    title="Ms",
    first_name="Thandi",
    surname="Mokoena",
    address="1 Main Road\nDurban",
    email="t@example.com",
    phone="082 123 4567",
    phone_e164="+27821234567",
    notes="<call> & first",
    language="Zulu",
    custom=("a", "", "c", "d", "é"),
    crm_tag="1001",
    assigned_to="",
)


def _named(*names: str, assigned_to: str = "") -> tuple[NewContact, ...]:
    return tuple(NewContact(first_name=each, phone="0821234567", assigned_to=assigned_to) for each in names)


async def _campaign(store: Store, name: str = "Sales", *agents: str) -> None:
    await store.campaigns.add(TENANT, name, lists=["March"], agents=agents or ["100"], by=BY)


async def _fed(
    store: Store, *names: str, assigned_to: str = "", priority: int = 5, campaign: str = "Sales"
) -> None:
    contacts = _named(*names, assigned_to=assigned_to)
    await store.dialer.feed(replace(_FEED, contacts=contacts, priority=priority, campaign=campaign))


async def _next(store: Store, agent: str = "100") -> str | None:
    found = await store.dialer.next_contact(TENANT, agent)
    return None if found is None else found.contact.first_name


class DialerContract:
    """
    Dialer lists: feeds whole or not at all, contacts handed out in their order and each once.
    """

    async def test_a_contact_comes_out_as_it_went_in(self, open_store: OpenStore) -> None:
        """
        Every field, with what is known of its feed; after the store was closed and opened too.
        """
        async with open_store() as store:
            labels = ["Policy", "", "Branch"]
            await store.campaigns.add(TENANT, "Sales", lists=["March"], labels=labels, agents=["100"], by=BY)
            fed = replace(_FEED, contacts=(_WHOLE,), priority=2, data_source="UploadMarch")
            assert 1 == await store.dialer.feed(fed)

        async with open_store() as store:
            found = await store.dialer.next_contact(TENANT, "100-Euphoria")

        assert found is not None
        assert _WHOLE == found.contact
        expected = (TENANT, "Sales", "March", 2, "UploadMarch", "100")
        assert expected == (
            found.tenant,
            found.campaign,
            found.list_name,
            found.priority,
            found.data_source,
            found.handed_to,
        )
        named = {"Policy": "a", "Custom2": "", "Branch": "c", "Custom4": "d", "Custom5": "é"}
        assert named == found.custom
        assert found.handed_at >= found.fed_at

    async def test_the_call_that_dials_it_knows_it(self, store: Store) -> None:
        """
        Name, number, CRM tag and notes are variables from the beginning; what no line holds is a blank.
        """
        await _campaign(store)
        contact = replace(_WHOLE, first_name="Thandi\nof\x85old", notes="a\nb")
        await store.dialer.feed(replace(_FEED, contacts=(contact,)))
        found = await store.dialer.next_contact(TENANT, "100")
        assert found is not None

        call = found.call(sip_id="call-1")

        assert ("Thandi of old Mokoena", "+27821234567", "1001") == (
            call.caller_name,
            call.caller_number,
            call.crm_tag,
        )
        assert ("a\nb", "outgoing", "100-Euphoria", "call-1") == (
            call.notes,
            call.direction,
            call.extension,
            call.sip_id,
        )

    async def test_priority_then_age(self, store: Store) -> None:
        """
        1 before 10, and of the same priority the one that has waited longest.
        """
        await _campaign(store)
        await _fed(store, "c", "d")
        await _fed(store, "a", "b", priority=1)
        await _fed(store, "f", priority=10)
        await _fed(store, "e")

        order = [await _next(store) for _ in range(7)]

        assert ["a", "b", "c", "d", "e", "f", None] == order

    async def test_an_agents_own_come_first(self, store: Store) -> None:
        """
        And those of another agent never.
        """
        await _campaign(store, "Sales", "100", "101")
        await _fed(store, "anybody's", priority=1)
        await _fed(store, "mine", assigned_to="100", priority=9)
        await _fed(store, "theirs", assigned_to="101", priority=1)

        assert ["mine", "anybody's", None] == [await _next(store) for _ in range(3)]
        assert "theirs" == await _next(store, "101")

    async def test_one_that_is_assigned_waits_for_its_agent(self, store: Store) -> None:
        """
        Until that extension is assigned to the campaign.
        """
        await _campaign(store)
        await _fed(store, "late", assigned_to="105")

        assert [None, None] == [await _next(store), await _next(store, "105")]
        await store.campaigns.assign(TENANT, "Sales", "105-Euphoria")
        assert "late" == await _next(store, "105")

    async def test_only_the_campaigns_of_the_agent(self, store: Store) -> None:
        """
        Over all of them the order holds; one alone can be asked for; an agent taken off gets nothing more.
        """
        await _campaign(store, "Sales", "100", "101")
        await _campaign(store, "Support", "100")
        await _fed(store, "second", priority=2)
        await _fed(store, "first", priority=1, campaign="Support")
        await _fed(store, "third", priority=3, campaign="Support")

        assert "second" == await _next(store, "101")
        assert await _next(store, "101") is None
        only = await store.dialer.next_contact(TENANT, "100", campaign="Sales")
        assert only is None
        assert "first" == await _next(store, "100")
        await store.campaigns.unassign(TENANT, "Support", "100")
        assert await _next(store, "100") is None
        assert 1 == await store.dialer.waiting(TENANT, "Support")

    async def test_each_is_handed_out_once(self, store: Store) -> None:
        """
        However many ask at the same time.
        """
        await _campaign(store, "Sales", "100", "101", "102")
        await _fed(store, *map(str, range(60)))

        found = await asyncio.gather(*(_next(store, f"10{n % 3}") for n in range(80)))

        names = [each for each in found if each is not None]
        assert (60, 20) == (len(set(names)), found.count(None))
        assert len(names) == len(set(names))

    async def test_given_back_it_has_its_old_place(self, store: Store) -> None:
        """
        Once, and only by its own tenant.
        """
        await _campaign(store)
        await _fed(store, "a", "b")
        found = await store.dialer.next_contact(TENANT, "100")
        assert found is not None

        assert not await store.dialer.give_back("Another", found.id)
        assert await store.dialer.give_back(TENANT, found.id)
        assert not await store.dialer.give_back(TENANT, found.id)
        assert ["a", "b", None] == [await _next(store) for _ in range(3)]

    async def test_forgets_who_was_handed_out_long_ago(self, store: Store) -> None:
        """
        By age, however many there are, and never anybody who waits.
        """
        await _campaign(store)
        await _fed(store, *map(str, range(603)))
        for _ in range(602):
            assert await _next(store) is not None

        assert 0 == await store.dialer.sweep(3_600)
        assert 501 == await store.dialer.sweep(0, most=501)
        assert 101 == await store.dialer.sweep(0)
        assert 0 == await store.dialer.sweep(0)
        assert 1 == await store.dialer.waiting(TENANT, "Sales")
        assert ["602", None] == [await _next(store) for _ in range(2)]

    async def test_forgets_feeds_of_which_nobody_is_left(self, store: Store) -> None:
        """
        Their idempotency keys with them, once they are as old; a feed of which one waits is still the same feed.
        """
        await _campaign(store)
        for key in ("gone", "waits"):
            await store.dialer.feed(replace(_FEED, contacts=_named(key), idempotency_key=key))
        assert "gone" == await _next(store)

        assert 1 == await store.dialer.sweep(3_600) + await store.dialer.sweep(0)

        for key, expected in (("waits", 1), ("gone", 2)):
            await store.dialer.feed(replace(_FEED, contacts=_named(key), idempotency_key=key))
            assert expected == await store.dialer.waiting(TENANT, "Sales")

    async def test_a_list_that_is_not_there(self, store: Store) -> None:
        """
        Nothing is stored, and nothing is made.
        """
        await _campaign(store)
        await store.campaigns.add("Another", "Theirs", lists=["March"], by=BY)

        for other in (
            {"campaign": "Nobody's"},
            {"list_name": "April"},
            {"tenant": "Nobody"},
            {"campaign": "Theirs"},
        ):
            with pytest.raises(NotFound):
                await store.dialer.feed(replace(_FEED, contacts=_named("a"), **other))  # type: ignore[arg-type]  # all text

        assert 0 == await store.dialer.waiting(TENANT, "Sales")

    async def test_the_same_feed_again_stores_nothing(self, open_store: OpenStore) -> None:
        """
        With its idempotency key it is told what it was told before, also after a restart; keys are a tenant's own.
        """
        once = replace(_FEED, contacts=_named("a", "b"), idempotency_key="batch-1")
        async with open_store() as store:
            await _campaign(store)
            await store.campaigns.add("Another", "Sales", lists=["March"], by=BY)
            both = await asyncio.gather(store.dialer.feed(once), store.dialer.feed(once))
            assert [2, 2] == list(both)

        async with open_store() as store:
            assert 2 == await store.dialer.feed(once)
            assert 1 == await store.dialer.feed(replace(once, contacts=_named("c"), tenant="Another"))
            assert 2 == await store.dialer.waiting(TENANT, "Sales")

    @pytest.mark.parametrize(
        "other",
        [{"contacts": _named("a")}, {"contacts": _named("a", "c")}, {"priority": 1}, {"data_source": "x"}],
        ids=str,
    )
    async def test_another_feed_with_its_key_is_refused(self, store: Store, other: dict[str, Any]) -> None:
        """
        To be told that it was stored, when it was not, would lose contacts.
        """
        once = replace(_FEED, contacts=_named("a", "b"), idempotency_key="batch-1")
        await _campaign(store)
        await store.dialer.feed(once)

        with pytest.raises(FeedConflict, match="'batch-1' was another feed's"):
            await store.dialer.feed(replace(once, **other))

        international = tuple(replace(each, phone_e164="+27821234567") for each in once.contacts)
        assert 2 == await store.dialer.feed(replace(once, contacts=international))
        assert 2 == await store.dialer.waiting(TENANT, "Sales")

    async def test_campaigns_are_told_as_they_were_made(self, open_store: OpenStore) -> None:
        """
        With their lists and their agents, by name.
        """
        async with open_store() as store:
            made = await store.campaigns.add(
                TENANT, "Support", lists=["B", "A"], labels=["Policy"], agents=["101-Euphoria", "100"], by=BY
            )
            await store.campaigns.add(TENANT, "Sales", by=BY)
            await store.campaigns.add_list(TENANT, "Sales", "March")
            await store.campaigns.add_list(TENANT, "Sales", "March")

        assert (("A", "B"), ("100", "101"), ("Policy", "", "", "", "")) == (
            made.lists,
            made.agents,
            made.labels,
        )
        async with open_store() as store:
            found = await store.campaigns.list(TENANT)
        assert [("Sales", ("March",)), ("Support", ("A", "B"))] == [(each.name, each.lists) for each in found]

    async def test_refuses_a_campaign_that_is_none(self, store: Store) -> None:
        """
        A name is taken once, and is one line; an extension is the tenant's own.
        """
        await _campaign(store)

        with pytest.raises(StoreError, match="'Sales' already"):
            await _campaign(store)
        for wrong in ({"name": " "}, {"lists": ["a\nb"]}, {"labels": ["x"] * 6}, {"agents": ["105-Another"]}):
            with pytest.raises(StoreError):
                await store.campaigns.add(TENANT, **({"name": "New", "by": BY} | wrong))
        with pytest.raises(NotFound, match="did you mean 'Sales'"):
            await store.campaigns.assign(TENANT, "Sale", "100")
        with pytest.raises(StoreError, match="no extension of the tenant"):
            await store.dialer.next_contact(TENANT, "100-Another")
        assert 1 == len(await store.campaigns.list(TENANT))
