"""
Campaigns, their lists, and the extensions that dial for them.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson
from sqlalchemy import delete, insert, select

from webhook_engine.errors import NotFound, StoreError
from webhook_engine.store import tables
from webhook_engine.store.facts import CUSTOM, Campaign, extension_number
from webhook_engine.store.work import finished, id_of, tenant_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from webhook_engine.store.changes import Changes
    from webhook_engine.store.database import Database

NAME_LIMIT: Final = 200
"""Characters in the name of a campaign, of a list, and in a label."""

_table = tables.campaign


class Campaigns:
    """
    The campaigns of all tenants.
    """

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    @finished
    async def add(
        self,
        tenant: str,
        name: str,
        *,
        lists: Sequence[str] = (),
        labels: Sequence[str] = (),
        agents: Sequence[str] = (),
        by: str,
    ) -> Campaign:
        """
        A new campaign.

        Args:
            labels: What its custom values are called, five at most.

            agents: Extensions that dial for it.

        Raises:
            StoreError: The name is taken, or something cannot be a name.
        """
        for text in (name, *lists):
            _check(text)
        if len(labels) > CUSTOM:
            raise StoreError(f"a campaign has {CUSTOM} custom labels, and these are {len(labels)}")
        all_labels = (*labels, *[""] * (CUSTOM - len(labels)))
        for text in filter(None, all_labels):
            _check(text)
        numbers = [_number(each, tenant) for each in agents]
        async with self._database.write() as connection:
            row = await tenant_row(connection, tenant)
            if (await connection.execute(_one(tenant, name))).first() is not None:
                raise StoreError(f"there is a campaign {name!r} already")
            made = await connection.execute(
                insert(_table)
                .values(
                    tenant_id=row.id,
                    name=name,
                    labels=orjson.dumps(all_labels).decode(),
                    created_by=by,
                    created_at=datetime.now(UTC),
                )
                .returning(_table.c.id)
            )
            ident = made.scalar_one()
            await _add_lists(connection, ident, dict.fromkeys(lists))
            await _add_agents(connection, row.id, ident, dict.fromkeys(numbers))
        if row.is_renamed:
            await self._changes.catch_up()
        return await self.get(tenant, name)

    @finished
    async def add_list(self, tenant: str, campaign: str, name: str) -> None:
        """
        A list of a campaign; nothing where it has it already.

        Raises:
            NotFound: There is no such campaign.
        """
        _check(name)
        async with self._database.write() as connection:
            ident = await self._id(connection, tenant, campaign)
            known = select(tables.contact_list.c.name).where(tables.contact_list.c.campaign_id == ident)
            if name not in (await connection.execute(known)).scalars().all():
                await _add_lists(connection, ident, [name])

    @finished
    async def assign(self, tenant: str, campaign: str, extension: str) -> None:
        """
        Let an extension dial for a campaign, beginning with the contacts that waited for it.

        Raises:
            NotFound: There is no such campaign.
            StoreError: The extension is another tenant's.
        """
        number = _number(extension, tenant)
        async with self._database.write() as connection:
            ident = await self._id(connection, tenant, campaign)
            row = await tenant_row(connection, tenant)
            agents = tables.campaign_agent
            known = select(agents.c.extension).where(
                agents.c.tenant_id == row.id, agents.c.campaign_id == ident
            )
            if number not in (await connection.execute(known)).scalars().all():
                await _add_agents(connection, row.id, ident, [number])

    @finished
    async def unassign(self, tenant: str, campaign: str, extension: str) -> None:
        """
        Hand out no more of a campaign's contacts to an extension.

        Raises:
            NotFound: There is no such campaign.
            StoreError: The extension is another tenant's.
        """
        number = _number(extension, tenant)
        agents = tables.campaign_agent
        async with self._database.write() as connection:
            ident = await self._id(connection, tenant, campaign)
            await connection.execute(
                delete(agents).where(
                    agents.c.tenant_id == id_of(tenant),
                    agents.c.campaign_id == ident,
                    agents.c.extension == number,
                )
            )

    async def get(self, tenant: str, name: str) -> Campaign:
        """
        Raises:
            NotFound: There is no such campaign.
        """
        found = await self.list(tenant)
        for each in found:
            if each.name == name:
                return each
        raise NotFound("campaign", name, known=[each.name for each in found])

    async def list(self, tenant: str) -> tuple[Campaign, ...]:
        """
        The tenant's campaigns by name.
        """
        lists, agents = tables.contact_list, tables.campaign_agent
        mine = select(_table.c.id).where(_table.c.tenant_id == id_of(tenant))
        async with self._database.read() as connection:
            campaigns = (
                await connection.execute(
                    select(_table).where(_table.c.tenant_id == id_of(tenant)).order_by(_table.c.name)
                )
            ).all()
            named = await _grouped(
                connection, select(lists.c.campaign_id, lists.c.name).where(lists.c.campaign_id.in_(mine))
            )
            dialling = await _grouped(
                connection,
                select(agents.c.campaign_id, agents.c.extension).where(agents.c.campaign_id.in_(mine)),
            )
        return tuple(
            Campaign(
                name=row.name,
                labels=tuple(orjson.loads(row.labels)),
                lists=tuple(sorted(named[row.id])),
                agents=tuple(sorted(dialling[row.id])),
            )
            for row in campaigns
        )

    async def _id(self, connection: AsyncConnection, tenant: str, name: str) -> int:
        found = (await connection.execute(_one(tenant, name))).scalar_one_or_none()
        if found is None:
            known = select(_table.c.name).where(_table.c.tenant_id == id_of(tenant))
            raise NotFound("campaign", name, known=(await connection.execute(known)).scalars().all())
        return int(found)


def _one(tenant: str, name: str) -> Select[Any]:
    return select(_table.c.id).where(_table.c.tenant_id == id_of(tenant), _table.c.name == name)


async def _grouped(connection: AsyncConnection, pairs: Select[Any]) -> defaultdict[int, list[str]]:
    found: defaultdict[int, list[str]] = defaultdict(list)
    for campaign, name in await connection.execute(pairs):
        found[campaign].append(name)
    return found


async def _add_lists(connection: AsyncConnection, campaign: int, names: Any) -> None:
    rows = [{"campaign_id": campaign, "name": each} for each in names]
    if rows:
        await connection.execute(insert(tables.contact_list), rows)


async def _add_agents(connection: AsyncConnection, tenant: int, campaign: int, numbers: Any) -> None:
    rows = [{"tenant_id": tenant, "campaign_id": campaign, "extension": each} for each in numbers]
    if rows:
        await connection.execute(insert(tables.campaign_agent), rows)


def _number(extension: str, tenant: str) -> str:
    number = extension_number(extension, tenant)
    if not number:
        raise StoreError(f"{extension[:40]!r} is no extension of the tenant {tenant!r}")
    _check(number)
    return number


def _check(text: str) -> None:
    if not text.strip() or text != text.strip() or len(text) > NAME_LIMIT or not text.isprintable():
        raise StoreError(
            f"{text[:40]!r} is no name for a campaign, a list or a label: "
            f"one line of at most {NAME_LIMIT} characters"
        )
