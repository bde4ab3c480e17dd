"""
The address book of each tenant.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, insert, or_, select

from webhook_engine.errors import NotFound
from webhook_engine.store import tables
from webhook_engine.store.facts import Contact
from webhook_engine.store.work import finished, id_of, tenant_row

if TYPE_CHECKING:
    from webhook_engine.store.changes import Changes
    from webhook_engine.store.database import Database

_table = tables.contact
_SEARCHED: Final = (_table.c.first_name, _table.c.surname, _table.c.company, _table.c.phone, _table.c.email)


class Contacts:
    """
    The contacts of all tenants.
    """

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    @finished
    async def add(self, tenant: str, contact: Contact) -> Contact:
        """
        Store a contact.

        Returns:
            The same with its number, which no other contact ever has.
        """
        async with self._database.write() as connection:
            row = await tenant_row(connection, tenant)
            made = await connection.execute(
                insert(_table)
                .values(
                    tenant_id=row.id,
                    first_name=contact.first_name,
                    surname=contact.surname,
                    company=contact.company,
                    phone=contact.phone,
                    email=contact.email,
                )
                .returning(_table.c.id)
            )
            ident = made.scalar_one()
        if row.is_renamed:
            await self._changes.catch_up()
        return replace(contact, id=ident)

    @finished
    async def remove(self, tenant: str, contact: int) -> None:
        """
        Raises:
            NotFound: The tenant has no such contact.
        """
        async with self._database.write() as connection:
            gone = await connection.execute(
                delete(_table).where(_table.c.tenant_id == id_of(tenant), _table.c.id == contact)
            )
        if not gone.rowcount:
            raise NotFound("contact", str(contact))

    async def list(
        self, tenant: str, *, search: str = "", limit: int = 1_000, skip: int = 0
    ) -> tuple[Contact, ...]:
        """
        The tenant's contacts in the order in which they came.

        Args:
            search: Part of a name, a company, a number or an address, in any case.

            skip: How many to leave out at the beginning.
        """
        wanted = select(_table).where(_table.c.tenant_id == id_of(tenant))
        if search:
            wanted = wanted.where(or_(*(each.icontains(search, autoescape=True) for each in _SEARCHED)))
        async with self._database.read() as connection:
            rows = await connection.execute(wanted.order_by(_table.c.id).limit(limit).offset(skip))
            return tuple(
                Contact(
                    id=row.id,
                    first_name=row.first_name,
                    surname=row.surname,
                    company=row.company,
                    phone=row.phone,
                    email=row.email,
                )
                for row in rows
            )
