"""
Dialer lists: contacts fed in whole feeds, and handed out one by one, each once.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson
from sqlalchemy import and_, case, func, insert, select, update

from webhook_engine.errors import StoreError
from webhook_engine.store import handed_out, tables
from webhook_engine.store.facts import CUSTOM, DialerContact, Feed, NewContact, extension_number
from webhook_engine.store.feeds import OWN, accepted, digest_of, list_of, values
from webhook_engine.store.work import finished, id_of, insert_rows

if TYPE_CHECKING:
    from sqlalchemy import Row, ScalarSelect, Select, Update

    from webhook_engine.store.database import Database

_contact, _feed, _agent = tables.dialer_contact, tables.feed, tables.campaign_agent
_CUSTOM: Final = tuple(f"custom{n}" for n in range(1, CUSTOM + 1))
_COLUMNS: Final = ("feed_id", "campaign_id", "priority", *OWN, *_CUSTOM)


class DialerContacts:
    """
    The contacts that wait to be dialled, of all tenants.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @finished
    async def feed(self, feed: Feed) -> int:
        """
        Store all contacts of a feed, or none.

        Returns:
            How many were accepted: now, or when the same idempotency key was first here.

        Raises:
            NotFound: The tenant has no such campaign, or that no such list.
            FeedConflict: Another feed of the tenant has its idempotency key.
        """
        digest = digest_of(feed)
        async with self._database.write(among=f"feed {feed.tenant} {feed.idempotency_key}") as connection:
            before = await accepted(connection, feed, digest)
            if before is not None:
                return before
            campaign, list_id, tenant = await list_of(connection, feed)
            made = await connection.execute(
                insert(_feed)
                .values(
                    tenant_id=tenant,
                    list_id=list_id,
                    data_source=feed.data_source,
                    accepted=len(feed.contacts),
                    fed_at=datetime.now(UTC),
                    idempotency_key=feed.idempotency_key,
                    digest=digest,
                )
                .returning(_feed.c.id)
            )
            common = (made.scalar_one(), campaign, feed.priority)
            rows = [(*common, *values(each), *each.custom) for each in feed.contacts]
            await insert_rows(connection, _contact, _COLUMNS, rows)
        return len(feed.contacts)

    @finished
    async def next_contact(
        self, tenant: str, agent: str, *, campaign: str | None = None
    ) -> DialerContact | None:
        """
        The contact that an agent dials next, handed to nobody else from now on.

        Those assigned to the agent come first, then those assigned to nobody; of these the ones of the
        highest priority, and of those the oldest. One that is assigned to another agent waits for that one.

        Args:
            agent: An extension, with or without its tenant.

            campaign: Only of this one; of all that the agent is assigned to where left out.

        Returns:
            None where there is nothing for this agent.

        Raises:
            StoreError: The extension is another tenant's.
        """
        number = _number(agent, tenant)
        async with self._database.write(among=f"next contact {tenant}") as connection:
            handed = (await connection.execute(_hand_out(tenant, number, campaign))).scalar_one_or_none()
            if handed is None:
                return None
            return _handed((await connection.execute(_whole(handed))).one(), tenant)

    @finished
    async def give_back(self, tenant: str, contact: int) -> bool:
        """
        Let a contact that was handed out and not dialled wait again, in its old place.

        Returns:
            False where no such contact of the tenant is out.
        """
        theirs = select(_feed.c.id).where(_feed.c.tenant_id == id_of(tenant))
        async with self._database.write(among=f"next contact {tenant}") as connection:
            given = await connection.execute(
                update(_contact)
                .where(
                    _contact.c.id == contact,
                    _contact.c.handed_at.is_not(None),
                    _contact.c.feed_id.in_(theirs),
                )
                .values(handed_at=None, handed_to=None)
            )
            return given.rowcount == 1

    @finished
    async def sweep(self, older_s: float, *, most: int = 50_000) -> int:
        """
        Forget contacts that were handed out so many seconds ago, a few at a time so that others are let in between,
        and what feeds of that age were: one that is sent again later is a new one. Who waits is never forgotten.

        Returns:
            How many contacts there were; *most* where there may be more.
        """
        return await handed_out.sweep(self._database, older_s=older_s, most=most)

    async def waiting(self, tenant: str, campaign: str) -> int:
        """
        How many contacts of a campaign nobody has been handed.
        """
        campaigns = tables.campaign
        ident = select(campaigns.c.id).where(
            campaigns.c.tenant_id == id_of(tenant), campaigns.c.name == campaign
        )
        async with self._database.read() as connection:
            found = await connection.execute(
                select(func.count()).where(
                    _contact.c.campaign_id == ident.scalar_subquery(), _contact.c.handed_at.is_(None)
                )
            )
            return int(found.scalar_one())


# --- Handing out -------------------------------------------------------------------------------------


def _hand_out(tenant: str, number: str, campaign: str | None) -> Update:
    """
    One look into the index for each campaign of the agent, however many contacts wait.
    """
    mine = and_(_agent.c.tenant_id == id_of(tenant), _agent.c.extension == number)
    if campaign is not None:
        campaigns = tables.campaign
        named = select(campaigns.c.id).where(
            campaigns.c.tenant_id == id_of(tenant), campaigns.c.name == campaign
        )
        mine = and_(mine, _agent.c.campaign_id == named.scalar_subquery())
    first = [
        select(_first(assigned).label("id")).select_from(_agent).where(mine) for assigned in (number, "")
    ]
    candidates = first[0].union_all(first[1]).subquery()
    chosen = (
        select(_contact.c.id)
        .where(_contact.c.id.in_(select(candidates.c.id)))
        .order_by(case((_contact.c.assigned_to == number, 0), else_=1), _contact.c.priority, _contact.c.id)
        .limit(1)
        .scalar_subquery()
    )
    return (
        update(_contact)
        .where(_contact.c.id == chosen, _contact.c.handed_at.is_(None))
        .values(handed_to=number, handed_at=datetime.now(UTC))
        .returning(_contact.c.id)
    )


def _first(assigned: str) -> ScalarSelect[int]:
    waiting = _contact.alias()
    return (
        select(waiting.c.id)
        .where(
            waiting.c.campaign_id == _agent.c.campaign_id,
            waiting.c.assigned_to == assigned,
            waiting.c.handed_at.is_(None),
        )
        .order_by(waiting.c.priority, waiting.c.id)
        .limit(1)
        .correlate(_agent)
        .scalar_subquery()
    )


def _whole(ident: int) -> Select[Any]:
    campaigns, lists = tables.campaign, tables.contact_list
    return (
        select(
            _contact,
            campaigns.c.name.label("campaign"),
            campaigns.c.labels,
            lists.c.name.label("list_name"),
            _feed.c.data_source,
            _feed.c.fed_at,
        )
        .join_from(_contact, _feed, _feed.c.id == _contact.c.feed_id)
        .join(lists, lists.c.id == _feed.c.list_id)
        .join(campaigns, campaigns.c.id == lists.c.campaign_id)
        .where(_contact.c.id == ident)
    )


def _handed(row: Row[Any], tenant: str) -> DialerContact:
    return DialerContact(
        id=row.id,
        tenant=tenant,
        campaign=row.campaign,
        list_name=row.list_name,
        priority=row.priority,
        data_source=row.data_source,
        labels=tuple(orjson.loads(row.labels)),
        contact=NewContact(
            **{name: getattr(row, name) for name in OWN},
            custom=tuple(getattr(row, name) for name in _CUSTOM),
        ),
        fed_at=row.fed_at,
        handed_to=row.handed_to,
        handed_at=row.handed_at,
    )


def _number(agent: str, tenant: str) -> str:
    number = extension_number(agent, tenant)
    if not number:
        raise StoreError(f"{agent[:40]!r} is no extension of the tenant {tenant!r}")
    return number
